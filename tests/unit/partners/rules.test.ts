import fc from "fast-check";
import type { StoredPartner } from "../../../shared/partners/model.ts";
import { changePartner, endsTokens, refuseOwnChange, registerPartner } from "../../../shared/partners/rules.ts";

const now = new Date("2026-11-20T12:00:00.000Z");
const later = new Date("2026-11-21T12:00:00.000Z");
const registration = {
  name: "Blue Bicycle",
  websiteUrl: "https://bluebicycle.example",
  email: "api@bluebicycle.example",
};
const partner = registerPartner(registration, now);

test("registers an active partner with the token policy single", () => {
  expect(partner).toEqual({
    ...registration,
    id: expect.stringMatching(/^ptr_[0-9A-Z]{26}$/),
    status: "active",
    tokenPolicy: "single",
    dpopBoundAccessTokens: false,
    expiryNotice: "P7D",
    createdAt: now.toISOString(),
    updatedAt: now.toISOString(),
    revision: 1,
  });
});

describe("changePartner", () => {
  const patches = fc.record(
    {
      name: fc.constantFrom("Blue Bicycle", "Red Bicycle"),
      websiteUrl: fc.constantFrom("https://bluebicycle.example", "https://red.example"),
      email: fc.constantFrom("api@bluebicycle.example", "red@red.example"),
      status: fc.constantFrom("active", "suspended"),
      tokenPolicy: fc.constantFrom("single", "many"),
      dpopBoundAccessTokens: fc.boolean(),
    },
    { requiredKeys: [] },
  );

  test("changes only the given fields and raises the revision only for a difference", () => {
    fc.assert(
      fc.property(patches, (patch) => {
        const changed = changePartner(partner, patch, later);
        const different = Object.entries(patch).some(([name, value]) => partner[name as keyof StoredPartner] !== value);
        if (!different) {
          expect(changed).toBe(partner);
          return;
        }
        expect(changed).toEqual({ ...partner, ...patch, updatedAt: later.toISOString(), revision: 2 });
      }),
    );
  });

  test("ends tokens exactly if it suspends the partner, narrows the token policy or begins to require bound tokens", () => {
    const states = fc.record({
      status: fc.constantFrom("active", "suspended"),
      tokenPolicy: fc.constantFrom("single", "many"),
      dpopBoundAccessTokens: fc.option(fc.boolean(), { nil: undefined }),
    });
    fc.assert(
      fc.property(states, patches, (state, patch) => {
        const before = { ...partner, ...state };
        const suspends = state.status === "active" && patch.status === "suspended";
        const narrows = state.tokenPolicy === "many" && patch.tokenPolicy === "single";
        const binds = state.dpopBoundAccessTokens !== true && patch.dpopBoundAccessTokens === true;
        expect(endsTokens(before, changePartner(before, patch, later))).toBe(suspends || narrows || binds);
      }),
    );
  });

  test("requires no bound tokens of a partner that was registered before they existed", () => {
    const { dpopBoundAccessTokens: _unknown, ...older } = partner;
    expect(changePartner(older, { dpopBoundAccessTokens: false }, later).revision).toBe(older.revision);
    expect(changePartner(older, { dpopBoundAccessTokens: true }, later).revision).toBe(older.revision + 1);
  });

  test("lets a partner change nothing of itself but how its tokens are bound", () => {
    expect(refuseOwnChange(partner, {})).toBeUndefined();
    expect(refuseOwnChange(partner, { dpopBoundAccessTokens: true })).toBeUndefined();
    for (const patch of [{ name: "Red Bicycle" }, { dpopBoundAccessTokens: true, status: "active" as const }]) {
      expect(refuseOwnChange(partner, patch)).toMatchObject({ code: "forbidden" });
    }
    const suspended = { ...partner, status: "suspended" as const };
    expect(refuseOwnChange(suspended, { dpopBoundAccessTokens: true })).toMatchObject({ code: "token_revoked" });
  });

  test("ignores an undefined field", () => {
    expect(changePartner(partner, { name: undefined }, later)).toBe(partner);
  });
});
