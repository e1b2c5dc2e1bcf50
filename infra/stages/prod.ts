import { RetentionDays } from "aws-cdk-lib/aws-logs";
import { defaultOperations } from "./operations.ts";
import { defaultPartnerLimits, defaultSessionLimits, defaultTokenLifetimes, fillIn, type Stage } from "./stage.ts";

/** Production. Replace every `fillIn` before a deployment. docs/deploying.md explains each setting. */
const prod: Stage = {
  name: "prod",
  production: true,
  // The AWS account and Region, for example "123456789012" and "eu-central-1".
  account: fillIn,
  region: fillIn,
  // The GitHub repository whose workflow may deploy this stage:
  // repository: "your-company/portico",
  // The issuer of every token, for example "https://api.example.com". Choose it for good: a change ends all tokens.
  publicUrl: fillIn,
  // With a zone of Route 53 the deployment makes certificate, domain name and DNS record of that URL:
  // hostedZone: { id: "Z0123456789ABCDEFGHIJ", name: "example.com" },
  // Alarms: an e-mail address, or a phone number such as "+4915112345678". The budget is for the whole account.
  operations: { ...defaultOperations, monthlyBudgetDollars: 1000, alarms: { page: fillIn, ticket: fillIn } },
  // People who sign in at your identity provider exchange its tokens for sessions:
  // identityProvider: {
  //   issuer: "https://id.example.com",
  //   audience: "portico",
  //   algorithms: ["RS256"],
  //   jwksUri: "https://id.example.com/.well-known/jwks.json",
  // },
  tokenLifetimes: defaultTokenLifetimes,
  sessions: defaultSessionLimits,
  publicClients: ["web"],
  administratorsNeedSecondFactor: true,
  // Pages of other origins that may call the API, for example ["https://console.example.com"].
  corsOrigins: [],
  webhooksToPrivateAddresses: false,
  logRetention: RetentionDays.ONE_YEAR,
  logLevel: "INFO",
  removalPolicy: "retain",
  deletionProtection: true,
  pointInTimeRecovery: true,
  waf: true,
  canary: { percent: 10, minutes: 15 },
  partnerLimits: defaultPartnerLimits,
  throttle: { rateLimitPerSecond: 500, burstLimit: 1000 },
};

export default prod;
