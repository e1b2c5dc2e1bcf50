/**
 * The closed catalogue of problem codes (RFC 9457 §3). A code never changes its meaning; callers branch on it.
 */
export interface ProblemDefinition {
  readonly status: number;
  readonly title: string;
}

export const problemCatalogue = {
  body_malformed: { status: 400, title: "The body is not valid JSON" },
  cursor_invalid: { status: 400, title: "The pagination cursor is invalid" },
  token_missing: { status: 401, title: "An access token is required" },
  token_invalid: { status: 401, title: "The access token is invalid" },
  token_expired: { status: 401, title: "The access token has expired" },
  token_revoked: { status: 401, title: "The access token has been revoked" },
  proof_invalid: { status: 401, title: "The DPoP proof is invalid" },
  credentials_invalid: { status: 401, title: "The username or password is wrong" },
  second_factor_required: { status: 401, title: "A code of the second factor is required" },
  password_link_invalid: { status: 401, title: "The one-time link is invalid" },
  second_factor_invalid: { status: 401, title: "The code of the second factor is wrong" },
  password_change_required: { status: 403, title: "The password must be changed first" },
  second_factor_enrolment_required: { status: 403, title: "A second factor must be enrolled first" },
  forbidden: { status: 403, title: "Access denied" },
  insufficient_scope: { status: 403, title: "The access token lacks a required scope" },
  not_found: { status: 404, title: "Resource not found" },
  idempotency_key_reused: { status: 422, title: "The idempotency key was used for a different request" },
  request_in_progress: { status: 409, title: "A request with this idempotency key is still running" },
  partner_email_taken: { status: 409, title: "Another partner has this e-mail address" },
  partner_in_use: { status: 409, title: "The partner has live subscriptions or companies" },
  username_taken: { status: 409, title: "The username is taken" },
  second_factor_exists: { status: 409, title: "A second factor is already enrolled" },
  credit_insufficient: { status: 409, title: "The credit is not sufficient" },
  coupon_code_taken: { status: 409, title: "Another coupon has this code" },
  coupon_quantity_too_low: { status: 409, title: "The quantity is below the number of redemptions" },
  coupon_not_found: { status: 404, title: "No coupon has this code" },
  coupon_inactive: { status: 409, title: "The coupon is inactive" },
  coupon_expired: { status: 409, title: "The coupon has expired" },
  coupon_already_redeemed: { status: 409, title: "You have already redeemed this coupon" },
  coupon_exhausted: { status: 409, title: "The coupon is sold out" },
  subscription_exists: { status: 409, title: "The user already has a live subscription" },
  subscription_cancelled: { status: 409, title: "The subscription is cancelled" },
  bank_account_exists: { status: 409, title: "The company already has this bank account" },
  webhook_endpoint_disabled: { status: 409, title: "The webhook endpoint is disabled" },
  sandbox_exists: { status: 409, title: "The partner has a sandbox already" },
  sandbox_required: { status: 409, title: "Only a sandbox has a test clock" },
  live_partner_required: { status: 409, title: "This is not available to a sandbox" },
  limit_reached: { status: 409, title: "The maximum number is reached" },
  precondition_failed: { status: 412, title: "The resource has changed since it was read" },
  body_too_large: { status: 413, title: "The body is too large" },
  media_type_unsupported: { status: 415, title: "The content type is not supported" },
  validation_failed: { status: 422, title: "Some fields are invalid" },
  participants_unknown: { status: 422, title: "Some participants are not active users" },
  password_too_common: { status: 422, title: "The password is too common" },
  period_invalid: { status: 422, title: "The period is invalid" },
  bank_unknown: { status: 422, title: "The bank is not in the bank directory" },
  too_many_attempts: { status: 429, title: "Too many failed attempts" },
  rate_limited: { status: 429, title: "Too many requests" },
  quota_exceeded: { status: 429, title: "The monthly quota is used up" },
  internal_error: { status: 500, title: "Internal error" },
  unavailable: { status: 503, title: "Temporarily unavailable" },
  read_only: { status: 503, title: "The service is read-only" },
} as const satisfies Record<string, ProblemDefinition>;

export type ProblemCode = keyof typeof problemCatalogue;

/** All codes, in the catalogue's order. */
export const problemCodes = Object.keys(problemCatalogue) as readonly ProblemCode[];

/**
 * The statuses of refusals that depend on the state. They are recorded under the idempotency key, because a retry may meet a
 * different state.
 */
export const recordedRefusals: ReadonlySet<number> = new Set([401, 403, 404, 409, 412, 422]);

/** An invalid field: a JSON Pointer (RFC 6901) into the body, or into the query or path as an object, and what is wrong. */
export interface FieldError {
  readonly pointer: string;
  readonly detail: string;
}

/** Details of a problem besides its code. They never repeat a secret, a token, an e-mail address or a password. */
export interface ProblemExtras {
  readonly errors?: readonly FieldError[];
  /** Whole seconds for the `retry-after` header (RFC 9110 §10.2.3). */
  readonly retryAfterSeconds?: number;
}

/**
 * A refusal of a request with a code of the catalogue. Rules return it, all other code throws it, and `serve` turns it into
 * the answer. It knows neither HTTP headers nor API Gateway.
 */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly code: ProblemCode;
  readonly detail: string;
  readonly extras: ProblemExtras;

  constructor(code: ProblemCode, detail: string, extras: ProblemExtras = {}, cause?: unknown) {
    super(code, { cause });
    this.code = code;
    this.detail = detail;
    this.extras = extras;
  }
}

/** The decision of a rule. @throws Problem if the rule refused */
export function orThrow<Value>(decision: Value | Problem): Value {
  if (decision instanceof Problem) throw decision;
  return decision;
}

/** A problem for fields that are not valid. */
export function invalid(...errors: readonly FieldError[]): Problem {
  return new Problem("validation_failed", "Some fields are invalid. `errors` lists each of them.", { errors });
}

/** The problem for a caller whose token was revoked after the authorizer had accepted it. */
export function revokedMeanwhile(): Problem {
  return new Problem("token_revoked", "The access token was revoked while this request was running.");
}

/** The problem for a resource that does not exist or is not visible to the caller. The answer does not tell which. */
export function notFound(): Problem {
  return new Problem("not_found", "Resource not found.");
}

/**
 * The problem for a dependency that failed or timed out. Nothing was changed, or a retry is safe.
 *
 * @param cause for the log: the last error
 */
export function unavailable(cause?: unknown): Problem {
  const detail = "A service that Portico depends on did not answer in time. Retry the request.";
  return new Problem("unavailable", detail, { retryAfterSeconds: 1 }, cause);
}

/** How long a write stop lasts at least, in whole seconds. */
const readOnlyRetrySeconds = 60;

/** The problem for a write while the stage is read-only. Nothing was changed. */
export function readOnly(): Problem {
  const detail = "Portico accepts no changes at the moment. Reads work. Send the request again later.";
  return new Problem("read_only", detail, { retryAfterSeconds: readOnlyRetrySeconds });
}

/** The body of a problem, `application/problem+json` (RFC 9457 §3.1). */
export interface ProblemBody {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly instance: string;
  readonly code: ProblemCode;
  readonly requestId: string;
  readonly errors?: readonly FieldError[];
}

/**
 * The body of the answer with a problem.
 *
 * @param publicUrl base of the problem pages, without a slash at the end
 */
export function problemBody(problem: Problem, publicUrl: string, requestId: string): ProblemBody {
  return {
    type: `${publicUrl}/problems/${problem.code}`,
    ...problemCatalogue[problem.code],
    detail: problem.detail,
    instance: `urn:uuid:${requestId}`,
    code: problem.code,
    requestId,
    ...(problem.extras.errors && { errors: problem.extras.errors }),
  };
}
