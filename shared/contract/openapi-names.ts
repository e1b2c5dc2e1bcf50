/** Names of the components that generated clients show as types. */
import type { AnyOperation } from "./operation.ts";

/** `subscriptions.list-of-partner` → `subscriptionsListOfPartner` */
export function operationIdOf({ id }: Pick<AnyOperation, "id">): string {
  return id.replace(/[.-](.)/g, (_match, letter: string) => letter.toUpperCase());
}

/** `subscriptions.list-of-partner` → `SubscriptionsListOfPartner` */
export function typePrefixOf(operation: Pick<AnyOperation, "id">): string {
  const name = operationIdOf(operation);
  return name.charAt(0).toUpperCase() + name.slice(1);
}

/** HTTP's names of the statuses (RFC 9110 §15). */
const statusNames: Readonly<Record<number, string>> = {
  400: "BadRequest",
  401: "Unauthorized",
  403: "Forbidden",
  404: "NotFound",
  405: "MethodNotAllowed",
  406: "NotAcceptable",
  409: "Conflict",
  410: "Gone",
  412: "PreconditionFailed",
  413: "ContentTooLarge",
  415: "UnsupportedMediaType",
  422: "UnprocessableContent",
  429: "TooManyRequests",
  500: "InternalServerError",
  502: "BadGateway",
  503: "ServiceUnavailable",
  504: "GatewayTimeout",
};

/** Sets of codes that many operations share: codes → what follows the name of the status. */
const sharedSets: Readonly<Record<string, string>> = {
  not_found: "",
  forbidden: "",
  "forbidden insufficient_scope": "ToPartners",
  "password_change_required second_factor_enrolment_required forbidden": "ToUsers",
  "password_change_required second_factor_enrolment_required forbidden insufficient_scope": "ToUsersAndPartners",
  "token_missing token_invalid token_expired token_revoked proof_invalid": "",
  body_too_large: "",
  body_malformed: "Body",
  cursor_invalid: "Cursor",
  validation_failed: "",
  "idempotency_key_reused validation_failed": "",
  request_in_progress: "",
  precondition_failed: "",
  media_type_unsupported: "",
  rate_limited: "",
  "rate_limited quota_exceeded": "ToPartners",
  "too_many_attempts rate_limited": "OrAttempts",
  internal_error: "",
  unavailable: "",
  "oauth:invalid_request": "",
  "oauth:invalid_client": "",
  "oauth:invalid_request body_too_large": "",
  "oauth:invalid_request rate_limited": "",
  "oauth:server_error internal_error": "",
  "oauth:temporarily_unavailable unavailable": "",
};

export interface ErrorResponse {
  readonly status: number;
  readonly oauthErrors: readonly string[];
  readonly problems: readonly string[];
  /** It may be the recorded answer to the first request with an idempotency key. */
  readonly isReplayable: boolean;
}

/**
 * The name of an error response. Operations with the same codes share a response, such as `Unauthorized`; one with codes of its
 * own has its own, such as `SubscriptionsCreateConflict`.
 */
export function errorResponseName(operation: AnyOperation, response: ErrorResponse): string {
  const { status, oauthErrors, problems, isReplayable } = response;
  const statusName = statusNames[status] ?? `Status${status}`;
  const shared = sharedSets[[...oauthErrors.map((error) => `oauth:${error}`), ...problems].join(" ")];
  if (shared === undefined) return `${typePrefixOf(operation)}${statusName}`;
  return `${isReplayable ? "Replayable" : ""}${oauthErrors.length > 0 ? "OAuth" : ""}${statusName}${shared}`;
}
