import fc from "fast-check";
import { claimOf, recording, Replay, withKeyedFingerprint, type Claim } from "../../../shared/http/idempotency.ts";
import { Problem } from "../../../shared/domain/problems.ts";
import { idempotencyRecordKey } from "../../../shared/contract/idempotency-record.ts";

const now = new Date("2026-11-20T12:00:00.900Z");
const scope = { principalId: "ptr_1", operationId: "subscriptions.extend", now };
const answer = { status: 200, headers: { etag: '"2"' }, body: "{}" };

function claim(idempotencyKey: string, request: unknown = {}, by = scope): Claim {
  const made = claimOf(idempotencyKey, by, request);
  if (made === undefined) throw new Error("no claim");
  return made;
}

const visible = fc.string({
  unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
  minLength: 1,
  maxLength: 255,
});

describe("a key", () => {
  test("of 1 to 255 visible ASCII characters creates a claim, and no key creates none", () => {
    fc.assert(fc.property(visible, (text) => expect(claim(text).now).toBe(now)));
    expect(claimOf(undefined, scope, {})).toBeUndefined();
  });

  test.each(["", " ", "a b", "ä", "a\u0000", "\u007f", "x".repeat(256)])("%j is invalid", (text) => {
    expect(() => claim(text)).toThrow(expect.objectContaining({ code: "validation_failed" }));
  });

  test("is scoped to caller and operation", () => {
    const keys = [
      claim("k"),
      claim("K"),
      claim("k", {}, { ...scope, principalId: "ptr_2" }),
      claim("k", {}, { ...scope, operationId: "subscriptions.create" }),
    ].map((made) => made.key.pk);
    expect(new Set(keys).size).toBe(4);
    expect(claim("k").key).toEqual(idempotencyRecordKey("ptr_1", "subscriptions.extend", "k"));
  });

  test("is not stored in plain text", () => {
    expect(JSON.stringify(claim("order-4711").key)).not.toContain("4711");
  });
});

describe("a keyed fingerprint", () => {
  const made = claim("k", { password: "correct horse battery staple" });

  test("is the same for the same request and secret, and differs for any other", () => {
    const { fingerprint } = withKeyedFingerprint(made, "secret");
    expect(withKeyedFingerprint(claim("k", { password: "correct horse battery staple" }), "secret")).toEqual({
      ...made,
      fingerprint,
    });
    const others = [
      made,
      withKeyedFingerprint(made, "another secret"),
      withKeyedFingerprint(claim("k", { password: "another password" }), "secret"),
      withKeyedFingerprint(claim("other-key", { password: "correct horse battery staple" }), "secret"),
    ];
    expect(others.map((other) => other.fingerprint)).not.toContain(fingerprint);
  });
});

describe("a fingerprint", () => {
  const members = fc.dictionary(fc.string({ maxLength: 5 }), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 6 });

  test("is independent of the order of members", () => {
    fc.assert(
      fc.property(members, members, (path, body) => {
        const turned = (value: object) => Object.fromEntries(Object.entries(value).reverse());
        expect(claim("k", [path, { b: body }]).fingerprint).toBe(
          claim("k", [turned(path), { b: turned(body) }]).fingerprint,
        );
      }),
    );
  });

  test("differs for a different request", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 3 }), fc.jsonValue({ maxDepth: 3 }), (one, other) => {
        // 0 and −0 are one number in JSON.
        const text = (value: unknown) => JSON.stringify(JSON.parse(JSON.stringify(value)));
        const sorted = (value: unknown): unknown =>
          Array.isArray(value)
            ? value.map(sorted)
            : typeof value === "object" && value !== null
              ? Object.entries(value)
                  .map(([name, member]) => [name, sorted(member)])
                  .sort()
              : value;
        fc.pre(text(sorted(one)) !== text(sorted(other)));
        expect(claim("k", one).fingerprint).not.toBe(claim("k", other).fingerprint);
      }),
    );
  });

  test("distinguishes arrays from objects, the order of arrays, and missing members", () => {
    const requests = [[1, 2], [2, 1], { 0: 1, 1: 2 }, {}, { a: null }, [], null, "null", [[{}, {}]], [{}, [{}]]];
    expect(new Set(requests.map((request) => claim("k", request).fingerprint)).size).toBe(requests.length);
  });
});

describe("a record", () => {
  const write = recording(claim("k", { a: 1 }), answer);
  const meaning = (existing: object | undefined) => write.onConditionFailed?.(existing, () => false);

  test("keeps the response for 24 hours and can be replaced afterwards", () => {
    const seconds = Math.floor(now.getTime() / 1000);
    expect(write).toMatchObject({ put: { ...claim("k").key, ...answer, ttl: seconds + 86_400 } });
    expect(write.condition?.values).toEqual({ ":now": seconds });
  });

  test("returns its response to the same request", () => {
    const existing = { ...answer, status: 201, body: "first", fingerprint: claim("k", { a: 1 }).fingerprint };
    const replay = meaning(existing);
    expect(replay).toBeInstanceOf(Replay);
    expect((replay as Replay).answer).toEqual({ status: 201, headers: answer.headers, body: "first" });
  });

  test("rejects a different request", () => {
    const existing = { ...answer, fingerprint: claim("k", { a: 2 }).fingerprint };
    expect(meaning(existing)).toMatchObject({ code: "idempotency_key_reused" });
  });

  test("that another call is writing means that the first request still runs", () => {
    expect(write.onContention?.()).toMatchObject({ code: "request_in_progress", extras: { retryAfterSeconds: 1 } });
    expect(write.onContention?.()).toBeInstanceOf(Problem);
  });
});
