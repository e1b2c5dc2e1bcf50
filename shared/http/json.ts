/**
 * Strict JSON (RFC 8259 within the limits of I-JSON, RFC 7493). It refuses input that `JSON.parse` accepts and that is ambiguous,
 * and names the place.
 */
import { Problem, invalid, type FieldError } from "../domain/problems.ts";

const deepest = 16;

/** Pointers repeat the names on their path, so an answer with every error could be much larger than the body. */
const maxErrors = 10;

/**
 * Parses a body.
 *
 * @throws Problem `body_malformed` for input that is not JSON
 * @throws Problem `validation_failed` with at most ten JSON Pointers, for a duplicate member, a text that is not well-formed
 * Unicode or contains NUL, `__proto__`, or nesting deeper than 16 levels
 */
export function parseJson(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Problem("body_malformed", "The body is not valid JSON (RFC 8259).");
  }
  const errors = firstOf(duplicateMembers(text), badTexts(value));
  if (errors.length > 0) throw invalid(...errors);
  return value;
}

function firstOf(...sources: readonly Iterable<FieldError>[]): readonly FieldError[] {
  const errors: FieldError[] = [];
  for (const source of sources) {
    for (const error of source) {
      errors.push(error);
      if (errors.length === maxErrors) return errors;
    }
  }
  return errors;
}

/** The JSON Pointer (RFC 6901 §3) of a path of member names and indexes. */
export function pointerTo(path: readonly PropertyKey[]): string {
  return path.map((part) => `/${String(part).toWellFormed().replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}

interface Level {
  readonly names?: Set<string>;
  place: string | number;
}

/** `JSON.parse` keeps the last of two members with one name; an intermediary may keep the first. */
function* duplicateMembers(text: string): Generator<FieldError> {
  const levels: Level[] = [];
  // The text is valid JSON, so only strings and structural characters matter.
  const tokens = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],]/gsu;
  let previous = "";
  for (const [token] of text.matchAll(tokens)) {
    const level = levels.at(-1);
    if (token === "{" || token === "[") {
      levels.push(token === "{" ? { names: new Set(), place: "" } : { place: 0 });
      if (levels.length > deepest) {
        yield {
          pointer: pointerTo(levels.slice(0, -1).map(({ place }) => place)),
          detail: `is nested deeper than ${deepest} levels`,
        };
        return;
      }
    } else if (token === "}" || token === "]") {
      levels.pop();
    } else if (token === ",") {
      if (level !== undefined && level.names === undefined) level.place = Number(level.place) + 1;
    } else if (level?.names !== undefined && (previous === "{" || previous === ",")) {
      const name = JSON.parse(token) as string;
      level.place = name;
      if (level.names.has(name))
        yield { pointer: pointerTo(levels.map(({ place }) => place)), detail: "is there twice" };
      level.names.add(name);
    }
    previous = token;
  }
}

function* badTexts(value: unknown, path: readonly PropertyKey[] = []): Generator<FieldError> {
  if (typeof value === "string") {
    const detail = badText(value);
    if (detail !== undefined) yield { pointer: pointerTo(path), detail };
  } else if (typeof value === "object" && value !== null && path.length <= deepest) {
    for (const [name, member] of Object.entries(value)) {
      // Schemas do not see this name: an assignment to it changes the prototype instead.
      if (name === "__proto__")
        yield { pointer: pointerTo([...path, name]), detail: "is not a field of this operation" };
      else if (badText(name) !== undefined)
        yield { pointer: pointerTo([...path, name]), detail: "has a name that is not well-formed text" };
      else yield* badTexts(member, [...path, name]);
    }
  }
}

/** Why a text cannot be stored; undefined for a valid one. */
export function badText(text: string): string | undefined {
  if (!text.isWellFormed()) return "has a lone surrogate: it is not well-formed Unicode";
  if (text.includes("\u0000")) return "has a NUL character";
  return undefined;
}
