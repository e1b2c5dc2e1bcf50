/** The errors that API Gateway generates itself, as problems of the catalogue (RFC 9457). */
import { CfnGatewayResponse, type RestApi } from "aws-cdk-lib/aws-apigateway";
import { Construct } from "constructs";
import { problemCatalogue, type ProblemCode } from "../../shared/domain/problems.ts";
import { proofAlgorithms } from "../../shared/identity/dpop.ts";

interface GatewayError {
  readonly code: ProblemCode;
  readonly detail: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const retryAfter = { "retry-after": "1" };

const notFound: GatewayError = { code: "not_found", detail: "There is nothing here that you may see." };
const unavailable: GatewayError = {
  code: "unavailable",
  detail: "Portico did not answer in time. Send the request again.",
  headers: retryAfter,
};
const internalError: GatewayError = {
  code: "internal_error",
  detail: "Something is wrong on our side. Quote the requestId when you report it.",
};
const rateLimited: GatewayError = {
  code: "rate_limited",
  detail: "There are too many requests at the moment. Send the request again later.",
  headers: retryAfter,
};

/**
 * Every type of gateway response except `ACCESS_DENIED`. For an unknown path with an `Authorization` header, API
 * Gateway treats the header as an AWS signature and reports it as wrong. No method uses signatures or API keys, so
 * these types, and `DEFAULT_4XX`, mean that the resource does not exist.
 */
export const gatewayErrors: Readonly<Record<string, GatewayError>> = {
  MISSING_AUTHENTICATION_TOKEN: notFound,
  RESOURCE_NOT_FOUND: notFound,
  INVALID_SIGNATURE: notFound,
  EXPIRED_TOKEN: notFound,
  INVALID_API_KEY: notFound,
  DEFAULT_4XX: notFound,
  UNAUTHORIZED: {
    code: "token_missing",
    detail: "Send an access token in the Authorization header: `Authorization: Bearer <token>`.",
    // RFC 6750 §3.1: challenges to a request without credentials contain no error.
    headers: { "WWW-Authenticate": `Bearer realm="portico", DPoP algs="${proofAlgorithms.join(" ")}"` },
  },
  BAD_REQUEST_BODY: { code: "body_malformed", detail: "The body is not JSON." },
  BAD_REQUEST_PARAMETERS: { code: "validation_failed", detail: "A parameter of the path or query is not valid." },
  REQUEST_TOO_LARGE: { code: "body_too_large", detail: "A body may have 64 KiB (65536 bytes) at most." },
  UNSUPPORTED_MEDIA_TYPE: { code: "media_type_unsupported", detail: "The content type is not supported here." },
  THROTTLED: rateLimited,
  QUOTA_EXCEEDED: rateLimited,
  WAF_FILTERED: { code: "forbidden", detail: "The request was refused before it was read." },
  AUTHORIZER_FAILURE: unavailable,
  // The answer when the authorizer throws or times out, because of a throttled table or a bug. Its log shows the
  // cause, and an alarm rings for both.
  AUTHORIZER_CONFIGURATION_ERROR: unavailable,
  API_CONFIGURATION_ERROR: internalError,
  INTEGRATION_FAILURE: unavailable,
  INTEGRATION_TIMEOUT: unavailable,
  DEFAULT_5XX: unavailable,
};

/** The codes that the authorizer may put into its context when it denies access. It also sets title, detail and challenge. */
export const denialCodes = [
  "token_missing",
  "token_invalid",
  "token_expired",
  "token_revoked",
  "proof_invalid",
] as const satisfies readonly ProblemCode[];

export interface GatewayErrorsProps {
  readonly api: RestApi;
  /** Base of the problem pages, without a slash at the end. */
  readonly publicUrl: string;
  /** Whether pages of other origins call the API and must be able to read its errors. */
  readonly cors: boolean;
}

/** All gateway responses of an API. */
export class GatewayErrors extends Construct {
  constructor(scope: Construct, id: string, { api, publicUrl, cors }: GatewayErrorsProps) {
    super(scope, id);
    const respond = (
      type: string,
      status: number,
      body: string,
      headers: Readonly<Record<string, string>> = {},
    ): void => {
      const response = new CfnGatewayResponse(this, type, {
        restApiId: api.restApiId,
        responseType: type,
        statusCode: String(status),
        // API Gateway selects a template by `Accept` and falls back to `application/json`. With this single template
        // every caller gets the problem. The header below overrides the content type of the template's key.
        responseTemplates: { "application/json": body },
        responseParameters: Object.fromEntries(
          Object.entries({ ...commonHeaders, ...(cors && crossOriginHeaders), ...headers }).map(([name, value]) => [
            `gatewayresponse.header.${name}`,
            value.startsWith("context.") || value.startsWith("method.") ? value : `'${value}'`,
          ]),
        ),
      });
      // A deployment is a snapshot of the API, so it must come after these responses.
      api.latestDeployment?.node.addDependency(response);
      api.latestDeployment?.addToLogicalId({ type, status, body, headers, cors });
    };

    for (const [type, { code, detail, headers }] of Object.entries(gatewayErrors)) {
      const { status, title } = problemCatalogue[code];
      respond(type, status, problemTemplate({ publicUrl, code, title, status, detail }), headers);
    }
    // API Gateway inserts these values without escaping. The authorizer only sets values of a closed set.
    const denied = problemTemplate({
      publicUrl,
      code: "$context.authorizer.code",
      title: "$context.authorizer.title",
      status: 401,
      detail: "$context.authorizer.detail",
    });
    respond("ACCESS_DENIED", 401, denied, { "WWW-Authenticate": "context.authorizer.challenge" });
  }
}

const commonHeaders: Readonly<Record<string, string>> = {
  "Content-Type": "application/problem+json",
  "x-request-id": "context.requestId",
  "x-correlation-id": "method.request.header.x-correlation-id",
  "cache-control": "no-store",
  "strict-transport-security": "max-age=63072000; includeSubDomains",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
};

/** Any page may read these errors: they contain no caller's data, and a gateway response cannot compare origins. */
const crossOriginHeaders: Readonly<Record<string, string>> = {
  "access-control-allow-origin": "method.request.header.origin",
  "access-control-expose-headers": "retry-after, x-correlation-id, x-request-id",
  vary: "origin",
};

function problemTemplate(problem: {
  readonly publicUrl: string;
  readonly code: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
}): string {
  return JSON.stringify({
    type: `${problem.publicUrl}/problems/${problem.code}`,
    title: problem.title,
    status: problem.status,
    detail: problem.detail,
    instance: "urn:uuid:$context.requestId",
    code: problem.code,
    requestId: "$context.requestId",
  });
}
