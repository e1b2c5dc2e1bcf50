import { Problem } from "../../../shared/domain/problems.ts";
import { daysOf, rangeOf, sumsOf } from "../../../shared/usage/rules.ts";

const now = new Date("2026-11-20T23:59:59.999Z");

test.each([
  [{}, { from: "2026-10-22", to: "2026-11-20" }],
  [{ to: "2026-03-01" }, { from: "2026-01-31", to: "2026-03-01" }],
  [{ from: "2026-08-23" }, { from: "2026-08-23", to: "2026-11-20" }],
  [
    { from: "2028-02-28", to: "2028-03-01" },
    { from: "2028-02-28", to: "2028-03-01" },
  ],
  [{ to: "2000-01-01" }, { from: "1999-12-03", to: "2000-01-01" }],
])("the days of %j are %j", (asked, range) => {
  expect(rangeOf(asked, now)).toEqual(range);
});

test.each([
  [{ from: "2026-11-21" }, "/from"],
  [{ from: "2026-08-22" }, "/from"],
  [{ from: "2026-01-02", to: "2026-01-01" }, "/from"],
  [{ to: "1999-12-31" }, "/to"],
  [{ to: "0000-01-01" }, "/to"],
])("%j is refused at %s", (asked, pointer) => {
  const refused = rangeOf(asked, now);
  expect(refused).toBeInstanceOf(Problem);
  expect((refused as Problem).extras.errors).toEqual([expect.objectContaining({ pointer })]);
});

test("a range has each of its days once", () => {
  expect(daysOf({ from: "2028-02-28", to: "2028-03-01" })).toEqual(["2028-02-28", "2028-02-29", "2028-03-01"]);
});

describe("the sums of subscriptions", () => {
  const today = new Date("2026-11-20T12:00:00.000Z");
  const range = { from: "2026-11-17", to: "2026-11-19" };

  test("add the items of a day, and take later changes back from the present number of live ones", () => {
    const sums = sumsOf(
      range,
      [
        { created: 60, live: 40 },
        { created: 40, live: 2 },
        { day: "2026-11-18", created: 3, live: 3 },
        { day: "2026-11-18", created: 1, cancelled: 2, live: -1 },
        { day: "2026-11-20", created: 9, live: 9 },
      ],
      today,
    );
    const none = { created: 0, extended: 0, cancelled: 0, expired: 0 };
    expect(Object.fromEntries(sums)).toEqual({
      "2026-11-17": { ...none, live: 31 },
      "2026-11-18": { ...none, created: 4, cancelled: 2, live: 33 },
      "2026-11-19": { ...none, live: 33 },
    });
  });

  test("know the number of live ones for the 400 days whose counts are kept", () => {
    const kept = (day: string) => sumsOf({ from: day, to: day }, [{ live: 7 }], today).get(day)?.live;
    expect(kept("2025-10-17")).toBe(7);
    expect(kept("2025-10-16")).toBeUndefined();
  });
});
