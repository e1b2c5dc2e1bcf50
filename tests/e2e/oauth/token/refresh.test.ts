/** The grant `refresh_token`: how sessions are renewed, and what ends them. */
import { decodeJwt } from "jose";
import type { Answer } from "../../../support/answer.ts";
import { alteredAssembly, type AlteredAssembly } from "../../../support/assembly.ts";
import { expectTokenRefused } from "../../../support/expect-problem.ts";
import { expectOAuthError } from "../../../support/oauth-answers.ts";
import { newPerson, refresh, refreshed, sessionOf, type TestSession } from "../../../support/people.ts";
import { inParallel, Portico, tally } from "../../../support/portico.ts";
import { rawCall } from "../../../support/raw.ts";
import { codesOf, linesOf, sessionCalls, tampered } from "../../../support/sessions.ts";
import { contentsOf } from "../../../support/table.ts";
import { crowdTimeoutMs } from "../../../support/values.ts";

const portico = Portico.alone();
const { expectAlive, expectOver, present } = sessionCalls(portico);

describe("refreshing a session", () => {
  test("returns both tokens in an uncacheable response (RFC 6749 §5.1)", async () => {
    const { id, accessToken, refreshToken } = await newPerson(portico);
    const answer = await refresh(portico, refreshToken);
    expect({ status: answer.status, body: answer.body }).toEqual({
      status: 200,
      body: {
        access_token: expect.any(String),
        token_type: "Bearer",
        expires_in: 900,
        refresh_token: expect.any(String),
      },
    });
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect(answer.headers.get("pragma")).toBe("no-cache");
    expect(answer.body.refresh_token).not.toBe(refreshToken);
    const [before, after] = [decodeJwt(accessToken), decodeJwt(answer.body.access_token)];
    expect(after).toMatchObject({ sub: id, sid: before["sid"], client_id: "web", role: "user" });
    expect(after.jti).not.toBe(before.jti);
  });

  test("a session can be refreshed repeatedly, and earlier access tokens stay valid", async () => {
    const person = await newPerson(portico);
    let session: TestSession = person;
    for (let count = 1; count <= 12; count++) session = await refreshed(portico, session.refreshToken);
    expect((await present(session.accessToken)).status).toBe(200);
    expect((await present(person.accessToken)).status).toBe(200);
  });

  test.each([8, 50])(
    "%d parallel refreshes with one token return the same successor",
    async (times) => {
      const { refreshToken } = await newPerson(portico);
      const answers = await inParallel(times, () => refresh(portico, refreshToken));
      expect(tally(answers.map(({ status }) => status))).toEqual({ 200: times });
      const successors = new Set(answers.map(({ body }) => body.refresh_token as string));
      expect(successors.size).toBe(1);
      expect((await refresh(portico, [...successors][0]!)).status).toBe(200);
    },
    crowdTimeoutMs,
  );

  test("a repeated refresh returns the same successor if that is unused", async () => {
    const { refreshToken } = await newPerson(portico);
    const [first, again] = [await refreshed(portico, refreshToken), await refreshed(portico, refreshToken)];
    expect(again.refreshToken).toBe(first.refreshToken);
    expect((await present(again.accessToken)).status).toBe(200);
    await expectAlive(first);
  });

  test("reuse of a spent token ends its session and no other", async () => {
    const person = await newPerson(portico);
    const other = await sessionOf(portico, person);
    const second = await refreshed(portico, person.refreshToken);
    const third = await refreshed(portico, second.refreshToken);
    expectOAuthError(await refresh(portico, person.refreshToken), 400, "invalid_grant");
    for (const session of [person, second, third]) await expectOver(session);
    await expectAlive(other);
    await expectAlive(await sessionOf(portico, person));
  });

  test("reuse of a token that was spent long ago also ends the session", async () => {
    const person = await newPerson(portico);
    let session: TestSession = person;
    for (let count = 1; count <= 6; count++) session = await refreshed(portico, session.refreshToken);
    expectOAuthError(await refresh(portico, person.refreshToken), 400, "invalid_grant");
    await expectOver(session);
  });

  test(
    "parallel use of a spent and the current token ends the session",
    async () => {
      const person = await newPerson(portico);
      const second = await refreshed(portico, person.refreshToken);
      const third = await refreshed(portico, second.refreshToken);
      const answers = await inParallel(100, (index) =>
        refresh(portico, index % 2 === 0 ? person.refreshToken : third.refreshToken),
      );
      const refused = answers.filter(({ body }) => body.error === "invalid_grant");
      const given = answers.filter(({ status }) => status === 200);
      expect(refused.length + given.length).toBe(100);
      expect(refused.length).toBeGreaterThanOrEqual(50);
      for (const { body } of given.slice(0, 3)) {
        await expectOver({ accessToken: body.access_token, refreshToken: body.refresh_token });
      }
    },
    crowdTimeoutMs,
  );

  test("rejects a forged or malformed token with invalid_grant and ends nothing", async () => {
    const [person, other] = [await newPerson(portico), await newPerson(portico)];
    const second = await refreshed(portico, person.refreshToken);
    const [otherUser, otherSession] = other.refreshToken.split(".");
    const forgeries = [
      "garbage",
      ".",
      "...",
      "x".repeat(5000),
      second.refreshToken.slice(0, -1),
      `${second.refreshToken}A`,
      tampered(second.refreshToken, "secret"),
      tampered(person.refreshToken, "secret"),
      tampered(second.refreshToken, "secret", person.refreshToken.split(".").at(-1)),
      tampered(second.refreshToken, "generation", "1"),
      tampered(second.refreshToken, "generation", "3"),
      tampered(second.refreshToken, "generation", "999999"),
      tampered(person.refreshToken, "generation", "2"),
      tampered(second.refreshToken, "session", otherSession),
      tampered(second.refreshToken, "user", otherUser),
      tampered(tampered(second.refreshToken, "user", otherUser), "session", otherSession),
      tampered(second.refreshToken, "session"),
      tampered(second.refreshToken, "user"),
    ];
    for (const forged of forgeries) expectOAuthError(await refresh(portico, forged), 400, "invalid_grant");
    await expectAlive(second);
    await expectAlive(other);
  });

  test("requires a public client of the stage without a secret, and a rejection spends no token", async () => {
    const person = await newPerson(portico);
    const partner = await portico.registerPartner();
    const basic = `Basic ${Buffer.from(`${partner.id}:${partner.secret}`).toString("base64")}`;
    const form = { grant_type: "refresh_token", refresh_token: person.refreshToken };
    const answers = [
      await refresh(portico, person.refreshToken, { client_id: "" }),
      await refresh(portico, person.refreshToken, { client_id: "another" }),
      await refresh(portico, person.refreshToken, { client_id: "WEB" }),
      await refresh(portico, person.refreshToken, { client_secret: "guessed" }),
      await refresh(portico, person.refreshToken, { client_id: partner.id, client_secret: partner.secret }),
      await portico.call("POST", "/oauth/token", { form, headers: { authorization: basic } }),
    ];
    for (const answer of answers) expectOAuthError(answer, 401, "invalid_client");
    await expectAlive(person);
  });

  test("requires the token and grants no scope", async () => {
    const person = await newPerson(portico);
    expectOAuthError(await refresh(portico, ""), 400, "invalid_request");
    expectOAuthError(await refresh(portico, person.refreshToken, { scope: "companies:read" }), 400, "invalid_scope");
    await expectAlive(person);
  });
});

describe("refresh tokens", () => {
  test("refresh and access tokens are not interchangeable", async () => {
    const { accessToken, refreshToken } = await newPerson(portico);
    expectTokenRefused(await present(refreshToken), "token_invalid");
    expectOAuthError(await refresh(portico, accessToken), 400, "invalid_grant");
  });

  test("stores no token in readable form", async () => {
    const person = await newPerson(portico);
    const next = await refreshed(portico, person.refreshToken);
    const kept = JSON.stringify(await contentsOf(portico.host));
    const secrets = [person.refreshToken, next.refreshToken].map((token) => token.split(".").at(-1)!);
    for (const secret of [...secrets, person.accessToken, next.accessToken]) expect(kept).not.toContain(secret);
  });
});

describe("a stage with two public clients", () => {
  let assembly: AlteredAssembly;

  let host: Portico;

  beforeAll(async () => {
    assembly = alteredAssembly((resources) => {
      for (const { Properties } of Object.values(resources)) {
        const variables = Properties?.Environment?.Variables;
        if (variables?.PUBLIC_CLIENTS !== undefined) variables.PUBLIC_CLIENTS = "web app";
      }
    });
    host = await Portico.start({ assembly: assembly.folder });
  });

  afterAll(async () => {
    await host.close();
    assembly.remove();
  });

  test("neither client can refresh, revoke or end the other's sessions", async () => {
    const { accessToken, refreshToken } = await newPerson(host);
    expectOAuthError(await refresh(host, refreshToken, { client_id: "app" }), 400, "invalid_grant");
    for (const token of [accessToken, refreshToken]) {
      const answer = await host.call("POST", "/oauth/revoke", { form: { token, client_id: "app" } });
      expect({ status: answer.status, text: answer.text }).toEqual({ status: 200, text: "" });
    }
    expect((await host.call("GET", "/v1/users/me", { token: accessToken })).status).toBe(200);
    const second = await refreshed(host, refreshToken);
    const third = await refreshed(host, second.refreshToken);
    expectOAuthError(await refresh(host, refreshToken, { client_id: "app" }), 400, "invalid_grant");
    expect((await refresh(host, third.refreshToken)).status).toBe(200);
  });
});

/** A refresh that comes from this address. */
async function refreshFrom(localAddress: string, refreshToken: string): Promise<Answer> {
  const form = { grant_type: "refresh_token", client_id: "web", refresh_token: refreshToken };
  return await rawCall(portico.url, "POST", new URL(`${portico.url}/oauth/token`).pathname, {
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams(form).toString(),
    localAddress,
  });
}

describe("security events", () => {
  test("logs refresh_token_reused with principal and request id", async () => {
    const person = await newPerson(portico);
    const second = await refreshed(portico, person.refreshToken);
    await refreshed(portico, second.refreshToken);
    const answer = await refresh(portico, person.refreshToken);
    expect(await codesOf(portico, answer)).toContain("refresh_token_reused");
    const event = (await linesOf(portico, answer)).find((line) => line.includes("refresh_token_reused"))!;
    expect(JSON.parse(event)).toMatchObject({
      code: "refresh_token_reused",
      principalId: person.id,
      requestId: answer.headers.get("x-request-id"),
    });
  });

  test("logs refresh_token_repeated when another network repeats a refresh, and stores no address", async () => {
    const person = await newPerson(portico);
    await refreshed(portico, person.refreshToken);
    const own = await refresh(portico, person.refreshToken);
    expect(own.status).toBe(200);
    expect(await codesOf(portico, own)).not.toContain("refresh_token_repeated");
    const other = await refreshFrom("127.0.0.2", person.refreshToken);
    expect(other.status).toBe(200);
    const event = (await linesOf(portico, other)).find((line) => line.includes("refresh_token_repeated"));
    expect(JSON.parse(event!)).toMatchObject({
      code: "refresh_token_repeated",
      principalId: person.id,
      requestId: other.headers.get("x-request-id"),
      network: "127.0.0.0/24",
    });
    const kept = JSON.stringify(await contentsOf(portico.host));
    for (const text of [...(await linesOf(portico, other)), kept]) expect(text).not.toMatch(/127\.0\.0\.[12]/);
  });

  test("logs no reuse for a refresh, its repetition or a forged token", async () => {
    const person = await newPerson(portico);
    const answers = [
      await refresh(portico, person.refreshToken),
      await refresh(portico, person.refreshToken),
      await refresh(portico, tampered(person.refreshToken, "secret")),
    ];
    for (const answer of answers) expect(await codesOf(portico, answer)).not.toContain("refresh_token_reused");
  });
});
