/** Every parser of what a caller sends, with the worst input at its size limit and at half of it. */
import { parseForm } from "../../shared/http/form.ts";
import { openCursor } from "../../shared/http/cursors.ts";
import { parseJson } from "../../shared/http/json.ts";
import { preferredType } from "../../shared/http/negotiation.ts";
import { canonicalMoney } from "../../shared/companies/money.ts";
import { networkOf } from "../../shared/domain/network.ts";
import { verifyAccessToken } from "../../shared/identity/access-tokens.ts";
import { parseRefreshToken } from "../../shared/identity/sessions.ts";
import { readClientCredentials } from "../../shared/identity/token-requests.ts";
import { parsePeriod } from "../../shared/subscriptions/period.ts";
import { row, table } from "./report.ts";

const maxBodyBytes = 64 * 1024;
/** API Gateway refuses more in all headers together, and in the path with its query. */
const maxHeaderBytes = 10_240;
const repetitions = 15;
const targetMs = 25;
/** A linear parser doubles its time with its input; a quadratic one takes four times as long. */
const targetRatio = 3;

interface Case {
  readonly name: string;
  readonly bytes: number;
  /** An input of this many bytes. */
  readonly inputOf: (bytes: number) => string;
  readonly parse: (input: string) => unknown;
}

const filled =
  (part: string, start = "", end = "") =>
  (bytes: number): string =>
    start + part.repeat(Math.floor((bytes - start.length - end.length) / part.length)) + end;
const named = (form: (index: number) => string, start: string, end: string) => (bytes: number) => {
  let text = start;
  for (let index = 0; text.length < bytes - 20; index++) text += form(index);
  return text + end;
};

const binding = { operationId: "users.list", principalId: "usr_1", path: {}, filters: {} };
const token = { issuer: "https://portico.example", expires: true };
const openOrRefuse = (cursor: string) => openCursor(cursor, binding, "a secret of the benchmark");
const body = { bytes: maxBodyBytes };
const header = { bytes: maxHeaderBytes };

const cases: readonly Case[] = [
  { name: "form, many names", ...body, inputOf: named((index) => `p${index}=1&`, "", "z=1"), parse: parseForm },
  { name: "form, one long value", ...body, inputOf: filled("%41", "a="), parse: parseForm },
  { name: "JSON, many members", ...body, inputOf: named((i) => `"p${i}":1,`, "{", '"z":1}'), parse: parseJson },
  { name: "JSON, many errors", ...body, inputOf: filled('"a":1,', "{", '"a":1}'), parse: parseJson },
  { name: "JSON, deep", ...body, inputOf: (bytes) => "[".repeat(bytes / 2) + "]".repeat(bytes / 2), parse: parseJson },
  { name: "JSON, escapes", ...body, inputOf: filled("\\\\", '["', '"]'), parse: parseJson },
  { name: "Accept, many types", ...header, inputOf: filled("a/b;q=0,"), parse: (text) => preferredType(text, ["a/b"]) },
  { name: "cursor", ...header, inputOf: filled("A"), parse: openOrRefuse },
  { name: "access token", ...header, inputOf: filled("A.", "", "A"), parse: (text) => verify(text) },
  { name: "client credentials", ...header, inputOf: filled("QTpB", "Basic "), parse: (text) => basic(text) },
  { name: "refresh token", ...body, inputOf: filled("0."), parse: parseRefreshToken },
  { name: "period", ...body, inputOf: filled("9", "P", "D"), parse: parsePeriod },
  { name: "money", ...body, inputOf: filled("9", "", ".00"), parse: canonicalMoney },
  { name: "network address", bytes: 45, inputOf: filled("1:", "", ":1"), parse: networkOf },
];

async function verify(text: string): Promise<unknown> {
  return await verifyAccessToken(text, () => Promise.resolve(undefined), token);
}

function basic(text: string): unknown {
  return readClientCredentials(text, {});
}

async function measure({ parse }: Case, input: string): Promise<number> {
  const times: number[] = [];
  for (let repetition = 0; repetition < repetitions; repetition++) {
    const start = performance.now();
    try {
      await parse(input);
    } catch {
      // A refusal costs time like an answer.
    }
    times.push(performance.now() - start);
  }
  // The fastest run is the one that the machine disturbed least.
  return Math.min(...times);
}

/** @returns whether every parser is fast enough and takes time in proportion to its input */
export async function benchParsers(): Promise<boolean> {
  const results = [];
  for (const parser of cases) {
    const half = await measure(parser, parser.inputOf(parser.bytes / 2));
    const full = await measure(parser, parser.inputOf(parser.bytes));
    // Below a tenth of a millisecond the clock decides.
    const isProportional = full < 0.1 || full / half <= targetRatio;
    results.push({ ...parser, full, half, met: full <= targetMs && isProportional });
  }
  table(
    `Parsers, fastest of ${repetitions} runs; targets: ${targetMs} ms, and at most ${targetRatio} times the time of half the input`,
    row("input", "bytes", "ms", "ms of half", "met"),
    results.map(({ name, bytes, full, half, met }) =>
      row(name, String(bytes), full.toFixed(3), half.toFixed(3), met ? "yes" : "NO"),
    ),
  );
  return results.every(({ met }) => met);
}
