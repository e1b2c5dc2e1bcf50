/** The grant `client_credentials`, as partners use it. */
import { decodeJwt, decodeProtectedHeader } from "jose";
import { expectProblem } from "../../../support/expect-problem.ts";
import {
  allScopes,
  awkwardSecret,
  basic,
  credentials,
  expectInvalidClient,
  expectOAuthError,
  logged,
  tokenRequests,
} from "../../../support/oauth-answers.ts";
import { partnerCalls } from "../../../support/partners.ts";
import type { Answer } from "../../../support/answer.ts";
import { inParallel, Portico, tally } from "../../../support/portico.ts";

const portico = Portico.forSuite();
const { requestRaw, requestToken, requestWithBasic } = tokenRequests(portico);
const { partnerWithMany, verdicts } = partnerCalls(portico);

describe("guessing client secrets", () => {
  /** Guesses until one is refused; a window of time may end in between, which starts the count again. */
  const guess = async (clientId: string): Promise<readonly Answer[]> => {
    const answers: Answer[] = [];
    const wrong = { client_id: clientId, client_secret: "wrong" };
    while (answers.length < 250 && answers.every(({ status }) => status !== 429)) {
      answers.push(...(await inParallel(10, () => requestToken(wrong))));
    }
    return answers;
  };

  test("is limited for each client, known or not, and never keeps the right secret out", async () => {
    const partner = await portico.registerPartner();
    for (const clientId of [partner.id, "stranger@partner.example"]) {
      const answers = await guess(clientId);
      const statuses = tally(answers.map(({ status }) => status));
      expect(Object.keys(statuses)).toEqual(["401", "429"]);
      expect(statuses["401"]).toBeGreaterThanOrEqual(100);
      const refused = answers.find(({ status }) => status === 429)!;
      expectOAuthError(refused, 429, "invalid_request");
      expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
      await logged(portico, [refused]);
      const requestId = refused.headers.get("x-request-id")!;
      const lines = portico.logs.filter((line) => line.includes(requestId) && line.includes("too_many_attempts"));
      expect(lines.length).toBeGreaterThan(0);
    }
    const rightOnes = await inParallel(5, () => requestToken(credentials(partner)));
    expect(tally(rightOnes.map(({ status }) => status))).toEqual({ 200: 5 });
    const other = await portico.registerPartner();
    expectInvalidClient(await requestToken({ client_id: other.id, client_secret: "wrong" }));
  });
});

describe("a partner gets an access token", () => {
  test("with client_secret_post, in an uncacheable response (RFC 6749)", async () => {
    const partner = await portico.registerPartner();
    const answer = await requestToken(credentials(partner));
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
      access_token: expect.any(String),
      token_type: "Bearer",
      expires_in: 3600,
      scope: allScopes,
    });
    expect(answer.headers.get("content-type")).toBe("application/json");
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect(answer.headers.get("pragma")).toBe("no-cache");
    const { status } = await portico.call("GET", "/v1/partners/me", { token: answer.body.access_token });
    expect(status).toBe(200);
  });

  test("with client_secret_basic, with the scheme in any case", async () => {
    const { id, secret } = await portico.registerPartner();
    const [, encoded] = basic(id, secret).split(" ");
    const answers = [
      await requestWithBasic(id, secret),
      await requestToken({}, { headers: { authorization: `bAsIc ${String(encoded)}` } }),
      await requestWithBasic(id, secret, { client_id: id }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
  });

  test("with its e-mail address as client id, in any case, with both methods", async () => {
    const { id, email, secret } = await portico.registerPartner();
    const answers = [
      await requestToken({ client_id: email, client_secret: secret }),
      await requestToken({ client_id: email.toUpperCase(), client_secret: secret }),
      await requestWithBasic(email, secret),
      await requestWithBasic(encodeURIComponent(email.toUpperCase()), secret),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(answers.map(({ body }) => decodeJwt(body.access_token).sub)).toEqual([id, id, id, id]);
  });

  test("with a secret that contains every allowed character, with both methods", async () => {
    const partner = await portico.registerPartner({ secret: awkwardSecret });
    const answers = [
      await requestToken(credentials(partner)),
      await requestWithBasic(partner.id, encodeURIComponent(awkwardSecret)),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
  });

  test.each([
    ["a colon", "left:right:and:beyond"],
    ["an encoded percent sign", "hundred%percent%20sure"],
    ["a plus", "one+one+one+is+three"],
  ])("with Basic and %s in the secret: split at the first colon, then decoded", async (_what, secret) => {
    const { id } = await portico.registerPartner({ secret });
    const { status } = await requestWithBasic(id, encodeURIComponent(secret));
    expect(status).toBe(200);
  });

  test("with Basic and an unencoded colon and plus", async () => {
    const secret = "left:right+and:beyond";
    const { id } = await portico.registerPartner({ secret });
    const { status } = await requestWithBasic(id, secret);
    expect(status).toBe(200);
  });

  test("although it sends unknown parameters or empty ones", async () => {
    const partner = await portico.registerPartner();
    const answer = await requestToken({
      ...credentials(partner),
      resource: "https://elsewhere.example",
      constructor: "x",
      scope: "",
    });
    expect(answer.status).toBe(200);
    expect(answer.body.scope).toBe(allScopes);
  });

  test("with parameters of the content type in any spelling", async () => {
    const { id, secret } = await portico.registerPartner();
    const form = `grant_type=client_credentials&client_id=${id}&client_secret=${secret}`;
    const answer = await requestRaw(form, "Application/X-WWW-Form-URLencoded; charset=UTF-8");
    expect(answer.status).toBe(200);
  });
});

describe("invalid_client is the response to a client", () => {
  const unknownId = "ptr_01JD3Y5W8Q4T6V2X9ZB7C1D3EF";

  test("with no or incomplete credentials", async () => {
    const { id, secret } = await portico.registerPartner();
    const answers = [
      await requestToken({}),
      await requestToken({ client_id: id }),
      await requestToken({ client_id: id, client_secret: "" }),
      await requestToken({ client_secret: secret }),
      await requestWithBasic(id, ""),
      await requestWithBasic("", secret),
    ];
    for (const answer of answers) expectInvalidClient(answer);
  });

  test("with a wrong secret or an unknown id, indistinguishably", async () => {
    const { id, secret } = await portico.registerPartner();
    const wrong = await requestToken({ client_id: id, client_secret: `${secret}x` });
    const unknown = [
      await requestToken({ client_id: unknownId, client_secret: secret }),
      await requestToken({ client_id: "nobody@partner.example", client_secret: secret }),
      await requestToken({ client_id: "not an id", client_secret: secret }),
      await requestToken({ client_id: id.toLowerCase(), client_secret: secret }),
    ];
    for (const answer of [wrong, ...unknown]) expectInvalidClient(answer);
    expect(new Set([wrong, ...unknown].map(({ text }) => text)).size).toBe(1);
  });

  test("with the secret of another partner", async () => {
    const [one, other] = [await portico.registerPartner(), await portico.registerPartner()];
    expectInvalidClient(await requestToken({ client_id: one.id, client_secret: other.secret }));
  });

  test("with a malformed Authorization header", async () => {
    const { id, secret } = await portico.registerPartner();
    const withoutColon = Buffer.from(id).toString("base64");
    const badEscape = Buffer.from(`${id}:%zz`).toString("base64");
    const headers = [
      "Bearer abc",
      "Basic",
      "Basic !!!",
      `Basic ${withoutColon}`,
      `Basic ${badEscape}`,
      `${id}:${secret}`,
    ];
    const answers = await Promise.all(headers.map((authorization) => requestToken({}, { headers: { authorization } })));
    for (const answer of answers) expectInvalidClient(answer);
  });

  test("with a wrong secret and a wrong scope, because authentication comes first", async () => {
    const { id } = await portico.registerPartner();
    expectInvalidClient(await requestToken({ client_id: id, client_secret: "wrong", scope: "everything" }));
  });

  test("that is suspended", async () => {
    const partner = await portico.registerPartner();
    const change = async (status: string): Promise<Answer> =>
      await portico.call("PATCH", `/v1/partners/${partner.id}`, { token: await portico.rootToken(), json: { status } });
    await change("suspended");
    expectInvalidClient(await requestToken(credentials(partner)));
    await change("active");
    expect((await requestToken(credentials(partner))).status).toBe(200);
  });
});

describe("a request that violates RFC 6749", () => {
  test("with two authentication methods is invalid_request", async () => {
    const [one, other] = [await portico.registerPartner(), await portico.registerPartner()];
    const answers = [
      await requestWithBasic(one.id, one.secret, credentials(one)),
      await requestWithBasic(one.id, one.secret, { client_secret: one.secret }),
      await requestWithBasic(one.id, one.secret, { client_id: other.id }),
    ];
    for (const answer of answers) expectOAuthError(answer, 400, "invalid_request");
  });

  test("without a grant type or without a body is invalid_request", async () => {
    const partner = await portico.registerPartner();
    const answers = [
      await portico.call("POST", "/oauth/token", { form: credentials(partner) }),
      await requestToken({ ...credentials(partner), grant_type: "" }),
      await portico.call("POST", "/oauth/token", { headers: { authorization: basic(partner.id, partner.secret) } }),
    ];
    for (const answer of answers) expectOAuthError(answer, 400, "invalid_request");
  });

  test.each(["password", "authorization_code", "CLIENT_CREDENTIALS", "urn:example:other"])(
    "with the grant type %s is unsupported_grant_type",
    async (grant_type) => {
      const partner = await portico.registerPartner();
      expectOAuthError(await requestToken({ ...credentials(partner), grant_type }), 400, "unsupported_grant_type");
    },
  );

  test.each(["grant_type=client_credentials", "client_id=x", "client_secret=x", "scope=companies:read", "extension=1"])(
    "with a repeated parameter (%s) is invalid_request",
    async (parameter) => {
      const { id, secret } = await portico.registerPartner();
      const form = `grant_type=client_credentials&client_id=${id}&client_secret=${secret}&scope=companies:read&extension=1`;
      expectOAuthError(await requestRaw(`${form}&${parameter}`), 400, "invalid_request");
    },
  );

  test.each([
    "application/json",
    "text/plain",
    "multipart/form-data; boundary=x",
    "application/x-www-form-urlencoded; charset=latin1",
  ])("with the content type %s gets 415", async (contentType) => {
    const { id, secret } = await portico.registerPartner();
    const form = `grant_type=client_credentials&client_id=${id}&client_secret=${secret}`;
    expectOAuthError(await requestRaw(form, contentType), 415, "invalid_request");
  });

  test("with a body over 64 KiB gets 413", async () => {
    expectOAuthError(await requestRaw(`grant_type=${"x".repeat(64 * 1024)}`), 413, "invalid_request");
  });

  test("with another method than POST gets 404", async () => {
    expectProblem(await portico.call("GET", "/oauth/token"), 404, "not_found");
  });

  test("does not revoke the current token", async () => {
    const partner = await portico.partnerWithToken();
    const answers = [
      await requestToken({ ...credentials(partner), scope: "everything" }),
      await requestToken({ ...credentials(partner), client_secret: "wrong" }),
      await requestToken({ ...credentials(partner), grant_type: "password" }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([400, 401, 400]);
    expect((await portico.call("GET", "/v1/partners/me", { token: partner.token })).status).toBe(200);
  });
});

describe("the scope of a token", () => {
  test("is the requested scope, in the response and in the token", async () => {
    const partner = await portico.registerPartner();
    const { body } = await requestToken({ ...credentials(partner), scope: "companies:read subscriptions:read" });
    expect(body.scope.split(" ").sort()).toEqual(["companies:read", "subscriptions:read"]);
    expect(decodeJwt(body.access_token).scope).toBe(body.scope);
  });

  test("contains each value once, however often it was requested", async () => {
    const partner = await portico.registerPartner();
    const { body } = await requestToken({ ...credentials(partner), scope: "companies:read companies:read" });
    expect(body.scope).toBe("companies:read");
  });

  test.each([
    "everything",
    "subscriptions:read everything",
    "SUBSCRIPTIONS:READ",
    "subscriptions:read,companies:read",
    "users:read",
  ])("%s is rejected with invalid_scope", async (scope) => {
    const partner = await portico.registerPartner();
    expectOAuthError(await requestToken({ ...credentials(partner), scope }), 400, "invalid_scope");
  });
});

test("every token has its own jti, the type at+jwt, EdDSA and a key id", async () => {
  const partner = await portico.registerPartner();
  const tokens = [await portico.partnerToken(partner), await portico.partnerToken(partner)];
  const [one, other] = tokens.map((token) => decodeJwt(token));
  expect(one?.jti).not.toBe(other?.jti);
  for (const token of tokens) {
    expect(decodeProtectedHeader(token)).toEqual({ alg: "EdDSA", typ: "at+jwt", kid: expect.any(String) });
  }
});

describe("under the token policy `single`", () => {
  test("a new token revokes the previous one at once", async () => {
    const partner = await portico.registerPartner();
    const tokens = [
      await portico.partnerToken(partner),
      await portico.partnerToken(partner),
      await portico.partnerToken(partner),
    ];
    expect(await verdicts(tokens)).toEqual(["401 token_revoked", "401 token_revoked", "valid"]);
  });

  test("fifty parallel requests all succeed and leave one valid token", async () => {
    const partner = await portico.registerPartner();
    const answers = await inParallel(50, () => portico.requestToken(partner));
    expect(tally(answers.map(({ status }) => status))).toEqual({ 200: 50 });
    const after = await verdicts(answers.map(({ body }) => body.access_token));
    expect(tally(after)).toEqual({ valid: 1, "401 token_revoked": 49 });
  });

  test("a new token does not affect other partners", async () => {
    const [one, other] = [await portico.partnerWithToken(), await portico.partnerWithToken()];
    await portico.partnerToken(other);
    expect(await verdicts([one.token, other.token])).toEqual(["valid", "401 token_revoked"]);
  });
});

describe("under the token policy `many`", () => {
  test("fifty tokens issued in parallel are all valid", async () => {
    const partner = await partnerWithMany();
    const tokens = await inParallel(50, () => portico.partnerToken(partner));
    expect(tally(await verdicts(tokens))).toEqual({ valid: 50 });
  });
});
