import fc from "fast-check";
import type { StoredPartner } from "../../../shared/partners/model.ts";
import { changePartner, endsTokens, registerPartner } from "../../../shared/partners/rules.ts";

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

  test("ends tokens exactly if it suspends the partner or narrows the token policy", () => {
    fc.assert(
      fc.property(patches, (patch) => {
        for (const tokenPolicy of ["single", "many"] as const) {
          for (const status of ["active", "suspended"] as const) {
            const before = { ...partner, tokenPolicy, status };
            const suspends = status === "active" && patch.status === "suspended";
            const narrows = tokenPolicy === "many" && patch.tokenPolicy === "single";
            expect(endsTokens(before, changePartner(before, patch, later))).toBe(suspends || narrows);
          }
        }
      }),
    );
  });

  test("ignores an undefined field", () => {
    expect(changePartner(partner, { name: undefined }, later)).toBe(partner);
  });
});
