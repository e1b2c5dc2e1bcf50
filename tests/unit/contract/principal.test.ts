import fc from "fast-check";
import { administrators, requiredActions, roles, scopes } from "../../../shared/domain/access.ts";
import type { Access } from "../../../shared/contract/operation.ts";
import {
  fromAuthorizerContext,
  refuseAccess,
  refuseRequiredAction,
  requireSelf,
  toAuthorizerContext,
  type Principal,
} from "../../../shared/contract/principal.ts";

const partners: fc.Arbitrary<Principal> = fc.record({
  kind: fc.constant("partner"),
  id: fc.constant("ptr_1"),
  tokenId: fc.uuid(),
  scopes: fc.subarray([...scopes], { minLength: 1 }),
});
const users: fc.Arbitrary<Principal> = fc.record(
  {
    kind: fc.constant("user"),
    id: fc.constant("usr_1"),
    tokenId: fc.uuid(),
    role: fc.constantFrom(...roles),
    sessionId: fc.uuid(),
    requiredAction: fc.constantFrom(...requiredActions),
  },
  { requiredKeys: ["kind", "id", "tokenId", "role", "sessionId"] },
);
const accesses: fc.Arbitrary<Exclude<Access, "public">> = fc.record(
  {
    partner: fc.record({ scope: fc.constantFrom(...scopes) }, { requiredKeys: [] }),
    user: fc.record({ roles: fc.subarray([...roles], { minLength: 1 }) }),
  },
  { requiredKeys: [] },
);

test("a principal survives the authorizer's context, which contains only strings", () => {
  fc.assert(
    fc.property(fc.oneof(partners, users), (principal) => {
      const context = toAuthorizerContext(principal);
      expect(Object.values(context).every((value) => typeof value === "string")).toBe(true);
      expect(fromAuthorizerContext(context)).toEqual(principal);
    }),
  );
});

test.each([
  {},
  { kind: "partner", id: "ptr_1" },
  { kind: "user", tokenId: "t" },
  { kind: "robot", id: "x", tokenId: "t" },
])("the context %j contains no principal", (context) =>
  expect(fromAuthorizerContext(context as never)).toBeUndefined(),
);

test("a required action keeps its person from every operation that is not declared for it, and nobody else", () => {
  fc.assert(
    fc.property(fc.oneof(partners, users), fc.subarray([...requiredActions]), (principal, allowedBefore) => {
      const action = principal.kind === "user" ? principal.requiredAction : undefined;
      const expected =
        action === undefined || allowedBefore.includes(action)
          ? undefined
          : action === "change_password"
            ? "password_change_required"
            : "second_factor_enrolment_required";
      expect(refuseRequiredAction({ allowedBefore }, principal)?.code).toBe(expected);
    }),
  );
  expect(refuseRequiredAction({}, undefined)).toBeUndefined();
});

describe("access", () => {
  test("is granted only to partners with the scope and users with one of the roles", () => {
    fc.assert(
      fc.property(accesses, fc.oneof(partners, users), (access, principal) => {
        const { partner, user } = access;
        const allowed =
          principal.kind === "partner"
            ? partner !== undefined && (partner.scope === undefined || principal.scopes.includes(partner.scope))
            : user?.roles.includes(principal.role) === true;
        const expected = allowed
          ? undefined
          : principal.kind === "partner" && partner
            ? "insufficient_scope"
            : "forbidden";
        expect(refuseAccess(access, principal)?.code).toBe(expected);
      }),
    );
  });

  test("to public operations is granted to everybody", () => {
    fc.assert(
      fc.property(fc.option(fc.oneof(partners, users), { nil: undefined }), (who) =>
        expect(refuseAccess("public", who)).toBeUndefined(),
      ),
    );
  });

  test("to all other operations requires a token", () => {
    fc.assert(fc.property(accesses, (access) => expect(refuseAccess(access, undefined)?.code).toBe("token_missing")));
  });

  test("of administrators includes root", () => {
    expect(administrators).toEqual(["admin", "root"]);
  });
});

describe("a partner for itself", () => {
  const partner: Principal = { kind: "partner", id: "ptr_1", tokenId: "t", scopes: [...scopes] };

  test("finds itself and no other partner", () => {
    expect(requireSelf(partner, "ptr_1")).toBe("ptr_1");
    expect(() => requireSelf(partner, "ptr_2")).toThrow(expect.objectContaining({ code: "not_found" }));
  });

  test("is the one that an administrator names", () => {
    expect(requireSelf({ kind: "user", id: "usr_1", tokenId: "t", role: "admin", sessionId: "s" }, "ptr_2")).toBe(
      "ptr_2",
    );
  });
});
