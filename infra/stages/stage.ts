/** Every setting in which the deployments differ, as one typed value each. Nothing else may ask for a stage's name. */

import { RetentionDays } from "aws-cdk-lib/aws-logs";
import { defaultOperations, operationsContradictions, operationsFrom, type OperationsSettings } from "./operations.ts";

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
  /** Where its public keys are (RFC 7517). */
  readonly jwksUri: string;
}

export interface Stage {
  readonly name: string;
  /** Handles real customers' data: `validateStage` then insists on its protection. */
  readonly production: boolean;
  /**
   * Where callers reach the API: API Gateway's own URL, a domain of the company's (which its DNS and an API Gateway domain
   * name lead here), or a parameter of the API stack.
   */
  readonly publicUrl: "execute-api" | "parameter" | `https://${string}`;
  readonly tokenLifetimes: TokenLifetimes;
  /** Client ids of the public clients by which people sign in (RFC 6749 §2.1); the first one is that of `POST /v1/auth/login`. */
  readonly publicClients: readonly string[];
  /** None switches token exchange off; `parameter` takes issuer and JWKS URI from parameters of the API stack. */
  readonly identityProvider?: IdentityProvider | "parameter";
  /** Origins whose pages may call the API from a browser; none switches CORS off. */
  readonly corsOrigins: readonly string[];
  readonly logRetention: RetentionDays;
  readonly logLevel: "DEBUG" | "INFO" | "WARN" | "ERROR";
  readonly operations: OperationsSettings;
  /** What becomes of data and logs when their stack is deleted. */
  readonly removalPolicy: "retain" | "destroy";
  readonly deletionProtection: boolean;
  readonly pointInTimeRecovery: boolean;
  /** AWS WAF before the API. */
  readonly waf: boolean;
  /** Of all callers together. */
  readonly throttle: { readonly rateLimitPerSecond: number; readonly burstLimit: number };
}

const productionLifetimes: TokenLifetimes = { partnerAccessSeconds: 3600, userAccessSeconds: 900 };

export const dev: Stage = {
  name: "dev",
  production: false,
  publicUrl: "execute-api",
  tokenLifetimes: productionLifetimes,
  publicClients: ["web"],
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

export const prod: Stage = {
  name: "prod",
  production: true,
  publicUrl: "execute-api",
  tokenLifetimes: productionLifetimes,
  publicClients: ["web"],
  corsOrigins: [],
  logRetention: RetentionDays.ONE_YEAR,
  logLevel: "INFO",
  operations: { ...defaultOperations, monthlyBudgetDollars: 1000 },
  removalPolicy: "retain",
  deletionProtection: true,
  pointInTimeRecovery: true,
  waf: true,
  throttle: { rateLimitPerSecond: 500, burstLimit: 1000 },
};

/** The stage that `npm start` runs on one machine: production's rules, nothing that has to be kept. */
export const local: Stage = {
  ...dev,
  name: "local",
  publicUrl: "parameter",
  identityProvider: "parameter",
  logRetention: RetentionDays.ONE_WEEK,
  logLevel: "INFO",
  throttle: { rateLimitPerSecond: 10_000, burstLimit: 5000 },
};

export const stages: readonly Stage[] = [dev, prod, local];

/**
 * Refuses a stage whose settings contradict each other or the contract.
 *
 * @throws Error naming the stage and every contradiction, in one line
 */
export function validateStage(stage: Stage): void {
  const { partnerAccessSeconds, userAccessSeconds } = stage.tokenLifetimes;
  const neverExpires = partnerAccessSeconds === "never" || userAccessSeconds === "never";
  const contradictions = [
    neverExpires && stage.name !== "dev" && "tokens that never expire are for the dev stage only",
    ![partnerAccessSeconds, userAccessSeconds].every((seconds) => seconds === "never" || isPositiveInteger(seconds)) &&
      "a token lifetime is a positive whole number of seconds",
    stage.removalPolicy === "destroy" &&
      stage.deletionProtection &&
      "what is protected cannot be destroyed with its stack",
    /^https:.*\/$/.test(stage.publicUrl) && "the public URL must not end with a slash",
    stage.publicClients.length === 0 && "people sign in by a public client, so there must be one",
    !stage.publicClients.every((client) => /^[\x21-\x7e]{1,100}$/.test(client)) &&
      "a client id has 1 to 100 visible ASCII characters",
    ...identityProviderContradictions(stage.identityProvider),
    ...operationsContradictions(stage.operations),
    stage.corsOrigins.some((origin) => origin !== "*" && !isOrigin(origin)) &&
      "an origin is a scheme and a host, such as https://console.example.com",
    stage.throttle.rateLimitPerSecond <= 0 && "a rate limit of zero refuses every call",
    ...(stage.production ? productionContradictions(stage) : []),
  ].filter((contradiction) => contradiction !== false);
  if (contradictions.length > 0) throw new Error(`stage ${stage.name}: ${contradictions.join("; ")}`);
}

/** Signed by whoever knows the verifier's own key, or by nobody: neither proves an identity. */
const asymmetricAlgorithms = /^(EdDSA|Ed25519|(RS|PS|ES)(256|384|512))$/;

function identityProviderContradictions(provider: Stage["identityProvider"]): readonly (string | false)[] {
  if (provider === undefined || provider === "parameter") return [];
  return [
    !/^https:\/\/\S+$/.test(provider.issuer) && "the identity provider's issuer is an https URL",
    !/^https:\/\/\S+$/.test(provider.jwksUri) && "the identity provider's JWKS URI is an https URL",
    provider.audience === "" && "the identity provider's tokens need an audience",
    (provider.algorithms.length === 0 || !provider.algorithms.every((name) => asymmetricAlgorithms.test(name))) &&
      "the identity provider signs with asymmetric algorithms only",
  ];
}

function productionContradictions(stage: Stage): readonly (string | false)[] {
  return [
    !stage.deletionProtection && "production needs deletion protection",
    !stage.pointInTimeRecovery && "production needs point-in-time recovery",
    stage.removalPolicy !== "retain" && "production keeps its data when a stack is deleted",
    !stage.waf && "production needs the web application firewall",
    stage.logLevel === "DEBUG" && "production does not log at DEBUG",
    stage.publicUrl === "parameter" && "production's URL is not a parameter",
    stage.identityProvider === "parameter" && "production's identity provider is not a parameter",
    stage.corsOrigins.some((origin) => !origin.startsWith("https://")) &&
      "production lists its origins one by one, and each is https",
  ];
}

function isPositiveInteger(value: number): boolean {
  return Number.isInteger(value) && value > 0;
}

function isOrigin(value: string): boolean {
  return URL.canParse(value) && new URL(value).origin === value;
}

/**
 * The stage that CDK's context chooses, checked.
 *
 * @param context reads one context value: `stage` (default `dev`), `tokensNeverExpire` (`true`), `publicUrl`, `pageAddress`
 *   and `ticketAddress`, and for an identity provider `idpIssuer`, `idpAudience`, `idpJwksUri`, `idpAlgorithms` (separated by commas, default RS256)
 * @throws Error for an unknown stage or a contradiction, in one line
 * @example
 * cdk synth -c stage=prod -c pageAddress=+4915112345678 -c ticketAddress=operations@example.com
 */
export function stageFrom(context: (key: string) => unknown): Stage {
  const name = context("stage") ?? dev.name;
  const base = stages.find((stage) => stage.name === name);
  if (!base) {
    throw new Error(
      `unknown stage ${JSON.stringify(name)}: choose one of ${stages.map((stage) => stage.name).join(", ")}`,
    );
  }
  const url = text(context, "publicUrl", /^https:\/\/\S+$/);
  const neverExpire = text(context, "tokensNeverExpire", /^(true|false)$/) === "true";
  const stage: Stage = {
    ...base,
    operations: operationsFrom(base.operations, (key, form) => text(context, key, form)),
    ...(url !== undefined && { publicUrl: url as `https://${string}` }),
    ...identityProviderFrom(context),
    ...(neverExpire && { tokenLifetimes: { partnerAccessSeconds: "never", userAccessSeconds: "never" } }),
  };
  validateStage(stage);
  return stage;
}

function identityProviderFrom(context: (key: string) => unknown): { readonly identityProvider?: IdentityProvider } {
  const [issuer, audience, jwksUri] = ["idpIssuer", "idpAudience", "idpJwksUri"].map((key) =>
    text(context, key, /^\S+$/),
  );
  const algorithms = text(context, "idpAlgorithms", /^[A-Za-z0-9,]+$/) ?? "RS256";
  if (issuer === undefined && audience === undefined && jwksUri === undefined) return {};
  if (issuer === undefined || audience === undefined || jwksUri === undefined) {
    throw new Error("an identity provider needs idpIssuer, idpAudience and idpJwksUri together");
  }
  return { identityProvider: { issuer, audience, jwksUri, algorithms: algorithms.split(",") } };
}

function text(context: (key: string) => unknown, key: string, form: RegExp): string | undefined {
  const value = context(key);
  if (value === undefined) return undefined;
  // `cdk.json` may say `true`; `-c` always gives text.
  if (!form.test(String(value))) throw new Error(`context ${key}=${String(value)} is not of the form ${form.source}`);
  return String(value);
}
