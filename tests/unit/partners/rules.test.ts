import fc from "fast-check";
import {
  changePartner,
  endsTokens,
  isWebsiteUrl,
  normalizeEmail,
  parseGracePeriod,
  registerPartner,
  type StoredPartner,
} from "../../../shared/partners/rules.ts";

const now = new Date("2026-11-20T12:00:00.000Z");
const later = new Date("2026-11-21T12:00:00.000Z");
const registration = {
  name: "Blue Bicycle",
  websiteUrl: "https://bluebicycle.example",
  email: "api@bluebicycle.example",
};
const partner = registerPartner(registration, now);

test("a partner that is registered is active and has one token at a time", () => {
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

describe("changing", () => {
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

  test("touches the given fields and no others, and counts only where something is different", () => {
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

  test("ends tokens exactly where it suspends the partner or narrows the token policy", () => {
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

  test("to undefined is no change", () => {
    expect(changePartner(partner, { name: undefined }, later)).toBe(partner);
  });
});

test("e-mail addresses are the same without regard to case and composition", () => {
  expect(normalizeEmail("API@BlueBicycle.Example")).toBe(normalizeEmail("api@bluebicycle.example"));
  expect(normalizeEmail("zu\u0308rich@a.example")).toBe(normalizeEmail("z\u00fcrich@a.example"));
  expect(normalizeEmail("a@a.example")).not.toBe(normalizeEmail("b@a.example"));
});

describe("a website", () => {
  test.each([
    "https://a.example",
    "https://a.example/",
    "HTTPS://A.example:8443/b?c=d#e",
    "https://xn--zrich-kva.example",
    "https://zürich.example",
  ])("%s is one", (url) => expect(isWebsiteUrl(url)).toBe(true));

  test.each([
    "",
    "a.example",
    "http://a.example",
    "ftp://a.example",
    "https:",
    "https://",
    "https:a.example",
    "https:/a.example",
    "javascript:alert(1)",
    "https://u:p@a.example",
    "https://u@a.example",
    " https://a.example",
    "https://a.example/ b",
    "https://a.example\n",
    "//a.example",
  ])("%j is none", (url) => expect(isWebsiteUrl(url)).toBe(false));
});

describe("a grace period", () => {
  test.each([
    ["PT0S", 0],
    ["P0D", 0],
    ["PT1S", 1000],
    ["PT90M", 5_400_000],
    ["PT24H", 86_400_000],
    ["P1D", 86_400_000],
    ["P1W", 604_800_000],
    ["P7D", 604_800_000],
    ["PT168H", 604_800_000],
    ["P6DT24H", 604_800_000],
    ["P1DT2H3M4S", 93_784_000],
    ["PT604800S", 604_800_000],
  ])("%s has %i ms", (text, ms) => expect(parseGracePeriod(text)).toBe(ms));

  test.each([
    "",
    "P",
    "PT",
    "P1DT",
    "P8D",
    "P7DT1S",
    "P2W",
    "PT604801S",
    "PT169H",
    "P1M",
    "P1Y",
    "PT1.5S",
    "-PT1S",
    "P-1D",
    "pt1s",
    " PT1S",
    "PT1S\n",
    "1D",
    "PT1S1M",
    "P1W1D",
    "0",
  ])("%j is none", (text) => expect(parseGracePeriod(text)).toBeUndefined());
});
