/** The settings in which deployments differ, as one typed value per stage. Nothing else may ask for a stage's name. */
import type { RetentionDays } from "aws-cdk-lib/aws-logs";
import type { OperationsSettings } from "./operations.ts";

/** How long access tokens live. */
export interface TokenLifetimes {
  readonly partnerAccessSeconds: number | "never";
  readonly userAccessSeconds: number | "never";
}

/** The external identity provider whose JWTs are exchanged for sessions (RFC 8693). */
export interface IdentityProvider {
  /** `iss` of its tokens. */
  readonly issuer: string;
  /** `aud` that its tokens for Portico carry. */
  readonly audience: string;
  /** JWS algorithms (RFC 7518 §3.1) that it signs with; asymmetric ones only. */
  readonly algorithms: readonly string[];
  /** URL of its public keys (RFC 7517). */
  readonly jwksUri: string;
}

/** A public hosted zone of Route 53 in the account of the stage. */
export interface HostedZone {
  /** For example `Z0123456789ABCDEFGHIJ`. */
  readonly id: string;
  /** For example `example.com`. */
  readonly name: string;
}

export interface Stage {
  readonly name: string;
  /** Handles real customers' data: `validateStage` then insists on its protection. */
  readonly production: boolean;
  /** AWS account and Region that the stage is deployed to. `npm run deploy` refuses credentials of any other. */
  readonly account?: string;
  readonly region?: string;
  /** GitHub repository, `owner/name`, whose workflow deploys the stage; absent where no workflow may. */
  readonly repository?: string;
  /**
   * URL at which callers reach the API, without a slash at the end: API Gateway's own, one of the company's, or a parameter of
   * the API stack. It is the issuer and the audience of every token, so a change ends all tokens.
   */
  readonly publicUrl: "execute-api" | "parameter" | `https://${string}`;
  /**
   * The hosted zone in which the API stack makes the certificate, the domain name and the DNS record of `publicUrl`. Without it,
   * the company makes them itself.
   */
  readonly hostedZone?: HostedZone;
  readonly tokenLifetimes: TokenLifetimes;
  /** Client ids of the public clients with which people sign in (RFC 6749 §2.1); `POST /v1/auth/login` uses the first one. */
  readonly publicClients: readonly string[];
  /**
   * Administrators, root included, may do nothing but enrol a second factor while they have none. Whoever signs in at the identity
   * provider must have used one there: its token says `mfa` in `amr` (RFC 8176).
   */
  readonly administratorsNeedSecondFactor: boolean;
  /** Absent: no token exchange. `parameter` takes issuer and JWKS URI from parameters of the API stack. */
  readonly identityProvider?: IdentityProvider | "parameter";
  /** Origins whose pages may call the API from a browser; an empty list switches CORS off. */
  readonly corsOrigins: readonly string[];
  readonly logRetention: RetentionDays;
  readonly logLevel: "DEBUG" | "INFO" | "WARN" | "ERROR";
  readonly operations: OperationsSettings;
  /** What happens to data and logs when their stack is deleted. */
  readonly removalPolicy: "retain" | "destroy";
  readonly deletionProtection: boolean;
  readonly pointInTimeRecovery: boolean;
  /** AWS WAF before the API. */
  readonly waf: boolean;
  /**
   * A new release first serves a share of the traffic, and all of it when no alarm has rung for some time. Absent: it serves all
   * of it at once.
   */
  readonly canary?: { readonly percent: number; readonly minutes: number };
  /** Of all callers together. */
  readonly throttle: { readonly rateLimitPerSecond: number; readonly burstLimit: number };
}

export const defaultTokenLifetimes: TokenLifetimes = { partnerAccessSeconds: 3600, userAccessSeconds: 900 };

/**
 * Stands for a value that only the company knows. It fits every type, so that a stage file compiles before it is filled in;
 * `validateStage` refuses the stage until then.
 */
export const fillIn = "FILL-IN" as never;

/** Whether a public URL is one of the company's own. */
export function isUrl(publicUrl: Stage["publicUrl"]): publicUrl is `https://${string}` {
  return publicUrl !== "execute-api" && publicUrl !== "parameter";
}
