import { randomBytes } from "node:crypto";
import {
  isHardToGuess,
  isWebsiteUrl,
  normalizeEmail,
  parseGracePeriod,
  websitePattern,
} from "../../../shared/partners/model.ts";

test("normalizeEmail ignores case and Unicode composition", () => {
  expect(normalizeEmail("API@BlueBicycle.Example")).toBe(normalizeEmail("api@bluebicycle.example"));
  expect(normalizeEmail("zu\u0308rich@a.example")).toBe(normalizeEmail("z\u00fcrich@a.example"));
  expect(normalizeEmail("a@a.example")).not.toBe(normalizeEmail("b@a.example"));
});

describe("isWebsiteUrl", () => {
  test.each([
    "https://a.example",
    "https://a.example/",
    "HTTPS://A.example:8443/b?c=d#e",
    "https://xn--zrich-kva.example",
    "https://zürich.example",
  ])("accepts %s, and so does the contract's pattern", (url) => {
    expect(isWebsiteUrl(url)).toBe(true);
    expect(url).toMatch(new RegExp(websitePattern, "u"));
  });

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
  ])("rejects %j", (url) => expect(isWebsiteUrl(url)).toBe(false));
});

describe("parseGracePeriod", () => {
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
  ])("%s is %i ms", (text, ms) => expect(parseGracePeriod(text)).toBe(ms));

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
  ])("rejects %j", (text) => expect(parseGracePeriod(text)).toBeUndefined());
});

describe("isHardToGuess", () => {
  test.each([
    "chosen-by-the-partner",
    "correct-horse-battery-staple",
    "0f8e3b7c29d14a65",
    "Zk3mY0vQx1lT7cN5",
    `${"a".repeat(100)}Zk3mY0vQx1lT7cN5`,
  ])("accepts %s", (secret) => expect(isHardToGuess(secret)).toBe(true));

  test("accepts what is generated, and almost every random text of sixteen hexadecimal digits", () => {
    const secrets = Array.from({ length: 1000 }, () => randomBytes(8).toString("hex"));
    expect(secrets.filter(isHardToGuess).length).toBeGreaterThan(950);
    const generated = Array.from({ length: 1000 }, () => randomBytes(32).toString("base64url"));
    expect(generated.every(isHardToGuess)).toBe(true);
  });

  test.each([
    "aaaaaaaaaaaaaaaa",
    "a".repeat(128),
    "abababababababab",
    "abcdefghijklmnop",
    "0123456789012345",
    "zyxwvutsrqponmlk",
    "1234567812345678",
    "passwordpassword",
    "password12345678",
    "secretsecretsecretsecret",
    "a1a1a1a1a1a1a1a1a1a1",
    "",
  ])("rejects %j", (secret) => expect(isHardToGuess(secret)).toBe(false));
});
