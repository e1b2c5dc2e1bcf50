/** Counts of calls as they are kept: one item for each partner and day of UTC. */

/** The attributes are routes, such as `GET /v1/subscriptions`, `refused`, and the day itself. */
export type StoredDay = {
  readonly day: string;
  readonly ttl: number;
} & Readonly<Record<string, number | string>>;

/** Counts the calls beyond the partner's limits. */
export const refusedName = "refused";

/** How long counts are kept: a year, and time to compare it with the one before. */
export const usageDays = 400;

/** The maximum number of days in one answer. */
export const maxRangeDays = 90;

/** The number of days in an answer to a request that names none. */
export const defaultRangeDays = 30;

const dayMs = 86_400_000;

/** The day of UTC of a moment. @param now milliseconds of the epoch */
export function dayOf(now: number): string {
  return new Date(now).toISOString().slice(0, 10);
}

/** The day that follows a number of days later. */
export function daysAfter(day: string, count: number): string {
  return dayOf(Date.parse(day) + count * dayMs);
}

/** When the counts of a day expire, in seconds of the epoch. */
export function forgottenFrom(day: string): number {
  return (Date.parse(day) + usageDays * dayMs) / 1000;
}
