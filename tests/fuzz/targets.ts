/**
 * The parsers of what callers send, each with an oracle: it throws nothing but the declared problem, agrees with a second
 * implementation, and reads back what it has written.
 */
import assert from "node:assert/strict";
import { canonicalMoney } from "../../shared/companies/money.ts";
import { instant, parseInstant } from "../../shared/contract/schemas.ts";
import { etagOf, requireMatch } from "../../shared/domain/etag.ts";
import { Problem, type ProblemCode } from "../../shared/domain/problems.ts";
import { openCursor, sealCursor } from "../../shared/http/cursors.ts";
import { isCurrent } from "../../shared/http/content.ts";
import { maxParameters, parseForm } from "../../shared/http/form.ts";
import { claimOf } from "../../shared/http/idempotency.ts";
import { parseJson } from "../../shared/http/json.ts";
import { preferredType } from "../../shared/http/negotiation.ts";
import { OAuthError } from "../../shared/contract/oauth-error.ts";
import { formatRefreshToken, parseRefreshToken } from "../../shared/identity/sessions.ts";
import { grantedScopes, readClientCredentials } from "../../shared/identity/token-requests.ts";
import { scopes } from "../../shared/domain/access.ts";
import { isWebsiteUrl, parseGracePeriod } from "../../shared/partners/model.ts";
import { after, before, parsePeriod } from "../../shared/subscriptions/period.ts";
import type { Target } from "./fuzzer.ts";
import { faultOf } from "./json-reference.ts";
import { tokenTargets } from "./token-targets.ts";

/** What a parser returns; undefined where it refuses with one of these problems. Anything else that it throws is a finding. */
function accepted<Value>(parse: () => Value, ...codes: readonly ProblemCode[]): { readonly value: Value } | undefined {
  try {
    return { value: parse() };
  } catch (error) {
    if (error instanceof Problem && codes.includes(error.code)) return undefined;
    throw error;
  }
}

const json: Target = {
  name: "json",
  seeds: [
    "{}",
    "[]",
    '{"a":[1,"b",{"c":null}],"d":true}',
    '"\\u0061\\ud83d\\ude00"',
    '{"a":1,"a":2}',
    "[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]",
  ],
  words: ['"a"', '"a":', "__proto__", "\\u0061", "\\ud800", "\\u0000", "[[[[", "{}", "true", "null", "1e5", '\\"'],
  check: (text) => {
    const parsed = accepted(() => parseJson(text), "body_malformed", "validation_failed");
    const fault = faultOf(text);
    assert.equal(parsed === undefined, fault !== undefined, `refused: ${parsed === undefined}; its fault: ${fault}`);
    if (parsed === undefined) return;
    assert.deepEqual(parsed.value, JSON.parse(text));
    // As text, because the text of a number that no double holds, such as 1e999, is not the same number.
    const written = JSON.stringify(parsed.value);
    assert.equal(JSON.stringify(parseJson(written)), written);
  },
};

const form: Target = {
  name: "form",
  seeds: ["", "a=1&b=x%20y+z&c=&d", "a=1&a=2", "grant_type=client_credentials&scope=companies%3Aread"],
  words: ["&", "=", "%20", "%", "%zz", "+", "&&", "a=", "__proto__=1", "&a=1&b=2&c=3&d=4&e=5&f=6&g=7&h=8"],
  check: (text) => {
    const parsed = accepted(() => parseForm(text), "validation_failed");
    const pairs = [...new URLSearchParams(text)].filter(([, value]) => value !== "");
    const isRepeated = new Set(pairs.map(([name]) => name)).size < pairs.length;
    const isRefused = isRepeated || text.split("&").length > maxParameters;
    assert.equal(parsed === undefined, isRefused);
    if (parsed === undefined) return;
    assert.equal(JSON.stringify(Object.entries(parsed.value).sort()), JSON.stringify(pairs.sort()));
    assert.deepEqual(parseForm(new URLSearchParams(parsed.value).toString()), parsed.value);
  },
};

const cursorSecret = "the secret of no stage";
const binding = { operationId: "partners.list", principalId: "usr_1", path: {}, filters: { status: "active" } };

const cursor: Target = {
  name: "cursor",
  seeds: ["", "ptr_01JD3Y5W8Q4T6V2X9ZB7C1D3EF", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "😀"],
  words: ["=", "-", "_", "AAAA", "ptr_"],
  check: (text) => {
    assert.equal(
      accepted(() => openCursor(text, binding, cursorSecret), "cursor_invalid"),
      undefined,
      "forged",
    );
    const sealed = sealCursor(text, binding, cursorSecret);
    assert.equal(openCursor(sealed, binding, cursorSecret), text.toWellFormed());
    const other = { ...binding, principalId: text };
    assert.equal(
      accepted(() => openCursor(sealed, other, cursorSecret), "cursor_invalid"),
      undefined,
      "of another",
    );
    assert.equal(
      accepted(() => openCursor(`${sealed}${text}`, binding, cursorSecret), "cursor_invalid") !== undefined,
      text === "",
    );
  },
};

const moments = ["2024-02-29T23:59:59.999Z", "2026-12-31T00:00:00.000Z", "1970-01-01T00:00:00.000Z"].map(
  (at) => new Date(at),
);

const duration: Target = {
  name: "duration",
  seeds: ["P1D", "P12M", "P10Y", "P521W", "PT0S", "P7D", "P1DT12H30M5S", "PT604800S", "P0W"],
  words: ["P", "T", "D", "W", "M", "Y", "H", "S", "0", "9999999"],
  check: (text) => {
    const period = parsePeriod(text);
    if (period !== undefined) {
      assert.equal(`P${period.count}${period.unit}`, text);
      for (const moment of moments) {
        assert.ok(after(moment, period) > moment);
        assert.ok(before(moment, period) < moment);
      }
    }
    const grace = parseGracePeriod(text);
    assert.equal(grace, referenceGrace(text));
  },
};

/** The grace period once more, part by part instead of by one pattern. */
function referenceGrace(text: string): number | undefined {
  const [, days = "", time] = /^P([^T]*)(?:T(.+))?$/s.exec(text) ?? [];
  if (days === "" && time === undefined) return undefined;
  const sum = (part: string, units: Readonly<Record<string, readonly [digits: number, ms: number]>>) => {
    let rest = part;
    let ms = 0;
    for (const [unit, [digits, unitMs]] of Object.entries(units)) {
      const [whole = "", count = ""] = new RegExp(`^(\\d{1,${digits}})${unit}`).exec(rest) ?? [];
      rest = rest.slice(whole.length);
      ms += Number(count) * unitMs;
    }
    return rest === "" ? ms : Number.NaN;
  };
  const weeks = sum(days, { W: [3, 604_800_000] });
  const isWeeks = !Number.isNaN(weeks) && days !== "";
  const date = isWeeks ? weeks : sum(days, { D: [3, 86_400_000] });
  if (isWeeks && time !== undefined) return undefined;
  const ms = date + (time === undefined ? 0 : sum(time, { H: [4, 3_600_000], M: [6, 60_000], S: [7, 1000] }));
  return ms <= 604_800_000 ? ms : undefined;
}

const values: Target = {
  name: "values",
  seeds: [
    "2026-11-20T12:00:00Z",
    "2024-02-29T23:59:59.123456789+14:00",
    "5",
    "1234567890.05",
    "https://a.example/b?c",
    "HTTPS://A.example",
  ],
  words: ["T", "Z", "z", "+00:00", "-23:59", ".5", "02-30", "60", "24:00", "https://", "@", ":8443", "[::1]"],
  check: (text) => {
    const moment = parseInstant(text);
    if (moment !== undefined) {
      assert.equal(parseInstant(moment.toISOString())?.getTime(), moment.getTime());
      assert.equal(moment.getTime(), Date.parse(text.toUpperCase()));
    }
    assert.equal(instant.safeParse(text).success, moment !== undefined);
    const money = canonicalMoney(text);
    if (money !== undefined) {
      assert.equal(canonicalMoney(money), money);
      assert.equal(Number(money), Number(text));
    }
    if (isWebsiteUrl(text)) assert.equal(new URL(text).protocol, "https:");
  },
};

const headers: Target = {
  name: "headers",
  seeds: [
    '"3"',
    '"1", "3"',
    "*",
    'W/"3"',
    "3",
    "text/html, application/json;q=0.5",
    "*/*;q=0.1",
    "application/*",
    "order-4711",
  ],
  words: ['"3"', ",", ";q=", "q=1.000", "*/*", "text/html", "application/json", "W/", " "],
  check: (text) => {
    const isMatched = accepted(() => requireMatch(text, 3), "precondition_failed") !== undefined;
    if (isMatched && text.trim() !== "*") assert.ok(text.includes("3"));
    if (text.trim() === etagOf(3)) assert.ok(isMatched);
    if (isCurrent('W/"tag"', text)) assert.ok(text.includes("tag") || text.trim() === "*");
    const type = preferredType(text, ["application/json", "text/html"]);
    if (type === "text/html") assert.match(text.toLowerCase(), /text|\*/);
    const scope = { principalId: "ptr_1", operationId: "partners.new-secret", now: moments[0]! };
    const claim = accepted(() => claimOf(text, scope, {}), "validation_failed");
    assert.equal(claim !== undefined, /^[!-~]{1,255}$/.test(text));
  },
};

const basicOf = (text: string) => `Basic ${Buffer.from(text).toString("base64")}`;

const clients: Target = {
  name: "clients",
  seeds: ["ptr_1:secret", "a%40b:c%3Ad", "::", basicOf("ptr_1:secret"), "companies:read partner:manage", ""],
  words: [":", "%3A", "%", "Basic ", "=", "companies:read", " "],
  check: (text) => {
    const id = encodeURIComponent(text.toWellFormed()).replaceAll("%20", "+");
    for (const header of [text, basicOf(text), `Basic ${text}`]) {
      acceptedByOAuth(() => readClientCredentials(header, {}));
    }
    if (!text.includes(" ") && text !== "") {
      const read = acceptedByOAuth(() => readClientCredentials(basicOf(`${id}:${id}`), {}));
      assert.deepEqual(read, { clientId: text.toWellFormed(), clientSecret: text.toWellFormed() });
    }
    const granted = acceptedByOAuth(() => grantedScopes(text));
    const wanted = text.split(" ").filter(Boolean);
    const isKnown = wanted.every((name) => (scopes as readonly string[]).includes(name));
    assert.equal(granted !== undefined, isKnown);
    if (granted !== undefined && wanted.length > 0) assert.ok(granted.every((name) => wanted.includes(name)));
    const refreshToken = parseRefreshToken(text);
    if (refreshToken !== undefined) assert.equal(formatRefreshToken(refreshToken), text);
  },
};

function acceptedByOAuth<Value>(parse: () => Value): Value | undefined {
  try {
    return parse();
  } catch (error) {
    if (error instanceof OAuthError && /^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/.test(error.description)) return undefined;
    throw error;
  }
}

export const targets: readonly Target[] = [json, form, cursor, duration, values, headers, clients, ...tokenTargets];
