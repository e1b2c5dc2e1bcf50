/** A key set always contains every key that is still needed. */
import fc from "fast-check";
import {
  generateSigningKey,
  parseSigningKeySet,
  publicKeysOf,
  rotateKeySet,
  type SigningKey,
  type SigningKeySet,
} from "../../../shared/identity/signing-keys.ts";

const lifetimeSeconds = 3600;
/** The maximum time for which a function signs with a cached key. */
const memorySeconds = 60;
const start = Date.UTC(2026, 10, 20) / 1000;

function keyNamed(kid: string): SigningKey {
  return { kty: "OKP", crv: "Ed25519", x: kid, d: kid, kid };
}
const at = (seconds: number): Date => new Date(seconds * 1000);
const kidsOf = ({ keys }: SigningKeySet): string[] => keys.map(({ kid }) => kid);

interface Rotated {
  readonly set: SigningKeySet;
  /** When the set was made, in seconds of the epoch. */
  readonly madeAt: number;
  /** Until when each key may have signed a token. */
  readonly signedUntil: ReadonlyMap<string, number>;
}

/** Rotates repeatedly, with random pauses and durations. */
function rotated(rotations: readonly { readonly afterSeconds: number; readonly takesSeconds: number }[]): Rotated[] {
  const steps: Rotated[] = [];
  const signedUntil = new Map<string, number>();
  let set: SigningKeySet = { keys: [keyNamed("first")] };
  let now = start;
  for (const [index, { afterSeconds, takesSeconds }] of rotations.entries()) {
    const before = set.keys[0]!.kid;
    const madeAt = now + afterSeconds;
    set = rotateKeySet(set, keyNamed(`key ${index}`), lifetimeSeconds, at(madeAt));
    steps.push({ set, madeAt, signedUntil: new Map(signedUntil) });
    now = madeAt + takesSeconds;
    signedUntil.set(before, now + memorySeconds);
  }
  return steps;
}

const anyRotations = fc.array(
  fc.record({
    afterSeconds: fc.integer({ min: 0, max: 3 * lifetimeSeconds }),
    // A failed rotation is continued later.
    takesSeconds: fc.integer({ min: 0, max: 3 * lifetimeSeconds }),
  }),
  { minLength: 1, maxLength: 12 },
);

test("every set contains each key whose last token has not expired, whatever the rotations", () => {
  fc.assert(
    fc.property(anyRotations, (rotations) => {
      for (const { set, madeAt, signedUntil } of rotated(rotations)) {
        const needed = [...signedUntil].filter(([, until]) => until + lifetimeSeconds > madeAt).map(([kid]) => kid);
        expect(kidsOf(set)).toEqual(expect.arrayContaining(needed));
      }
    }),
  );
});

test("the next set contains the current key, after the new one", () => {
  fc.assert(
    fc.property(anyRotations, (rotations) => {
      let before = "first";
      for (const [index, { set }] of rotated(rotations).entries()) {
        expect(kidsOf(set).slice(0, 2)).toEqual([`key ${index}`, before]);
        before = `key ${index}`;
      }
    }),
  );
});

test("a set contains each key once", () => {
  fc.assert(
    fc.property(anyRotations, (rotations) => {
      for (const { set } of rotated(rotations)) expect(new Set(kidsOf(set)).size).toBe(set.keys.length);
    }),
  );
});

test("drops keys whose last token has expired", () => {
  const monthly = Array.from({ length: 24 }, () => ({ afterSeconds: 30 * 24 * 3600, takesSeconds: 3 }));
  for (const { set } of rotated(monthly)) expect(set.keys.length).toBeLessThanOrEqual(3);
});

test("drops no key if tokens never expire", () => {
  const years = Array.from({ length: 10 }, (_, index) => at(start + index * 365 * 24 * 3600));
  const set = years.reduce<SigningKeySet>(
    (before, now, index) => rotateKeySet(before, keyNamed(`key ${index}`), undefined, now),
    { keys: [keyNamed("first")] },
  );
  expect(set.keys).toHaveLength(11);
});

test("an empty set becomes one with only the new key", () => {
  expect(kidsOf(rotateKeySet({ keys: [] }, keyNamed("new"), lifetimeSeconds, at(start)))).toEqual(["new"]);
});

test("a set survives serialisation, and its public form has no private members", async () => {
  const now = at(start);
  const first = await generateSigningKey(now);
  const set = rotateKeySet({ keys: [first] }, await generateSigningKey(now), lifetimeSeconds, now);
  expect(parseSigningKeySet(JSON.stringify(set))).toEqual(set);
  for (const key of publicKeysOf(set)) {
    expect(Object.keys(key).sort()).toEqual(["alg", "crv", "kid", "kty", "use", "x"]);
  }
});

test("each key has its own id that starts with the day of its creation", async () => {
  const kids = await Promise.all(Array.from({ length: 20 }, async () => (await generateSigningKey(at(start))).kid));
  expect(new Set(kids).size).toBe(20);
  for (const kid of kids) expect(kid).toMatch(/^2026-11-20-/);
});

test.each(["", "text", "{}", '{"keys":[]}', '{"keys":[{"kty":"RSA"}]}'])("%j is not a key set", (text) => {
  expect(parseSigningKeySet(text)).toBeUndefined();
});
