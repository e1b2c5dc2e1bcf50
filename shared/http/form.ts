/** Forms (`application/x-www-form-urlencoded`) with the rules of RFC 6749 §3.2. */
import { invalid } from "../domain/problems.ts";
import { pointerTo } from "./json.ts";

/** No operation has as many; a caller that is not authenticated yet must not choose how much is parsed. */
export const maxParameters = 32;

/**
 * Parses a form. Parameters without a value count as absent.
 *
 * @throws Problem `validation_failed` for more than 32 parameters, or one that occurs twice
 */
export function parseForm(text: string): Record<string, string> {
  if (hasTooManyParameters(text)) {
    throw invalid({ pointer: "", detail: `has more than ${maxParameters} parameters` });
  }
  const parameters = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(text)) {
    if (value === "") continue;
    if (parameters.has(name)) throw invalid({ pointer: pointerTo([name]), detail: "occurs more than once" });
    parameters.set(name, value);
  }
  return Object.fromEntries(parameters);
}

/** Stops at the first separator too many, so that the rest of the text is not read. */
function hasTooManyParameters(text: string): boolean {
  let place = -1;
  for (let count = 0; count < maxParameters; count++) {
    place = text.indexOf("&", place + 1);
    if (place < 0) return false;
  }
  return true;
}
