/** The steps of test clocks, with the texts that name them. */
import { parseGracePeriod } from "../partners/model.ts";
import { after, parsePeriod } from "../subscriptions/period.ts";

/** How far a test clock moves: from a moment to a later one. */
export type Advance = (from: Date) => Date;

/** The step that a duration names, ISO 8601; undefined for any other text and for one that does not move the clock. */
export function parseAdvance(text: string): Advance | undefined {
  const period = parsePeriod(text);
  if (period !== undefined) return (from) => after(from, period);
  const ms = parseGracePeriod(text);
  return ms === undefined || ms === 0 ? undefined : (from) => new Date(from.getTime() + ms);
}
