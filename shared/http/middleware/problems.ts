import { OAuthError, toOAuthError } from "../../contract/oauth-error.ts";
import { Problem, problemBody, problemCatalogue } from "../../domain/problems.ts";
import type { Answer, Call, Middleware } from "../request-context.ts";

/** Turns whatever was thrown into the answer: a problem as it is, anything else into `internal_error`, a bug. */
export function problems(): Middleware {
  return {
    onError: (request) => {
      const { call } = request.event;
      const error = request.error;
      const known =
        error instanceof Problem || error instanceof OAuthError
          ? error
          : new Problem(
              "internal_error",
              "Portico made a mistake. It has been reported; the request id helps to find it.",
            );
      request.response =
        call.operation.errorFormat === "oauth" ? oauthAnswer(call, known) : problemAnswer(call, known as Problem);
    },
  };
}

/** The answer that tells of a problem (RFC 9457). */
export function problemAnswer(call: Call, problem: Problem): Answer {
  call.problem = problem.code;
  return {
    statusCode: problemCatalogue[problem.code].status,
    headers: { "content-type": "application/problem+json", ...challenge(problem), ...retryAfter(problem) },
    body: JSON.stringify(problemBody(problem, call.environment.PUBLIC_URL, call.requestId)),
  };
}

function oauthAnswer(call: Call, error: Problem | OAuthError): Answer {
  const oauthError = error instanceof Problem ? toOAuthError(error) : error;
  call.problem = oauthError.error;
  return {
    statusCode: oauthError.status,
    headers: {
      "content-type": "application/json",
      pragma: "no-cache",
      ...oauthError.headers,
      ...(error instanceof Problem && retryAfter(error)),
    },
    body: JSON.stringify({ error: oauthError.error, error_description: oauthError.description }),
  };
}

/** A token that was revoked while the operation ran is refused like one that the authorizer refuses (RFC 6750 §3). */
function challenge({ code }: Problem): Record<string, string> {
  return code === "token_revoked" ? { "www-authenticate": 'Bearer realm="portico", error="invalid_token"' } : {};
}

function retryAfter({ extras: { retryAfterSeconds } }: Problem): Record<string, string> {
  return retryAfterSeconds === undefined ? {} : { "retry-after": String(retryAfterSeconds) };
}
