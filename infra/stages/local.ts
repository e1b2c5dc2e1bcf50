import { RetentionDays } from "aws-cdk-lib/aws-logs";
import dev from "./dev.ts";
import type { Stage } from "./stage.ts";

/** The stage that `npm start` runs on one machine: production's rules, nothing that is kept. */
const local: Stage = {
  ...dev,
  name: "local",
  publicUrl: "parameter",
  identityProvider: "parameter",
  webhooksToPrivateAddresses: true,
  logRetention: RetentionDays.ONE_WEEK,
  logLevel: "INFO",
  // No program on one machine reaches them.
  partnerLimits: { requestsPerSecond: 5000, burst: 50_000, requestsPerMonth: 999_999_999 },
  throttle: { rateLimitPerSecond: 10_000, burstLimit: 5000 },
};

export default local;
