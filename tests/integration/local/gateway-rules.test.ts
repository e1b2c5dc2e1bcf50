import { codingOf } from "../../../infra/local/gateway/compression.ts";
import { gatewayResponse, substitute, type ResponseVariables } from "../../../infra/local/gateway/gateway-responses.ts";
import { answerHeaderName } from "../../../infra/local/gateway/headers.ts";
import type { GatewayResponseModel, RouteModel } from "../../../infra/local/template/deployment-model.ts";
import { authorize } from "../../../infra/local/gateway/authorizer-policy.ts";
import { Router } from "../../../infra/local/gateway/router.ts";
import { wildcard } from "../../../infra/local/support/wildcard.ts";

const methodArn = "arn:aws:execute-api:us-east-1:000000000000:api/local/GET/v1/things/1";

describe("an authorizer's policy", () => {
  const statement = (
    Effect: string,
    Resource: string | string[],
    Action: string | string[] = "execute-api:Invoke",
  ): object => ({ Effect, Action, Resource });
  const evaluate = (...statements: object[]): boolean =>
    authorize({ principalId: "p", policyDocument: { Statement: statements } }, methodArn).allowed;

  test("denies what no statement allows", () => {
    expect(evaluate(statement("Allow", methodArn.replace("GET", "POST")))).toBe(false);
  });

  test("lets an explicit deny win over an allow", () => {
    expect(evaluate(statement("Allow", "*"), statement("Deny", methodArn))).toBe(false);
  });

  test("matches any characters with a wildcard, slashes included", () => {
    expect(evaluate(statement("Allow", "arn:aws:execute-api:*:*:api/local/*/v1/*", "execute-api:*"))).toBe(true);
  });

  test("needs only one of several resources and actions", () => {
    expect(
      evaluate(statement("Allow", ["nothing", methodArn], ["execute-api:ManageConnections", "execute-api:Invoke"])),
    ).toBe(true);
  });

  test("matches the other characters of a pattern literally", () => {
    expect(wildcard("a.b(c)*")("a.b(c)d")).toBe(true);
    expect(wildcard("a.b*")("axb")).toBe(false);
    expect(wildcard("a?c")("abc")).toBe(true);
  });

  test.each([
    ["no principal", { policyDocument: { Statement: [statement("Allow", "*")] } }, "principalId"],
    ["no policy", { principalId: "p" }, "policyDocument"],
    ["an unknown effect", { principalId: "p", policyDocument: { Statement: [statement("Maybe", "*")] } }, "Effect"],
    [
      "a list in its context",
      { principalId: "p", context: { a: [] }, policyDocument: { Statement: [statement("Allow", "*")] } },
      "context.a",
    ],
  ])("is refused in an answer with %s", (_, answer, named) => {
    expect(() => authorize(answer, methodArn)).toThrow(named);
  });
});

describe("a gateway response", () => {
  const variables: ResponseVariables = {
    context: { requestId: "r-1", "authorizer.code": "token_expired", "error.messageString": '"Forbidden"' },
    request: { header: { "x-correlation-id": "c-1" }, querystring: { q: "2" }, path: {} },
  };
  const declared = (...entries: [string, Partial<GatewayResponseModel>][]): ReadonlyMap<string, GatewayResponseModel> =>
    new Map(entries.map(([type, model]) => [type, { statusCode: undefined, parameters: {}, templates: {}, ...model }]));

  test("substitutes variables without escaping and without VTL", () => {
    const context = { "authorizer.code": 'a"b', requestId: "r" };
    expect(
      substitute('{"c":"$context.authorizer.code","r":"$context.requestId."} #if $other ${context.requestId}', context),
    ).toBe('{"c":"a"b","r":"r."} #if $other r');
  });

  test("replaces an unknown variable with nothing", () => {
    expect(substitute("[$context.nothing.here]", {})).toBe("[]");
  });

  test("maps static values, context and request headers to headers, and omits an absent one", () => {
    const { headers } = gatewayResponse(
      "ACCESS_DENIED",
      declared([
        "ACCESS_DENIED",
        {
          parameters: {
            "gatewayresponse.header.a": "'it's fixed'",
            "gatewayresponse.header.b": "context.requestId",
            "gatewayresponse.header.c": "method.request.header.X-Correlation-Id",
            "gatewayresponse.header.d": "method.request.header.missing",
          },
        },
      ]),
      variables,
    );
    expect(Object.fromEntries(headers)).toEqual({
      "Content-Type": "application/json",
      a: "it's fixed",
      b: "r-1",
      c: "c-1",
    });
  });

  test("uses the default of its class, with its status, for a type that is not declared", () => {
    const responses = declared(
      ["DEFAULT_4XX", { statusCode: 404 }],
      ["DEFAULT_5XX", { templates: { "text/plain": "five" } }],
    );
    expect(gatewayResponse("ACCESS_DENIED", responses, variables).status).toBe(404);
    expect(gatewayResponse("INTEGRATION_TIMEOUT", responses, variables)).toMatchObject({ status: 504, body: "five" });
  });

  test("is AWS's own without a declaration", () => {
    expect(gatewayResponse("ACCESS_DENIED", new Map(), variables)).toMatchObject({
      status: 403,
      body: '{"message":"Forbidden"}',
    });
  });
});

describe("the router", () => {
  const route = (method: string, resourcePath: string): RouteModel => ({
    resourceId: resourcePath,
    resourcePath,
    method,
    functionId: "f",
    invokedArn: "f",
    credentials: undefined,
    integrationTimeoutMilliseconds: 29_000,
    authorizer: undefined,
  });
  const router = new Router([
    route("GET", "/"),
    route("GET", "/things/{id}"),
    route("GET", "/things/me"),
    route("POST", "/things/{id}/parts"),
    route("ANY", "/files/{proxy+}"),
  ]);
  const found = (method: string, path: string): unknown => {
    const match = router.match(method, path);
    return match && [match.route.resourcePath, match.pathParameters];
  };

  test.each([
    ["GET", "/", "/", {}],
    ["GET", "/things/me", "/things/me", {}],
    ["GET", "/things/7", "/things/{id}", { id: "7" }],
    ["GET", "/things/7/", "/things/{id}", { id: "7" }],
    ["GET", "/things/a%2Fb", "/things/{id}", { id: "a/b" }],
    ["POST", "/things/me/parts", "/things/{id}/parts", { id: "me" }],
    ["PATCH", "/files/a/b%20c", "/files/{proxy+}", { proxy: "a/b c" }],
  ])("routes %s %s to %s", (method, path, resourcePath, parameters) => {
    expect(found(method, path)).toEqual([resourcePath, parameters]);
  });

  test.each([
    ["POST", "/things/7"],
    ["GET", "/things"],
    ["GET", "/things//"],
    ["GET", "//"],
    ["GET", "/files"],
    ["GET", "/THINGS/7"],
  ])("finds nothing for %s %s", (method, path) => {
    expect(found(method, path)).toBeUndefined();
  });
});

describe("a header of a function's answer", () => {
  test.each([
    ["WWW-Authenticate", "x-amzn-Remapped-WWW-Authenticate"],
    ["Authorization", "x-amzn-Remapped-Authorization"],
    ["Transfer-Encoding", undefined],
    ["Location", "Location"],
  ])("%s reaches the caller as %s", (name, arrives) => {
    expect(answerHeaderName(name)).toBe(arrives);
  });
});

describe("the coding of an answer", () => {
  test.each([
    [undefined, undefined],
    ["", undefined],
    ["*", undefined],
    ["identity", undefined],
    ["gzip", "gzip"],
    ["deflate, gzip", "deflate"],
    ["gzip, deflate, br, zstd", "gzip"],
    ["GZIP;q=0.5, deflate;q=0.8", "deflate"],
    ["br;q=1.0, gzip;q=0.8", undefined],
    ["gzip;q=0", undefined],
    ["gzip;q=1.0, identity;q=0.5, *;q=0", "gzip"],
    ["constructor", undefined],
  ])("for accept-encoding %j is %s", (acceptEncoding, coding) => {
    expect(codingOf(acceptEncoding)).toBe(coding);
  });
});
