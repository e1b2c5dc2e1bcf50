/** The settings of a deployment, as one typed value per stage. No other code may depend on the name of a stage. */
import type { RetentionDays } from "aws-cdk-lib/aws-logs";
import type { PartnerLimits } from "../../shared/domain/limits.ts";
import type { Copies } from "./copies.ts";
import type { OperationsSettings } from "./operations.ts";

/** Lifetimes of access tokens. */
export interface TokenLifetimes {
  readonly partnerAccessSeconds: number | "never";
  readonly userAccessSeconds: number | "never";
}

/** How long sessions of users last, and how many a user has. */
export interface SessionLimits {
  /** The maximum age of a session, however often it is refreshed. */
  readonly maxAgeSeconds: number;
  /** The maximum age of an administrator's session. */
  readonly administratorMaxAgeSeconds: number;
  /** The maximum number of sessions that a user has at once; one more ends the one that was used least recently. */
  readonly maxPerUser: number;
}

/** The external identity provider whose JWTs are exchanged for sessions (RFC 8693). */
export interface IdentityProvider {
  /** `iss` of its tokens. */
  readonly issuer: string;
  /** `aud` of its tokens for Portico. */
  readonly audience: string;
  /** Asymmetric JWS algorithms of its signatures (RFC 7518 §3.1). */
  readonly algorithms: readonly string[];
  /** URL of its public keys (RFC 7517). */
  readonly jwksUri: string;
}

/** A public hosted zone of Route 53 in the stage's account. */
export interface HostedZone {
  /** For example `Z0123456789ABCDEFGHIJ`. */
  readonly id: string;
  /** For example `example.com`. */
  readonly name: string;
}

export interface Stage {
  readonly name: string;
  /** Whether the stage has customers' data. `validateStage` then requires its protection. */
  readonly production: boolean;
  /** AWS account and Region that the stage is deployed to. `npm run deploy` refuses credentials of a different account. */
  readonly account?: string;
  readonly region?: string;
  /** GitHub repository, `owner/name`, whose workflow deploys the stage. Absent: no workflow may deploy it. */
  readonly repository?: string;
  /**
   * Base URL of the API, without a slash at the end: API Gateway's own, the company's, or a parameter of the API
   * stack. It is the issuer and audience of every token, so a change ends all tokens.
   */
  readonly publicUrl: "execute-api" | "parameter" | `https://${string}`;
  /**
   * The hosted zone in which the API stack creates the certificate, the domain name and the DNS record of
   * `publicUrl`. Absent: the company creates them.
   */
  readonly hostedZone?: HostedZone;
  readonly tokenLifetimes: TokenLifetimes;
  readonly sessions: SessionLimits;
  /** The cut-off, RFC 3339 in whole seconds of UTC: no token or session that began before it is valid. A restore sets it. */
  readonly tokensFrom?: string;
  /**
   * Name of a restored table, which all functions and alarms use in place of the table of the data stack. It needs a new
   * `tokensFrom`. See `docs/restore.md`.
   */
  readonly restoredTable?: string;
  /** ARN of the restored table's stream, which `npm run restore -- prepare` enables and prints. */
  readonly restoredStream?: string;
  /** Ids of the public clients that people sign in with (RFC 6749 §2.1). `POST /v1/auth/login` uses the first one. */
  readonly publicClients: readonly string[];
  /**
   * Whether administrators, including root, must enrol a second factor before they may do anything else. An administrator of
   * the identity provider must have used one there: the token has `mfa` in `amr` (RFC 8176).
   */
  readonly administratorsNeedSecondFactor: boolean;
  /** Absent: no token exchange. `parameter`: issuer and JWKS URI are parameters of the API stack. */
  readonly identityProvider?: IdentityProvider | "parameter";
  /** Origins whose pages may call the API. An empty list disables CORS. */
  readonly corsOrigins: readonly string[];
  /** Whether webhooks may go to private addresses. Only a stage on one machine sets it: see `docs/security.md`. */
  readonly webhooksToPrivateAddresses: boolean;
  readonly logRetention: RetentionDays;
  readonly logLevel: "DEBUG" | "INFO" | "WARN" | "ERROR";
  readonly operations: OperationsSettings;
  /** Removal policy of data and logs. */
  readonly removalPolicy: "retain" | "destroy";
  readonly deletionProtection: boolean;
  readonly pointInTimeRecovery: boolean;
  /** Copies in other accounts and Regions. Absent: none. Their costs are in `docs/costs.md`. */
  readonly copies?: Copies;
  /** Whether AWS WAF protects the API. */
  readonly waf: boolean;
  /**
   * A new release first gets a share of the traffic, and all traffic when no alarm rings for some time. Absent: it
   * gets all traffic at once.
   */
  readonly canary?: { readonly percent: number; readonly minutes: number };
  /** What each partner may call, unless an administrator gives it limits of its own. */
  readonly partnerLimits: PartnerLimits;
  /** Limits for all callers together. */
  readonly throttle: { readonly rateLimitPerSecond: number; readonly burstLimit: number };
}

export const defaultTokenLifetimes: TokenLifetimes = { partnerAccessSeconds: 3600, userAccessSeconds: 900 };

/** 30 days and 12 hours are the reauthentication times of NIST SP 800-63B for its assurance levels 1 and 2. */
export const defaultSessionLimits: SessionLimits = {
  maxAgeSeconds: 30 * 24 * 60 * 60,
  administratorMaxAgeSeconds: 12 * 60 * 60,
  maxPerUser: 20,
};

/** A tenth of production's throttle: no partner uses up what belongs to all. */
export const defaultPartnerLimits: PartnerLimits = {
  requestsPerSecond: 50,
  burst: 500,
  requestsPerMonth: 5_000_000,
};

/**
 * Placeholder for a value that only the company knows. It fits every type, so that an incomplete stage file compiles.
 * `validateStage` refuses the stage.
 */
export const fillIn = "FILL-IN" as never;

/** The cut-off of a stage in seconds of the epoch; undefined without one. */
export function tokensFromOf({ tokensFrom }: Stage): number | undefined {
  return tokensFrom === undefined ? undefined : Date.parse(tokensFrom) / 1000;
}

/** Whether a public URL is the company's own. */
export function isUrl(publicUrl: Stage["publicUrl"]): publicUrl is `https://${string}` {
  return publicUrl !== "execute-api" && publicUrl !== "parameter";
}
