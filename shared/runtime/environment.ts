/**
 * The environment of every function as one schema. CDK sets the variables from its type, so a missing one is a compile error.
 * Each function parses them at start; the error names a wrong variable but not its value.
 */
import * as z from "zod";
import type { PartnerLimits } from "../domain/limits.ts";

/** The secrets that an operation can declare, with the variable for the ARN of each. */
export const secretVariables = {
  signingKeys: "SIGNING_KEYS_SECRET",
  clientSecretKey: "CLIENT_SECRET_KEY_SECRET",
  cursorKey: "CURSOR_KEY_SECRET",
  refreshTokenKey: "REFRESH_TOKEN_KEY_SECRET",
  couponCodeKey: "COUPON_CODE_KEY_SECRET",
  secondFactorKey: "SECOND_FACTOR_KEY_SECRET",
  webhookKey: "WEBHOOK_KEY_SECRET",
  rootSignIn: "ROOT_SIGN_IN_SECRET",
  syntheticPartner: "SYNTHETIC_PARTNER_SECRET",
} as const;
export type SecretName = keyof typeof secretVariables;

// Every function builds these at each cold start, so variables of one form share one schema.
const text = z.string().min(1);
const optionalText = text.optional();
const url = z.url();
const optionalUrl = url.optional();
const flag = z.enum(["true", "false"]);

const lifetime = z
  .union([z.literal("never"), z.string().regex(/^[1-9][0-9]{0,8}$/)])
  .transform((value) => (value === "never" ? undefined : Number(value)));

const count = z
  .string()
  .regex(/^[1-9][0-9]{0,8}$/)
  .transform(Number);

const environmentSchema = z.object({
  /** `dev`, `prod`, `local`. */
  STAGE: text,
  /** The release, for functions that API Gateway does not invoke; the others get it with each request. */
  VERSION: optionalText,
  /** The URL of the API without a trailing slash: issuer, audience and base of the problem types. */
  PUBLIC_URL: url.regex(/[^/]$/),
  TABLE_NAME: text,
  /** Allowed CORS origins, separated by spaces; empty for none. */
  ALLOWED_ORIGINS: z.string(),
  LOG_LEVEL: z.enum(["DEBUG", "INFO", "WARN", "ERROR"]),
  /** Lifetime of a partner's access token in whole seconds, or `never`. */
  PARTNER_TOKEN_SECONDS: lifetime,
  /** Lifetime of a user's access token in whole seconds, or `never`. */
  USER_TOKEN_SECONDS: lifetime,
  /** The maximum age of a session in whole seconds, however often it is refreshed. */
  SESSION_SECONDS: count,
  /** The maximum age of an administrator's session in whole seconds. */
  ADMINISTRATOR_SESSION_SECONDS: count,
  /** The maximum number of sessions that a user has at once. */
  MAX_SESSIONS: count,
  /** What a partner without limits of its own may call: tokens a second, tokens at once, calls a month. */
  PARTNER_REQUESTS_PER_SECOND: count,
  PARTNER_BURST: count,
  PARTNER_REQUESTS_PER_MONTH: count,
  /** The cut-off, in seconds of the epoch: no token that was issued before it is valid. Absent: no cut-off. */
  TOKENS_FROM: z
    .string()
    .regex(/^[1-9][0-9]{0,10}$/)
    .transform(Number)
    .optional(),
  /** Client ids of the public clients (RFC 6749 §2.1), separated by spaces. `POST /v1/auth/login` uses the first one. */
  PUBLIC_CLIENTS: text,
  /** Whether administrators may do nothing but enrol a second factor while they have none. */
  ADMINISTRATORS_NEED_SECOND_FACTOR: flag.transform((value) => value === "true"),
  /** The external identity provider: all four variables or none. */
  IDP_ISSUER: optionalUrl,
  IDP_AUDIENCE: optionalText,
  /** JWS algorithms (RFC 7518 §3.1), separated by spaces. */
  IDP_ALGORITHMS: optionalText,
  IDP_JWKS_URI: optionalUrl,
  /** The queue of webhook deliveries, for the functions that send to it. */
  DELIVERY_QUEUE_URL: optionalUrl,
  /** The EventBridge bus of the company's own systems, for the function that puts events on it. */
  EVENT_BUS_NAME: optionalText,
  /** Whether webhooks may go to private addresses, as on a developer's machine. */
  WEBHOOKS_TO_PRIVATE_ADDRESSES: flag.optional().transform((value) => value === "true"),
  SIGNING_KEYS_SECRET: optionalText,
  CLIENT_SECRET_KEY_SECRET: optionalText,
  CURSOR_KEY_SECRET: optionalText,
  REFRESH_TOKEN_KEY_SECRET: optionalText,
  COUPON_CODE_KEY_SECRET: optionalText,
  SECOND_FACTOR_KEY_SECRET: optionalText,
  WEBHOOK_KEY_SECRET: optionalText,
  ROOT_SIGN_IN_SECRET: optionalText,
  SYNTHETIC_PARTNER_SECRET: optionalText,
});

/** The variables as text, as CDK sets them. A function gets the ARNs of the secrets that it declares. */
export type EnvironmentVariables = {
  readonly [Name in keyof z.input<typeof environmentSchema>]:
    string | Extract<undefined, z.input<typeof environmentSchema>[Name]>;
};

/** The parsed variables. */
export type Environment = z.output<typeof environmentSchema>;

/** The path prefix of the API. Without a custom domain, API Gateway prefixes the name of the stage. */
export function basePathOf({ PUBLIC_URL }: Environment): string {
  return new URL(PUBLIC_URL).pathname.replace(/\/$/, "");
}

/**
 * The URL by which the caller reached a path of the API.
 *
 * @param path as the gateway passes it on: with the path prefix for a base path mapping, without it for the name of the stage
 */
export function publicUrlOf(environment: Environment, path: string): string {
  const base = basePathOf(environment);
  return `${new URL(environment.PUBLIC_URL).origin}${path.startsWith(`${base}/`) ? path : `${base}${path}`}`;
}

/** The limits of a partner that has none of its own. */
export function defaultLimitsOf(environment: Environment): PartnerLimits {
  return {
    requestsPerSecond: environment.PARTNER_REQUESTS_PER_SECOND,
    burst: environment.PARTNER_BURST,
    requestsPerMonth: environment.PARTNER_REQUESTS_PER_MONTH,
  };
}

/** The public clients of the stage; `POST /v1/auth/login` uses the first one. */
export function publicClients({ PUBLIC_CLIENTS }: Environment): readonly string[] {
  return PUBLIC_CLIENTS.split(" ").filter(Boolean);
}

/**
 * Parses a function's environment.
 *
 * @param variables the process's variables
 * @param secrets the secrets that the function declares; the variable of each must be set
 * @throws Error naming the variables that are missing or wrong
 */
export function readEnvironment(
  variables: Record<string, string | undefined>,
  secrets: readonly SecretName[] = [],
): Environment {
  const parsed = environmentSchema.safeParse(variables);
  const wrong = parsed.success
    ? secrets.map((name) => secretVariables[name]).filter((variable) => !variables[variable])
    : parsed.error.issues.map((issue) => issue.path.join("."));
  if (!parsed.success || wrong.length > 0) {
    throw new Error(`environment variables missing or wrong: ${[...new Set(wrong)].join(", ")}`);
  }
  return parsed.data;
}
