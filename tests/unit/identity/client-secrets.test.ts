import fc from "fast-check";
import {
  acceptsClientSecret,
  generateClientSecret,
  hashClientSecret,
  replaceClientSecret,
} from "../../../shared/identity/client-secrets.ts";

const key = "a key of this test";
const now = new Date("2026-11-20T12:00:00.000Z");
const later = (ms: number) => new Date(now.getTime() + ms);
const hash = (secret: string) => hashClientSecret(secret, key);

test("a generated secret has 256 bits and is unique", () => {
  const made = Array.from({ length: 100 }, generateClientSecret);
  expect(new Set(made).size).toBe(100);
  for (const secret of made) {
    expect(secret).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(Buffer.from(secret, "base64url")).toHaveLength(32);
  }
});

test("accepts only the stored secret", () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (kept, presented) => {
      expect(acceptsClientSecret({ secretHash: hash(kept) }, hash(presented), now)).toBe(kept === presented);
    }),
  );
});

test("the hash depends on the key and does not show the secret", () => {
  expect(hashClientSecret("secret", "one")).not.toBe(hashClientSecret("secret", "other"));
  expect(hash("secret")).not.toContain("secret");
});

test("an unknown client has no secret, not even an empty one", () => {
  for (const secret of ["", "secret", "\u0000"]) expect(acceptsClientSecret(undefined, hash(secret), now)).toBe(false);
  expect(acceptsClientSecret({ secretHash: hash("a") }, "", now)).toBe(false);
  expect(acceptsClientSecret({ secretHash: hash("a") }, `${hash("a")}\u0000`, now)).toBe(false);
});

describe("after a new secret", () => {
  const replaced = replaceClientSecret({ secretHash: hash("old") }, hash("new"), 1000, now);
  const accepts = (secret: string, at: Date, credential = replaced) =>
    acceptsClientSecret(credential, hash(secret), at);

  test("the new one is accepted at once and permanently", () => {
    expect([now, later(1000), later(1e12)].map((at) => accepts("new", at))).toEqual([true, true, true]);
  });

  test("the old one works until the end of the grace period, to the millisecond", () => {
    expect(replaced.previousValidUntil).toBe("2026-11-20T12:00:01.000Z");
    expect([now, later(999), later(1000), later(1001)].map((at) => accepts("old", at))).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });

  test("without a grace period the old one stops working at once", () => {
    expect(accepts("old", now, replaceClientSecret({ secretHash: hash("old") }, hash("new"), 0, now))).toBe(false);
  });

  test("only the last of the earlier secrets keeps working", () => {
    const again = replaceClientSecret(replaced, hash("newest"), 1000, now);
    expect(["old", "new", "newest"].map((secret) => accepts(secret, now, again))).toEqual([false, true, true]);
  });
});
