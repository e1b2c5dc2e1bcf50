import { RetentionDays } from "aws-cdk-lib/aws-logs";
import { defaultOperations } from "./operations.ts";
import { defaultTokenLifetimes, type Stage } from "./stage.ts";

/** For development on AWS: no customer's data, and nothing that is kept. */
const dev: Stage = {
  name: "dev",
  production: false,
  publicUrl: "execute-api",
  // `{ partnerAccessSeconds: "never", userAccessSeconds: "never" }` makes access tokens that never expire; only dev may.
  tokenLifetimes: defaultTokenLifetimes,
  publicClients: ["web"],
  administratorsNeedSecondFactor: false,
  corsOrigins: [],
  logRetention: RetentionDays.ONE_MONTH,
  logLevel: "DEBUG",
  operations: defaultOperations,
  removalPolicy: "destroy",
  deletionProtection: false,
  pointInTimeRecovery: true,
  waf: false,
  throttle: { rateLimitPerSecond: 50, burstLimit: 100 },
};

export default dev;
