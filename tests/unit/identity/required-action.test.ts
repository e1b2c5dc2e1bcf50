import fc from "fast-check";
import { roles } from "../../../shared/domain/access.ts";
import { requiredActionOf } from "../../../shared/identity/authenticate.ts";
import type { UserState } from "../../../shared/identity/model.ts";

const state: UserState = { kind: "user", status: "active", role: "admin", version: 1, sessionsFrom: 1 };
const needed = { administratorsNeedSecondFactor: true };

test("a one-time password is changed first, whoever has it and however the stage is set", () => {
  fc.assert(
    fc.property(fc.constantFrom(...roles), fc.boolean(), (role, administratorsNeedSecondFactor) => {
      const user = { ...state, role, passwordIsOneTime: true, secondFactor: true };
      expect(requiredActionOf(user, ["pwd", "otp", "mfa"], { administratorsNeedSecondFactor })).toBe("change_password");
    }),
  );
});

test("only administrators need a second factor, and only where the stage says so", () => {
  for (const role of roles) {
    const expected = role === "user" ? undefined : "enrol_second_factor";
    expect(requiredActionOf({ ...state, role }, ["pwd"], needed)).toBe(expected);
    expect(requiredActionOf({ ...state, role }, ["pwd"], { administratorsNeedSecondFactor: false })).toBeUndefined();
  }
});

test.each([
  ["a confirmed factor", true, ["pwd", "otp", "mfa"], undefined],
  ["a factor that was confirmed in this session", true, ["pwd"], undefined],
  ["a removed factor, although the session proved it", false, ["pwd", "otp", "mfa"], "enrol_second_factor"],
  ["the identity provider's second factor", false, ["mfa"], undefined],
  ["the identity provider's first factor", false, [], "enrol_second_factor"],
] as const)("with %s the action is right", (_name, secondFactor, amr, action) => {
  expect(requiredActionOf({ ...state, secondFactor }, amr, needed)).toBe(action);
});
