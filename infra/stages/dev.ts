import { RetentionDays } from "aws-cdk-lib/aws-logs";
import { defaultOperations } from "./operations.ts";
import { defaultSessionLimits, defaultTokenLifetimes, type Stage } from "./stage.ts";

/** For development on AWS, without customers' data. Nothing is retained. */
const dev: Stage = {
  name: "dev",
  production: false,
  publicUrl: "execute-api",
  // `{ partnerAccessSeconds: "never", userAccessSeconds: "never" }` creates access tokens that never expire. Only dev may set it.
  tokenLifetimes: defaultTokenLifetimes,
  sessions: defaultSessionLimits,
  publicClients: ["web"],
  administratorsNeedSecondFactor: false,
  corsOrigins: [],
  webhooksToPrivateAddresses: false,
  logRetention: RetentionDays.ONE_MONTH,
  logLevel: "DEBUG",
  operations: defaultOperations,
  removalPolicy: "destroy",
  deletionProtection: false,
  pointInTimeRecovery: true,
  waf: false,
  partnerLimits: { requestsPerSecond: 25, burst: 100, requestsPerMonth: 1_000_000 },
  throttle: { rateLimitPerSecond: 50, burstLimit: 100 },
};

export default dev;
