import fc from "fast-check";
import { recoveryCodeCount, type SecondFactor } from "../../../shared/identity/model.ts";
import {
  beginSecondFactor,
  checkCode,
  renewRecoveryCodes,
  showRecoveryCode,
  type CodeVerdict,
} from "../../../shared/identity/second-factor.ts";
import { stepAt, totpCode } from "../../../shared/identity/totp.ts";

const owner = { userId: "usr_01JD3Y5W8Q4T6V2X9ZB7C1D3EF", key: "the key that no table has" };
const now = new Date("2026-11-20T12:00:00.000Z");

function acceptedOf(verdict: CodeVerdict): SecondFactor {
  if (verdict.kind !== "accepted") throw new Error(`the code is ${verdict.kind}`);
  return verdict.next;
}

/** A code that no step around now has. */
function wrongCode(secret: Buffer): string {
  const near = [-1, 0, 1].map((offset) => totpCode(secret, stepAt(now) + offset));
  return ["000000", "000001", "000002", "000003"].find((code) => !near.includes(code))!;
}

test("a code is accepted once, and so is no earlier one after it", () => {
  const { secret, factor } = beginSecondFactor(owner);
  const [earlier, current] = [stepAt(now) - 1, stepAt(now)].map((step) => totpCode(secret, step));
  const next = acceptedOf(checkCode(factor, current!, owner, now));
  expect(next.lastStep).toBe(stepAt(now));
  expect(checkCode(next, current!, owner, now)).toEqual({ kind: "used" });
  expect(checkCode(next, earlier!, owner, now).kind).not.toBe("accepted");
  expect(checkCode(factor, wrongCode(secret), owner, now)).toEqual({ kind: "wrong" });
});

test("the code of the next step is accepted after the current one", () => {
  const { secret, factor } = beginSecondFactor(owner);
  const used = acceptedOf(checkCode(factor, totpCode(secret, stepAt(now)), owner, now));
  const later = new Date(now.getTime() + 30_000);
  expect(checkCode(used, totpCode(secret, stepAt(later)), owner, later).kind).toBe("accepted");
});

test("each recovery code is accepted once, however it is typed", () => {
  const { codes, factor } = renewRecoveryCodes(beginSecondFactor(owner).factor, owner);
  expect(new Set(codes).size).toBe(recoveryCodeCount);
  let current = factor;
  for (const code of codes) {
    const typed = [code, showRecoveryCode(code), code.toLowerCase(), ` ${showRecoveryCode(code)} `];
    expect(typed.map((one) => checkCode(current, one, owner, now).kind)).toEqual(typed.map(() => "accepted"));
    current = acceptedOf(checkCode(current, code, owner, now));
    expect(checkCode(current, code, owner, now)).toEqual({ kind: "wrong" });
  }
  expect(current.recoveryHashes).toEqual([]);
});

test("new recovery codes replace the previous ones", () => {
  const first = renewRecoveryCodes(beginSecondFactor(owner).factor, owner);
  const second = renewRecoveryCodes(first.factor, owner);
  expect(checkCode(second.factor, first.codes[0]!, owner, now)).toEqual({ kind: "wrong" });
  expect(checkCode(second.factor, second.codes[0]!, owner, now).kind).toBe("accepted");
});

test("what is stored contains neither the secret nor a code", () => {
  const { secret, factor } = beginSecondFactor(owner);
  const { codes, factor: confirmed } = renewRecoveryCodes(factor, owner);
  const stored = JSON.stringify(confirmed);
  for (const encoding of ["base64", "base64url", "hex"] as const)
    expect(stored).not.toContain(secret.toString(encoding));
  for (const code of codes) expect(stored).not.toContain(code);
});

test("a factor opens for its owner with its key only, and unchanged only", () => {
  const { secret, factor } = beginSecondFactor(owner);
  const code = totpCode(secret, stepAt(now));
  for (const other of [
    { ...owner, userId: "usr_01JD3Y5W8Q4T6V2X9ZB7C1D3EG" },
    { ...owner, key: "another key" },
  ]) {
    expect(() => checkCode(factor, code, other, now)).toThrow("authenticate data");
  }
  fc.assert(
    fc.property(fc.nat({ max: factor.sealedSecret.length - 2 }), fc.constantFrom("A", "B"), (index, letter) => {
      fc.pre(factor.sealedSecret[index] !== letter);
      const sealedSecret = `${factor.sealedSecret.slice(0, index)}${letter}${factor.sealedSecret.slice(index + 1)}`;
      expect(() => checkCode({ ...factor, sealedSecret }, code, owner, now)).toThrow("authenticate data");
    }),
  );
});

test("a recovery code of another person is wrong", () => {
  const { codes, factor } = renewRecoveryCodes(beginSecondFactor(owner).factor, owner);
  const other = beginSecondFactor({ ...owner, userId: "usr_01JD3Y5W8Q4T6V2X9ZB7C1D3EG" }).factor;
  const moved = { ...other, recoveryHashes: factor.recoveryHashes };
  const otherOwner = { ...owner, userId: "usr_01JD3Y5W8Q4T6V2X9ZB7C1D3EG" };
  expect(checkCode(moved, codes[0]!, otherOwner, now)).toEqual({ kind: "wrong" });
});
