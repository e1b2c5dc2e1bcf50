import { Problem } from "../../../shared/domain/problems.ts";
import { daysOf, rangeOf } from "../../../shared/usage/rules.ts";

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
