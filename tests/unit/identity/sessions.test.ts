/** How a presented refresh token relates to its session at any time. */
import fc from "fast-check";
import { graceMs, refreshTokenSeconds, type Session } from "../../../shared/identity/model.ts";
import {
  beginSession,
  continueSession,
  endOfSession,
  expiryOf,
  formatRefreshToken,
  hashRefreshToken,
  newRefreshToken,
  parseRefreshToken,
  refreshTokenState,
  successorOf,
  withStart,
  type RefreshToken,
} from "../../../shared/identity/sessions.ts";

const key = "the key that no table has";
const userId = "usr_01JD3Y5W8Q4T6V2X9ZB7C1D3EF";
const sessionId = "ses_01JD3Y5X2M6N8P0R4T7V9WBCDE";
const start = new Date("2026-11-20T12:00:00.000Z");
const later = (ms: number): Date => new Date(start.getTime() + ms);

const maxAgeSeconds = 30 * 24 * 60 * 60;
const begin = { clientId: "web", signInMethod: "password", version: 1, maxAgeSeconds } as const;
const use = { version: 1, spentFrom: "a network", maxAgeSeconds };

interface Chain {
  /** All tokens of the session, the current one last. */
  readonly tokens: readonly [RefreshToken, ...RefreshToken[]];
  readonly session: Session;
}

/** A session after this many refreshes; its current token was issued at `start`. */
function chainOf(refreshes: number): Chain {
  const tokens: [RefreshToken, ...RefreshToken[]] = [newRefreshToken(userId, sessionId)];
  let session = beginSession(tokens[0], begin, start);
  for (let count = 0; count < refreshes; count++) {
    const next = successorOf(tokens.at(-1)!, key);
    tokens.push(next);
    session = continueSession(session, next, use, start);
  }
  return { tokens, session };
}

const refreshes = fc.integer({ min: 0, max: 60 });
const secret = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString("base64url"));

describe("a refresh token", () => {
  test("has 256 bits and is unique", () => {
    const tokens = Array.from({ length: 100 }, () => newRefreshToken(userId, sessionId));
    for (const token of tokens) expect(Buffer.from(token.secret, "base64url")).toHaveLength(32);
    expect(new Set(tokens.map((token) => token.secret)).size).toBe(100);
  });

  test("is parsed as it was written, for any generation", () => {
    fc.assert(
      fc.property(secret, fc.integer({ min: 1, max: 999_999 }), (chosen, generation) => {
        const token = { userId, sessionId, generation, secret: chosen };
        expect(parseRefreshToken(formatRefreshToken(token))).toEqual(token);
      }),
    );
  });

  const [user, session] = [userId.slice(4), sessionId.slice(4)];
  const bits = "A".repeat(43);
  test.each([
    ["nothing", ""],
    ["a word", "garbage"],
    ["a part less", `${user}.${session}.${bits}`],
    ["a part more", `${user}.${session}.1.${bits}.1`],
    ["the generation 0", `${user}.${session}.0.${bits}`],
    ["a generation with a zero before it", `${user}.${session}.01.${bits}`],
    ["a generation below 0", `${user}.${session}.-1.${bits}`],
    ["a generation that would take for ever", `${user}.${session}.1000000.${bits}`],
    ["a secret that is too short", `${user}.${session}.1.${bits.slice(1)}`],
    ["a secret that is too long", `${user}.${session}.1.${bits}A`],
    ["a secret that is no base64url", `${user}.${session}.1.${bits.slice(1)}+`],
    ["ids with their prefixes", `${userId}.${sessionId}.1.${bits}`],
    ["ids in lower case", `${user.toLowerCase()}.${session.toLowerCase()}.1.${bits}`],
    ["ids that are none", `${"U".repeat(26)}.${session}.1.${bits}`],
    ["a line more", `${user}.${session}.1.${bits}\n`],
    ["a blank before it", ` ${user}.${session}.1.${bits}`],
  ])("is not %s", (_what, text) => {
    expect(parseRefreshToken(text)).toBeUndefined();
  });

  test("cannot be read from its stored form", () => {
    const { tokens, session: keptSession } = chainOf(3);
    const text = JSON.stringify(keptSession);
    for (const token of tokens) expect(text).not.toContain(token.secret);
    expect(keptSession.tokenHash).toBe(hashRefreshToken(tokens.at(-1)!));
  });

  test("has one successor per key, which does not reveal its predecessor", () => {
    const token = newRefreshToken(userId, sessionId);
    const next = successorOf(token, key);
    expect(next).toEqual({ userId, sessionId, generation: 2, secret: successorOf(token, key).secret });
    expect(next.secret).not.toBe(token.secret);
    expect(successorOf(token, `${key}!`).secret).not.toBe(next.secret);
    expect(successorOf({ ...token, sessionId: `${sessionId.slice(0, -1)}F` }, key).secret).not.toBe(next.secret);
  });
});

describe("of the tokens of a session of any length,", () => {
  test("the current one continues it, the previous one gets the same successor, and any earlier one is reuse", () => {
    fc.assert(
      fc.property(refreshes, fc.integer({ min: 0, max: graceMs }), (count, sinceMs) => {
        const { tokens, session } = chainOf(count);
        const states = tokens.map((token) => refreshTokenState(token, session, key, later(sinceMs)));
        const expected = tokens.map((_token, index) =>
          index === count ? "current" : index === count - 1 ? "just_spent" : "reused",
        );
        expect(states).toEqual(expected);
        if (count > 0) expect(successorOf(tokens[count - 1]!, key)).toEqual(tokens[count]);
      }),
    );
  });

  test("after the grace period, all except the current one are reuse", () => {
    fc.assert(
      fc.property(
        refreshes,
        fc.integer({ min: graceMs + 1, max: refreshTokenSeconds * 1000 - 1 }),
        (count, sinceMs) => {
          const { tokens, session } = chainOf(count);
          const states = tokens.map((token) => refreshTokenState(token, session, key, later(sinceMs)));
          expect(states).toEqual(tokens.map((_token, index) => (index === count ? "current" : "reused")));
        },
      ),
    );
  });

  test("none is valid after the current one has expired", () => {
    fc.assert(
      fc.property(refreshes, fc.integer({ min: 0, max: 1e9 }), (count, beyondMs) => {
        const { tokens, session } = chainOf(count);
        const now = later(refreshTokenSeconds * 1000 + beyondMs);
        expect(new Set(tokens.map((token) => refreshTokenState(token, session, key, now)))).toEqual(
          new Set(["expired"]),
        );
      }),
    );
  });

  test("one with any bit changed is forged at any time", () => {
    fc.assert(
      fc.property(refreshes, fc.nat(), fc.nat(255), fc.nat(), (count, which, bit, sinceMs) => {
        const { tokens, session } = chainOf(count);
        const token = tokens[which % tokens.length]!;
        const bytes = Buffer.from(token.secret, "base64url");
        bytes[bit >> 3]! ^= 1 << (bit & 7);
        const bent = { ...token, secret: bytes.toString("base64url") };
        expect(refreshTokenState(bent, session, key, later(sinceMs))).toBe("forged");
      }),
    );
  });

  test("one with a different generation is forged", () => {
    fc.assert(
      fc.property(refreshes, fc.nat(), fc.integer({ min: 1, max: 70 }), (count, which, other) => {
        const { tokens, session } = chainOf(count);
        const token = tokens[which % tokens.length]!;
        fc.pre(other !== token.generation);
        expect(refreshTokenState({ ...token, generation: other }, session, key, start)).toBe("forged");
      }),
    );
  });

  test("the successor of the current one is forged until it is issued", () => {
    fc.assert(
      fc.property(refreshes, (count) => {
        const { tokens, session } = chainOf(count);
        expect(refreshTokenState(successorOf(tokens.at(-1)!, key), session, key, start)).toBe("forged");
      }),
    );
  });

  test("all made with another key are forged", () => {
    const { tokens, session } = chainOf(3);
    const foreign = tokens.slice(0, -1).map((token) => refreshTokenState(token, session, "another key", start));
    expect(foreign).toEqual(["forged", "forged", "forged"]);
    expect(refreshTokenState(successorOf(tokens[2]!, "another key"), session, key, start)).toBe("forged");
  });

  test("one of another session is forged", () => {
    const [one, other] = [chainOf(2), chainOf(2)];
    expect(other.tokens.map((token) => refreshTokenState(token, one.session, key, start))).toEqual(
      Array(3).fill("forged"),
    );
  });
});

describe("the times of a session, to the millisecond:", () => {
  test("a token lives for seven days", () => {
    expect(refreshTokenSeconds).toBe(604_800);
    const { tokens, session } = chainOf(0);
    expect(session.expiresAt).toBe("2026-11-27T12:00:00.000Z");
    expect(refreshTokenState(tokens[0], session, key, later(604_800_000 - 1))).toBe("current");
    expect(refreshTokenState(tokens[0], session, key, later(604_800_000))).toBe("expired");
  });

  test("each new one is valid for another seven days", () => {
    const { tokens, session } = chainOf(0);
    const next = successorOf(tokens[0], key);
    const used = continueSession(session, next, use, later(604_000_000));
    expect(refreshTokenState(next, used, key, later(1_000_000_000))).toBe("current");
    expect(refreshTokenState(next, used, key, later(604_000_000 + 604_800_000))).toBe("expired");
  });

  test("a spent one gets its successor for five seconds", () => {
    expect(graceMs).toBe(5000);
    const { tokens, session } = chainOf(1);
    expect(refreshTokenState(tokens[0], session, key, later(5000))).toBe("just_spent");
    expect(refreshTokenState(tokens[0], session, key, later(5001))).toBe("reused");
  });

  test("no token outlives the maximum age of its session, however often it is refreshed", () => {
    const { tokens, session } = chainOf(0);
    const lastWeekMs = 25 * 24 * 60 * 60 * 1000;
    const next = successorOf(tokens[0], key);
    const used = continueSession({ ...session, expiresAt: "9999" }, next, use, later(lastWeekMs));
    expect(used.expiresAt).toBe(endOfSession(session, maxAgeSeconds).toISOString());
    expect(used.expiresAt).toBe("2026-12-20T12:00:00.000Z");
    expect(beginSession(tokens[0], { ...begin, maxAgeSeconds: 60 }, start).expiresAt).toBe("2026-11-20T12:01:00.000Z");
  });

  test("a shorter maximum age of the role counts at once", () => {
    const { session } = chainOf(0);
    expect(expiryOf(session, maxAgeSeconds).toISOString()).toBe(session.expiresAt);
    expect(expiryOf(session, 60)).toEqual(later(60_000));
  });

  test("the sign-in is never later than the session", () => {
    const [token] = chainOf(0).tokens;
    const signedInAt = (authenticatedAt: Date) =>
      beginSession(token, { ...begin, authenticatedAt }, start).authenticatedAt;
    expect(signedInAt(later(-5000))).toBe(later(-5000).toISOString());
    expect(signedInAt(later(5000))).toBe(start.toISOString());
  });

  test("a session keeps its client and the version of its last use", () => {
    const { tokens, session } = chainOf(0);
    const after = continueSession(session, successorOf(tokens[0], key), { ...use, version: 7 }, start);
    expect(after).toMatchObject({ userId, sessionId, clientId: "web", generation: 2, version: 7 });
  });
});

describe("a session of an earlier release", () => {
  const { createdAt: _created, authenticatedAt: _authenticated, ...earlier } = chainOf(0).session;
  const idTime = "2024-11-20T04:44:36.308Z";

  test("began at the time of its id, and its owner signed in then", () => {
    expect(withStart(earlier)).toEqual({ ...earlier, createdAt: idTime, authenticatedAt: idTime });
  });

  test("keeps the times that it has", () => {
    const { session } = chainOf(3);
    expect(withStart(session)).toEqual(session);
  });
});
