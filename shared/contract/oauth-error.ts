/** Errors of the OAuth endpoints (RFC 6749 §5.2), which have their own format instead of problems. */
import { problemCatalogue, type Problem } from "../domain/problems.ts";

export const oauthErrorCodes = [
  "invalid_request",
  "invalid_client",
  "invalid_grant",
  "invalid_scope",
  "invalid_dpop_proof",
  "unsupported_grant_type",
  "server_error",
  "temporarily_unavailable",
] as const;

export type OAuthErrorCode = (typeof oauthErrorCodes)[number];

export class OAuthError extends Error {
  override readonly name = "OAuthError";
  readonly error: OAuthErrorCode;
  readonly description: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  /** @param description for developers; ASCII without `"` and `\` (RFC 6749 §5.2) */
  constructor(
    error: OAuthErrorCode,
    description: string,
    {
      status = 400,
      headers = {},
    }: { readonly status?: number; readonly headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(error);
    this.error = error;
    this.description = description;
    this.status = status;
    this.headers = headers;
  }
}

/** A problem of the checks that all operations share, as an OAuth error with the matching HTTP status. */
export function toOAuthError(problem: Problem): OAuthError {
  const { status } = problemCatalogue[problem.code];
  const fields = (problem.extras.errors ?? [])
    .map(({ pointer, detail }) => `${pointer.slice(1)} ${detail}`.trim())
    .join("; ");
  const description = (fields || problem.detail).replaceAll(/[^\x20-\x21\x23-\x5b\x5d-\x7e]/g, "'");
  if (status === 503) return new OAuthError("temporarily_unavailable", description, { status });
  if (status === 500) return new OAuthError("server_error", description, { status });
  return new OAuthError("invalid_request", description, { status: status === 422 ? 400 : status });
}
