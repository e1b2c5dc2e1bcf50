/** The maximum number and the maximum age of sessions, and the time of sign-in in their tokens. */
import { decodeJwt } from "jose";
import { userStateChange } from "../../../shared/identity/store.ts";
import { createUser } from "../../../shared/users/rules.ts";
import { userCreation } from "../../../shared/users/store.ts";
import { alteredAssembly, type AlteredAssembly } from "../../support/assembly.ts";
import { expectTokenRefused } from "../../support/expect-problem.ts";
import { externalTokens, newSubject } from "../../support/external-tokens.ts";
import { exchange, expectOAuthError } from "../../support/oauth-answers.ts";
import { weakHash } from "../../support/passwords.ts";
import {
  goodPassword,
  newPerson,
  newUser,
  newUsername,
  refresh,
  refreshed,
  sessionOf,
  type TestSession,
} from "../../support/people.ts";
import { inParallel, Portico, tally } from "../../support/portico.ts";
import { sessionCalls } from "../../support/sessions.ts";
import { plantChanges } from "../../support/table.ts";
import { eventually } from "../../support/waiting.ts";
import { crowdTimeoutMs } from "../../support/values.ts";

const maxSessions = 20;

/** A host whose functions have other limits. */
function hostWith(variables: Readonly<Record<string, string>>): () => Portico {
  let assembly: AlteredAssembly;
  let host: Portico;
  beforeAll(async () => {
    assembly = alteredAssembly((resources) => {
      for (const { Properties } of Object.values(resources)) {
        const own = Properties?.Environment?.Variables;
        if (own?.MAX_SESSIONS !== undefined) Object.assign(own, variables);
      }
    });
    host = await Portico.start({ assembly: assembly.folder });
  });
  afterAll(async () => {
    await host.close();
    assembly.remove();
  });
  return () => host;
}

const portico = Portico.forSuite();
const { present } = sessionCalls(portico);

async function acceptedOf(sessions: readonly TestSession[]): Promise<boolean[]> {
  const answers = await Promise.all(sessions.map(({ accessToken }) => present(accessToken)));
  return answers.map(({ status }) => status === 200);
}

async function countOf(token: string): Promise<number> {
  const { body } = await portico.call("GET", "/v1/users/me/sessions", { token });
  return body.items.length;
}

describe("the maximum number of sessions", () => {
  test(
    "ends the session that was used least recently",
    async () => {
      const user = await newUser(portico);
      const sessions: TestSession[] = [];
      for (let count = 1; count <= maxSessions; count++) sessions.push(await sessionOf(portico, user));
      expect(await acceptedOf(sessions)).toEqual(Array(maxSessions).fill(true));
      const [first, second] = sessions as [TestSession, TestSession];
      const used = await refreshed(portico, first.refreshToken);
      const surplus = await sessionOf(portico, user);
      expect(await acceptedOf([used, second, surplus])).toEqual([true, false, true]);
      expectTokenRefused(await present(second.accessToken), "token_revoked");
      expectOAuthError(await refresh(portico, second.refreshToken), 400, "invalid_grant");
      expect(await countOf(surplus.accessToken)).toBe(maxSessions);
    },
    crowdTimeoutMs,
  );

  test(
    "holds under fifty parallel sign-ins, which all succeed",
    async () => {
      const person = await newPerson(portico);
      const sessions = await inParallel(50, () => sessionOf(portico, person));
      const accepted = await acceptedOf([person, ...sessions]);
      expect(tally(accepted.map(String))).toEqual({ true: maxSessions, false: 31 });
      const alive = sessions.find((_session, index) => accepted[index + 1])!;
      expect(await countOf(alive.accessToken)).toBe(maxSessions);
      const refreshes = await Promise.all(sessions.map(({ refreshToken }) => refresh(portico, refreshToken)));
      const expected = accepted[0] ? maxSessions - 1 : maxSessions;
      expect(refreshes.filter(({ status }) => status === 200)).toHaveLength(expected);
    },
    crowdTimeoutMs,
  );

  test(
    "holds for users of the identity provider",
    async () => {
      const { idToken } = externalTokens(portico);
      const subject = newSubject();
      const answers = await inParallel(25, async () => await exchange(portico, await idToken(subject)));
      expect(tally(answers.map(({ status }) => status))).toEqual({ 200: 25 });
      const sessions = answers.map(({ body }) => ({ accessToken: body.access_token, refreshToken: "" }));
      expect(tally((await acceptedOf(sessions)).map(String))).toEqual({ true: maxSessions, false: 5 });
    },
    crowdTimeoutMs,
  );

  test(
    "keeps the new session alive when more ended sessions than can be remembered end all access tokens",
    async () => {
      const user = await newUser(portico);
      let last: TestSession | undefined;
      // Each sign-in above the maximum ends one, and fifty are remembered.
      for (let count = 1; count <= maxSessions + 51; count++) {
        last = await sessionOf(portico, user);
        if (count > maxSessions + 48) expect(await acceptedOf([last])).toEqual([true]);
      }
      expect((await refresh(portico, last!.refreshToken)).status).toBe(200);
    },
    crowdTimeoutMs,
  );
});

describe("the time of sign-in", () => {
  test("stands in every access token of a session, unchanged by refreshes", async () => {
    const before = Math.floor(Date.now() / 1000);
    const person = await newPerson(portico);
    const { auth_time: authTime, iat } = decodeJwt<{ auth_time: number }>(person.accessToken);
    expect(authTime).toBe(iat);
    expect(authTime).toBeGreaterThanOrEqual(before);
    let session: TestSession = person;
    const later = await eventually(
      async () => (session = await refreshed(portico, session.refreshToken)),
      ({ accessToken }) => decodeJwt(accessToken).iat! > authTime,
    );
    expect(decodeJwt(later.accessToken)["auth_time"]).toBe(authTime);
  });

  test.each([
    ["that of the identity provider", -3600, -3600],
    ["never in the future", 3600, 0],
  ])("is %s", async (_what, given, expected) => {
    const { idToken } = externalTokens(portico);
    const now = Math.floor(Date.now() / 1000);
    const { body } = await exchange(portico, await idToken(newSubject(), { auth_time: now + given }));
    const { auth_time: authTime, iat = 0 } = decodeJwt<{ auth_time: number }>(body.access_token);
    expect(authTime).toBe(expected === 0 ? iat : now + expected);
  });

  test("is not in a partner's token", async () => {
    const { token } = await portico.partnerWithToken();
    expect(decodeJwt(token)).not.toHaveProperty("auth_time");
  });
});

describe("the maximum age of a session", () => {
  const hostOf = hostWith({ SESSION_SECONDS: "2", ADMINISTRATOR_SESSION_SECONDS: "600" });

  test("ends it, however often it is refreshed", async () => {
    const host = hostOf();
    const person = await newPerson(host);
    const { iat = 0, exp = 0 } = decodeJwt(person.accessToken);
    expect(exp - iat).toBe(2);
    let session: TestSession = person;
    const refused = await eventually(
      async () => {
        const answer = await refresh(host, session.refreshToken);
        if (answer.status === 200)
          session = { accessToken: answer.body.access_token, refreshToken: answer.body.refresh_token };
        return answer;
      },
      ({ status }) => status !== 200,
    );
    expectOAuthError(refused, 400, "invalid_grant");
    // The last token expires with the session, within the second to which tokens are rounded.
    expect(decodeJwt(session.accessToken).exp! - iat).toBeLessThanOrEqual(3);
    expect((await sessionOf(host, person)).accessToken).toBeDefined();
  }, 60_000);

  test("depends on the role", async () => {
    const host = hostOf();
    const { accessToken } = await newPerson(host, "admin");
    const { iat = 0, exp = 0 } = decodeJwt(accessToken);
    expect(exp - iat).toBe(600);
  });
});

describe("the shorter maximum age of administrators", () => {
  const hostOf = hostWith({ SESSION_SECONDS: "600", ADMINISTRATOR_SESSION_SECONDS: "1" });

  test("counts for a session that began before the promotion", async () => {
    const host = hostOf();
    // Root's sessions are as short, so it may be too slow to create and promote a user.
    const user = createUser({ username: newUsername(), name: "Ada Lovelace" }, new Date());
    await plantChanges(host.host, [userCreation(user, weakHash(goodPassword))]);
    let session = await sessionOf(host, { username: user.username, password: goodPassword });
    session = await refreshed(host, session.refreshToken);
    await plantChanges(host.host, [[userStateChange(user.id, { status: "active", role: "admin" })]]);
    const refused = await eventually(
      () => refresh(host, session.refreshToken),
      ({ status }) => status !== 200,
    );
    expectOAuthError(refused, 400, "invalid_grant");
  }, 60_000);
});
