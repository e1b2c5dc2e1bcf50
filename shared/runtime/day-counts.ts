/** Counts of things by day of UTC, as items of the table keep them. */
import type { Expression } from "./table.ts";

/** How long the counts of a day are kept: a year, and time to compare it with the one before. */
export const countDays = 400;

const dayMs = 86_400_000;

/** The day of UTC of a moment: `2026-11-20`. @param now milliseconds of the epoch */
export function dayOf(now: number): string {
  return new Date(now).toISOString().slice(0, 10);
}

/** When the counts of a day expire, in seconds of the epoch. */
function forgottenFrom(day: string): number {
  return (Date.parse(day) + countDays * dayMs) / 1000;
}

/** How often each thing has happened, by the names of their attributes. */
export type Counts = ReadonlyMap<string, number>;

/** Adds to counts of all time. */
export function addition(counts: Counts) {
  const entries = [...counts];
  return {
    expression: `ADD ${entries.map((_, index) => `#n${index} :n${index}`).join(", ")}`,
    names: Object.fromEntries(entries.map(([name], index) => [`#n${index}`, name])),
    values: Object.fromEntries(entries.map(([, count], index) => [`:n${index}`, count])),
  } satisfies Expression;
}

/** Adds to the counts of a day. */
export function dayAddition(day: string, counts: Counts): Expression {
  const { expression, names, values } = addition(counts);
  return {
    expression: `SET #day = :day, #ttl = :ttl ${expression}`,
    names: { ...names, "#day": "day", "#ttl": "ttl" },
    values: { ...values, ":day": day, ":ttl": forgottenFrom(day) },
  };
}
