import { fingerprintSecret, needsKeyedFingerprint } from "../../../shared/contract/operation.ts";
import { operations } from "../../../shared/operations.ts";

/** The names of members anywhere in a schema's examples. */
const exampleOf = (id: string) => operations.find((operation) => operation.id === id)?.request.bodyExample ?? {};

describe("the fingerprint of an idempotent request", () => {
  const keyed = operations.filter(needsKeyedFingerprint);

  test("is keyed where the body has a password, a secret or a code", () => {
    expect(keyed.map(({ id }) => id)).toEqual(
      expect.arrayContaining(["coupons.create", "coupons.redeem", "users.change-password", "users.create"]),
    );
    const named = operations.filter(
      ({ id, idempotent }) => idempotent === true && /password|secret|"code"/i.test(JSON.stringify(exampleOf(id))),
    );
    expect(named.filter((operation) => !keyed.includes(operation)).map(({ id }) => id)).toEqual([]);
  });

  test("costs only these operations the right to read its secret", () => {
    for (const { secrets } of keyed) expect(secrets).toContain(fingerprintSecret);
    const idempotent = operations.filter((operation) => operation.idempotent === true && !keyed.includes(operation));
    expect(idempotent.filter(({ secrets = [] }) => secrets.includes(fingerprintSecret)).map(({ id }) => id)).toEqual(
      [],
    );
  });
});
