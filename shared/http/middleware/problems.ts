import { OAuthError, toOAuthError } from "../../contract/oauth-error.ts";
import { Problem, problemBody, problemCatalogue } from "../../domain/problems.ts";
import { loggedPointers } from "../logged-pointers.ts";
import type { Answer, Middleware, RequestContext } from "../request-context.ts";

/** Turns any error into the answer: a refusal as it is, everything else into `internal_error`, which is a bug. */
export function problems(): Middleware {
  return {
    onError: (request) => {
      const { error } = request;
      const known =
        error instanceof Problem || error instanceof OAuthError
          ? error
          : new Problem(
              "internal_error",
              "Portico failed to serve this request. Quote the request id when you report it.",
            );
      request.response = refusalAnswer(request.event.context, known);
    },
  };
}

/** The answer to a refused request, in the error format of its operation. */
export function refusalAnswer(context: RequestContext, refusal: Problem | OAuthError): Answer {
  return context.operation.errorFormat === "oauth"
    ? oauthAnswer(context, refusal)
    : problemAnswer(context, refusal as Problem);
}

/** The answer that carries a problem (RFC 9457). */
export function problemAnswer(context: RequestContext, problem: Problem): Answer {
  context.problem = problem.code;
  const { errors } = problem.extras;
  if (errors !== undefined) context.pointers = loggedPointers(context.operation, errors);
  return {
    statusCode: problemCatalogue[problem.code].status,
    headers: { "content-type": "application/problem+json", ...challenge(problem), ...retryAfter(problem) },
    body: JSON.stringify(problemBody(problem, context.environment.PUBLIC_URL, context.requestId)),
  };
}

function oauthAnswer(context: RequestContext, error: Problem | OAuthError): Answer {
  const oauthError = error instanceof Problem ? toOAuthError(error) : error;
  context.problem = oauthError.error;
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

/** A token that is revoked while the operation runs is refused like one that the authorizer refuses (RFC 6750 §3). */
function challenge({ code }: Problem): Record<string, string> {
  return code === "token_revoked" ? { "www-authenticate": 'Bearer realm="portico", error="invalid_token"' } : {};
}

function retryAfter({ extras: { retryAfterSeconds } }: Problem): Record<string, string> {
  return retryAfterSeconds === undefined ? {} : { "retry-after": String(retryAfterSeconds) };
}
