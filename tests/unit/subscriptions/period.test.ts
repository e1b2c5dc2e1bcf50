import fc from "fast-check";
import { after, before, parsePeriod, shownPeriods, type Period } from "../../../shared/subscriptions/period.ts";

const period = (text: string): Period => {
  const parsed = parsePeriod(text);
  if (parsed === undefined) throw new Error(`${text} is not a period`);
  return parsed;
};

const dayMs = 86_400_000;
const moments = fc.date({
  min: new Date("1980-01-01T00:00:00Z"),
  max: new Date("2200-01-01T00:00:00Z"),
  noInvalidDate: true,
});
const maxCount = { D: 3652, W: 521, M: 120, Y: 10 };
const periods = fc
  .constantFrom<Period["unit"]>("D", "W", "M", "Y")
  .chain((unit) => fc.record({ unit: fc.constant(unit), count: fc.integer({ min: 1, max: maxCount[unit] }) }));

const lastDayOf = (moment: Date) =>
  new Date(Date.UTC(moment.getUTCFullYear(), moment.getUTCMonth() + 1, 0)).getUTCDate();

describe("parsePeriod", () => {
  test.each([
    ["P7D", { count: 7, unit: "D" }],
    ["P2W", { count: 2, unit: "W" }],
    ["P1M", { count: 1, unit: "M" }],
    ["P10Y", { count: 10, unit: "Y" }],
    ["P120M", { count: 120, unit: "M" }],
    ["P521W", { count: 521, unit: "W" }],
    ["P3652D", { count: 3652, unit: "D" }],
  ])("parses %s", (text, expected) => {
    expect(parsePeriod(text)).toEqual(expected);
  });

  test.each([
    "",
    "P",
    "P0D",
    "P00D",
    "P01D",
    "P-1D",
    "P+1D",
    "P1",
    "1D",
    "P1H",
    "PT1H",
    "P1.5D",
    "P1,5D",
    "P1Y1M",
    "p1d",
    "P1d",
    " P1D",
    "P1D ",
    "P1D\n",
    "P١D",
  ])("rejects %j", (text) => expect(parsePeriod(text)).toBeUndefined());

  test.each(["D", "W", "M", "Y"])("takes exactly the counts of %s that the contract shows", (unit) => {
    const shown = new RegExp(shownPeriods, "u");
    const texts = Array.from({ length: 4000 }, (_, count) => `P${count}${unit}`);
    expect(texts.filter((text) => shown.test(text))).toEqual(texts.filter((text) => parsePeriod(text) !== undefined));
    expect(shown.test(`P01${unit}`)).toBe(false);
  });

  test.each(["P3653D", "P522W", "P121M", "P11Y", "P9999D", "P99999D"])(
    "rejects %s, which is longer than ten years",
    (text) => expect(parsePeriod(text)).toBeUndefined(),
  );

  test("accepts no period that is longer than ten years can be", () => {
    // The year 2100 has no leap day: ten years across it are a day shorter.
    const thisCentury = moments.filter((moment) => moment < new Date("2089-01-01T00:00:00Z"));
    fc.assert(
      fc.property(thisCentury, periods, (moment, one) => {
        expect(after(moment, one) <= after(moment, period("P10Y"))).toBe(true);
      }),
    );
  });
});

describe("after and before", () => {
  test.each([
    ["2026-01-31T10:00:00.000Z", "P1M", "2026-02-28T10:00:00.000Z"],
    ["2028-01-31T10:00:00.000Z", "P1M", "2028-02-29T10:00:00.000Z"],
    ["2026-01-31T10:00:00.000Z", "P3M", "2026-04-30T10:00:00.000Z"],
    ["2026-12-31T23:59:59.999Z", "P2M", "2027-02-28T23:59:59.999Z"],
    ["2028-02-29T00:00:00.000Z", "P1Y", "2029-02-28T00:00:00.000Z"],
    ["2028-02-29T00:00:00.000Z", "P4Y", "2032-02-29T00:00:00.000Z"],
    ["2099-12-31T00:00:00.000Z", "P2M", "2100-02-28T00:00:00.000Z"],
    ["2026-02-28T00:00:00.000Z", "P1M", "2026-03-28T00:00:00.000Z"],
    ["2026-03-29T01:30:00.000Z", "P1D", "2026-03-30T01:30:00.000Z"],
    ["2026-12-25T00:00:00.000Z", "P1W", "2027-01-01T00:00:00.000Z"],
  ])("%s + %s = %s", (moment, text, expected) => {
    expect(after(new Date(moment), period(text)).toISOString()).toBe(expected);
  });

  test.each([
    ["2026-03-31T10:00:00.000Z", "P1M", "2026-02-28T10:00:00.000Z"],
    ["2028-03-31T10:00:00.000Z", "P1M", "2028-02-29T10:00:00.000Z"],
    ["2028-02-29T00:00:00.000Z", "P1Y", "2027-02-28T00:00:00.000Z"],
    ["2027-01-01T00:00:00.000Z", "P1W", "2026-12-25T00:00:00.000Z"],
    ["2026-01-15T00:00:00.000Z", "P13M", "2024-12-15T00:00:00.000Z"],
  ])("%s − %s = %s", (moment, text, expected) => {
    expect(before(new Date(moment), period(text)).toISOString()).toBe(expected);
  });

  test("days and weeks are multiples of twenty-four hours", () => {
    fc.assert(
      fc.property(moments, fc.integer({ min: 1, max: 521 }), (moment, count) => {
        expect(after(moment, { count, unit: "D" }).getTime() - moment.getTime()).toBe(count * dayMs);
        expect(after(moment, { count, unit: "W" }).getTime() - moment.getTime()).toBe(count * 7 * dayMs);
      }),
    );
  });

  test("months keep the day of the month and the time of day, or use the last day of a shorter month", () => {
    fc.assert(
      fc.property(moments, fc.integer({ min: 1, max: 120 }), fc.constantFrom(after, before), (moment, count, shift) => {
        const shifted = shift(moment, { count, unit: "M" });
        const months = (one: Date) => one.getUTCFullYear() * 12 + one.getUTCMonth();
        expect(Math.abs(months(shifted) - months(moment))).toBe(count);
        expect(shifted.getUTCDate()).toBe(Math.min(moment.getUTCDate(), lastDayOf(shifted)));
        expect(shifted.toISOString().slice(11)).toBe(moment.toISOString().slice(11));
      }),
    );
  });

  test("a year is twelve months, and a week is seven days", () => {
    fc.assert(
      fc.property(moments, fc.integer({ min: 1, max: 10 }), fc.constantFrom(after, before), (moment, count, shift) => {
        expect(shift(moment, { count, unit: "Y" })).toEqual(shift(moment, { count: count * 12, unit: "M" }));
        expect(shift(moment, { count, unit: "W" })).toEqual(shift(moment, { count: count * 7, unit: "D" }));
      }),
    );
  });

  test("keep the order of two moments", () => {
    fc.assert(
      fc.property(moments, moments, periods, (one, other, length) => {
        const [early, late] = one <= other ? [one, other] : [other, one];
        expect(after(early, length) <= after(late, length)).toBe(true);
        expect(before(early, length) <= before(late, length)).toBe(true);
        expect(before(early, length) < early && early < after(early, length)).toBe(true);
      }),
    );
  });

  test("forth and back differs from the start by at most three days", () => {
    fc.assert(
      fc.property(moments, periods, (moment, length) => {
        const back = before(after(moment, length), length).getTime();
        expect(back).toBeLessThanOrEqual(moment.getTime());
        expect(moment.getTime() - back).toBeLessThanOrEqual(3 * dayMs);
      }),
    );
  });

  test("do not modify their argument", () => {
    fc.assert(
      fc.property(moments, periods, (moment, length) => {
        const time = moment.getTime();
        after(moment, length);
        before(moment, length);
        expect(moment.getTime()).toBe(time);
      }),
    );
  });
});
