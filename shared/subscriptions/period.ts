/**
 * Periods of whole days, weeks, months or years (ISO 8601) on the calendar of UTC. Months are calendar months: a day that the
 * month does not have becomes its last day.
 */
export interface Period {
  readonly count: number;
  readonly unit: "D" | "W" | "M" | "Y";
}

/** A period with the text that names it. */
export interface Duration {
  readonly text: string;
  readonly period: Period;
}

const periodPattern = /^P([1-9]\d{0,3})([DWMY])$/;

/** Ten years in each unit: they have at least 3652 days. */
const maxCount: Record<Period["unit"], number> = { D: 3652, W: 521, M: 120, Y: 10 };

/** The texts that name a period of at most ten years, as the contract shows them. */
export const shownPeriods =
  "^P(?:(?:[1-9][0-9]{0,2}|[12][0-9]{3}|3[0-5][0-9]{2}|36[0-4][0-9]|365[0-2])D|" +
  "(?:[1-9][0-9]?|[1-4][0-9]{2}|5[01][0-9]|52[01])W|(?:[1-9][0-9]?|1[01][0-9]|120)M|(?:[1-9]|10)Y)$";

/** The period that a text names; undefined for any other text and for more than ten years. */
export function parsePeriod(text: string): Period | undefined {
  const [, count, unit] = periodPattern.exec(text) ?? [];
  if (count === undefined) return undefined;
  const period = { count: Number(count), unit: unit as Period["unit"] };
  return period.count <= maxCount[period.unit] ? period : undefined;
}

const dayMs = 86_400_000;

/** The moment one period later. */
export function after(moment: Date, period: Period): Date {
  return shift(moment, period, 1);
}

/** The moment one period earlier. */
export function before(moment: Date, period: Period): Date {
  return shift(moment, period, -1);
}

function shift(moment: Date, { count, unit }: Period, sign: 1 | -1): Date {
  switch (unit) {
    case "D":
      return new Date(moment.getTime() + sign * count * dayMs);
    case "W":
      return new Date(moment.getTime() + sign * count * 7 * dayMs);
    case "M":
      return shiftMonths(moment, sign * count);
    case "Y":
      return shiftMonths(moment, sign * count * 12);
  }
}

function shiftMonths(moment: Date, months: number): Date {
  const shifted = new Date(moment);
  // From the first of the month, so that the 31st does not overflow into the next month.
  shifted.setUTCDate(1);
  shifted.setUTCMonth(shifted.getUTCMonth() + months);
  const lastDay = new Date(Date.UTC(shifted.getUTCFullYear(), shifted.getUTCMonth() + 1, 0)).getUTCDate();
  shifted.setUTCDate(Math.min(moment.getUTCDate(), lastDay));
  return shifted;
}
