/** Which days an answer has. */
import { invalid, type Problem } from "../domain/problems.ts";
import { dayOf, daysAfter, defaultRangeDays, maxRangeDays } from "./model.ts";

/** Days of UTC, both included. */
export interface DayRange {
  readonly from: string;
  readonly to: string;
}

/** Before it there was no Portico. Years before 0 have six digits. */
const earliestEnd = "2000-01-01";

/** The asked days. Without `to` they end today, without `from` they are thirty. */
export function rangeOf(asked: Partial<Record<keyof DayRange, string | undefined>>, now: Date): DayRange | Problem {
  const to = asked.to ?? dayOf(now.getTime());
  if (to < earliestEnd) return invalid({ pointer: "/to", detail: `must not be before ${earliestEnd}` });
  const from = asked.from ?? daysAfter(to, 1 - defaultRangeDays);
  if (from > to) return invalid({ pointer: "/from", detail: "must not be after `to`, which is today by default" });
  if (from < daysAfter(to, 1 - maxRangeDays)) {
    return invalid({ pointer: "/from", detail: `must be so that the range has at most ${maxRangeDays} days` });
  }
  return { from, to };
}

/** Every day of a range, the first one first. */
export function daysOf({ from, to }: DayRange): readonly string[] {
  const count = (Date.parse(to) - Date.parse(from)) / 86_400_000 + 1;
  return Array.from({ length: count }, (_, index) => daysAfter(from, index));
}
