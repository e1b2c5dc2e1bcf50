import { expectCommonHeaders, expectProblem } from "../../support/conformance.ts";
import { verdict, type Answer } from "../../support/answer.ts";
import { Portico } from "../../support/portico.ts";
import { rawCall, type RawOptions } from "../../support/raw.ts";

const portico = Portico.forSuite();
let token: string;
beforeAll(async () => {
  ({ token } = await portico.partnerWithToken());
  const json = { externalUserId: "u1", userEmail: "u1@example.com", duration: "P1M" };
  await portico.call("POST", "/v1/subscriptions", { token, json });
});

/** Sends a request exactly as written, with the partner's token. */
async function send(method: string, target: string, options: RawOptions = {}): Promise<Answer> {
  const headers = { authorization: `Bearer ${token}`, ...options.headers };
  return await rawCall(portico.url, method, target, { ...options, headers });
}

function expectNotFound(answer: Answer): void {
  expect(verdict(answer)).toBe("404 not_found");
  expectCommonHeaders(answer);
  expectProblem(answer, portico.url, ["not_found"]);
}

describe("paths", () => {
  test.each([
    "/",
    "/v1",
    "/v2/subscriptions",
    "/v1/nothing",
    "/V1/subscriptions",
    "/v1/Subscriptions",
    "/v1/subscriptions/u1/nothing",
    "/v1/subscriptions/u1/history/1",
    "/favicon.ico",
    "/.env",
    "/%2e%2e/%2e%2e/etc/passwd",
    "/../../etc/passwd",
    "//v1/subscriptions",
    "/v1//subscriptions",
    "/v1/subscriptions//",
    "/v1/./subscriptions",
    "/v1/subscriptions/../partners",
    "/v1/subscriptions/u1%2fhistory",
    "/v1%2fsubscriptions",
    "/v1/subscriptions;a=b",
    "/v1/subscriptions%00",
    "/v1/subscriptions%20",
    "/*",
    "/{proxy}",
  ])("%s is not found", async (path) => {
    expectNotFound(await send("GET", path));
  });

  test.each([
    "u%00",
    "%00",
    "u1%00.json",
    "a%2Fb",
    "a%2fb",
    "%2F",
    "a%5Cb",
    "a%20b",
    "%20u1",
    "u1%0a",
    "u1%0d%0aset-cookie:x",
    "%",
    "%4",
    "%zz",
    "u%1",
    "%ff",
    "%c3%28",
    "%ed%a0%80",
    "%C3%A4",
    "%2575",
    "a+b",
    "a,b",
    "<script>",
    "x".repeat(129),
    "x".repeat(8000),
  ])("the invalid external user id %s is not found", async (segment) => {
    expectNotFound(await send("GET", `/v1/subscriptions/${segment}`));
    expectNotFound(await send("GET", `/v1/subscriptions/${segment}/history`));
    const body = '{"duration":"P1M"}';
    expectNotFound(
      await send("PUT", `/v1/subscriptions/${segment}`, { body, headers: { "content-type": "application/json" } }),
    );
    expectNotFound(await send("DELETE", `/v1/subscriptions/${segment}`));
  });

  test.each([
    "x",
    "ptr_",
    "ptr_01JD3Y5W8Q4T6V2X9ZB7C1D3E",
    "ptr_01JD3Y5W8Q4T6V2X9ZB7C1D3EFG",
    "ptr_01jd3y5w8q4t6v2x9zb7c1d3ef",
    "PTR_01JD3Y5W8Q4T6V2X9ZB7C1D3EF",
    "sub_01JD3Y5W8Q4T6V2X9ZB7C1D3EF",
    "ptr_81JD3Y5W8Q4T6V2X9ZB7C1D3EF",
    "ptr_01JD3Y5W8Q4T6V2X9ZB7C1D3EU",
    "ptr_01JD3Y5W8Q4T6V2X9ZB7C1D3EF%00",
    "ptr_01JD3Y5W8Q4T6V2X9ZB7C1D3EF%0A",
    "01JD3Y5W8Q4T6V2X9ZB7C1D3EF",
    "me%20",
    "..",
    "%2e%2e",
  ])("the malformed id %s gets the same 404 as an unknown one", async (id) => {
    const authorization = `Bearer ${await portico.rootToken()}`;
    const unknown = await send("GET", "/v1/partners/ptr_01JD3Y5W8Q4T6V2X9ZB7C1D3EF", { headers: { authorization } });
    expectNotFound(unknown);
    const answer = await send("GET", `/v1/partners/${id}`, { headers: { authorization } });
    expectNotFound(answer);
    expect(answer.body.detail).toBe(unknown.body.detail);
  });

  test("a trailing slash makes no difference", async () => {
    expect((await send("GET", "/v1/subscriptions/u1/")).text).toBe((await send("GET", "/v1/subscriptions/u1")).text);
  });

  test("dots in an external user id are not a relative path", async () => {
    for (const segment of [".", "..", "...", "%2e", "%2e%2e"]) {
      expectNotFound(await send("GET", `/v1/subscriptions/${segment}`));
    }
  });
});

describe("methods", () => {
  test.each([
    ["POST", "/health"],
    ["PUT", "/v1/subscriptions"],
    ["DELETE", "/v1/subscriptions"],
    ["PATCH", "/v1/subscriptions/u1"],
    ["POST", "/v1/subscriptions/u1"],
    ["DELETE", "/v1/subscriptions/u1/history"],
    ["GET", "/oauth/token"],
    ["OPTIONS", "/v1/subscriptions"],
    ["TRACE", "/v1/subscriptions"],
    ["PROPFIND", "/v1/subscriptions"],
  ])("%s %s is not found, with or without a token", async (method, path) => {
    expectNotFound(await send(method, path));
    expectNotFound(await rawCall(portico.url, method, path));
  });

  test("a method override header is ignored", async () => {
    const answer = await send("GET", "/v1/subscriptions/u1", { headers: { "x-http-method-override": "DELETE" } });
    expect(answer.body.status).toBe("active");
    expect((await send("GET", "/v1/subscriptions/u1")).body.status).toBe("active");
  });
});

describe("authentication", () => {
  const withAuthorization = (authorization: string) =>
    rawCall(portico.url, "GET", "/v1/subscriptions", { headers: { authorization } });

  test.each([
    "Bearer",
    "Bearer ",
    "Basic dTpw",
    "Bearer a b",
    "bearer",
    "Token x",
    "Bearer x",
    "Bearer a.b.c",
    `Bearer ${"x".repeat(8000)}`,
  ])("rejects the Authorization header %j", async (authorization) => {
    const answer = await withAuthorization(authorization);
    expect(verdict(answer)).toBe("401 token_invalid");
    expectCommonHeaders(answer);
    expectProblem(answer, portico.url);
    expect(answer.headers.get("www-authenticate")).toMatch(/^Bearer .*error="invalid_token"/);
  });

  test("without a token, the challenge contains no error", async () => {
    const answer = await rawCall(portico.url, "GET", "/v1/subscriptions");
    expect(verdict(answer)).toBe("401 token_missing");
    expect(answer.headers.get("www-authenticate")).toMatch(/^Bearer/);
    expect(answer.headers.get("www-authenticate")).not.toContain("error=");
  });

  test("an empty header counts as missing", async () => {
    expect(verdict(await withAuthorization(""))).toBe("401 token_missing");
  });

  test("the scheme is case-insensitive", async () => {
    expect((await withAuthorization(`bearer ${token}`)).status).toBe(200);
    expect((await withAuthorization(`BEARER  ${token}`)).status).toBe(200);
  });

  test("a token outside the header is ignored", async () => {
    const answer = await rawCall(portico.url, "GET", `/v1/subscriptions?access_token=${token}`);
    expect(verdict(answer)).toBe("401 token_missing");
  });
});

describe("headers", () => {
  const kinds: readonly (readonly [
    string,
    () => Promise<Answer>,
    (headers: Record<string, string>) => Promise<Answer>,
  ])[] = [
    ["a success", () => send("GET", "/v1/subscriptions"), (headers) => send("GET", "/v1/subscriptions", { headers })],
    [
      "a function's problem",
      () => send("GET", "/v1/subscriptions/x"),
      (headers) => send("GET", "/v1/subscriptions/x", { headers }),
    ],
    ["the gateway's 404", () => send("GET", "/x"), (headers) => send("GET", "/x", { headers })],
    [
      "the authorizer's 401",
      () => send("GET", "/v1/subscriptions", { headers: { authorization: "Bearer x" } }),
      (headers) => send("GET", "/v1/subscriptions", { headers: { authorization: "Bearer x", ...headers } }),
    ],
  ];

  test.each(kinds)("%s has a unique request id", async (_kind, plain) => {
    const answers = [await plain(), await plain()];
    for (const answer of answers) expectCommonHeaders(answer);
    const [one, other] = answers.map(({ headers }) => headers.get("x-request-id"));
    expect(one).not.toBe(other);
  });

  test.each(kinds)("%s echoes the caller's correlation id", async (_kind, plain, withHeaders) => {
    const correlationId = "order-4711/~!{}";
    expect((await withHeaders({ "x-correlation-id": correlationId })).headers.get("x-correlation-id")).toBe(
      correlationId,
    );
    expect((await withHeaders({ "X-Correlation-Id": "x".repeat(128) })).headers.get("x-correlation-id")).toHaveLength(
      128,
    );
    expect((await plain()).headers.get("x-correlation-id")).toBeNull();
  });

  test.each(["x".repeat(129), "a b", "\u00e9", ""])(
    "does not echo the invalid correlation id %j",
    async (correlationId) => {
      const answer = await send("GET", "/v1/subscriptions", { headers: { "x-correlation-id": correlationId } });
      expect(answer.status).toBe(200);
      expect(answer.headers.get("x-correlation-id")).toBeNull();
    },
  );

  test.each(["text/html", "application/xml", "*/*;q=0", "", "nonsense"])(
    "errors are problems whatever the Accept header: %j",
    async (accept) => {
      for (const [, , withHeaders] of kinds.slice(1)) expectProblem(await withHeaders({ accept }), portico.url);
    },
  );

  test("no response allows other origins unless the stage lists them", async () => {
    for (const [, , withHeaders] of kinds) {
      const { headers } = await withHeaders({ origin: "https://elsewhere.example" });
      expect(headers.get("access-control-allow-origin")).toBeNull();
    }
  });

  test("unusual headers cause no failure", async () => {
    const headers = {
      "x-forwarded-for": "junk",
      "content-encoding": "gzip",
      range: "bytes=0-1",
      te: "trailers",
      cookie: "a=b;;",
    };
    expect((await send("GET", "/v1/subscriptions", { headers })).status).toBe(200);
    expect((await send("GET", "/v1/subscriptions", { headers: { "x-a": ["1", "2"], "X-A": "3" } })).status).toBe(200);
  });
});

test("an unexpected body is ignored unless it is too large", async () => {
  const headers = { "content-type": "application/json" };
  expect((await send("DELETE", "/v1/subscriptions/nobody", { body: "{nonsense", headers })).status).toBe(404);
  expect(verdict(await send("DELETE", "/v1/subscriptions/u1", { body: "x".repeat(65_537), headers }))).toBe(
    "413 body_too_large",
  );
  expect((await send("GET", "/v1/subscriptions/u1")).body.status).toBe("active");
});
