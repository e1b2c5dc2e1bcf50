/** Numbers by day: charts for those who look, and a table of the same numbers for those who read. */
import { barChart, type ChartOptions } from "./bar-chart.ts";
import { element, type Child } from "./dom.ts";
import { dayOf, number } from "./format.ts";
import { fullTable } from "./table.ts";

/** A number of each day. */
export interface Series<Day> {
  /** The heading of its column. */
  readonly title: string;
  /** Null where it is not known. */
  readonly of: (day: Day) => number | null;
  /** Absent: it is in the table alone. */
  readonly chart?: Pick<ChartOptions, "title" | "kind">;
}

export interface DayOptions<Day> {
  readonly title: string;
  /** The name of the table. */
  readonly table: string;
  readonly series: readonly Series<Day>[];
  /** What is said of days on which all numbers are 0: `There were no requests`. */
  readonly none: string;
  readonly hint: string;
}

/** @param days the first one first */
export function chartsByDay<Day extends { readonly day: string }>(
  days: readonly Day[],
  { title, table, series, none, hint }: DayOptions<Day>,
): HTMLElement {
  const heading = element("h3", {}, title);
  if (days.every((day) => series.every((each) => each.of(day) === 0))) {
    const [from, to] = [days.at(0), days.at(-1)].map((day) => day && dayOf(day.day));
    return element("section", {}, heading, element("p", { class: "empty" }, `${none} from ${from} to ${to} (UTC).`));
  }
  const charts = series.flatMap(({ of, chart }): readonly Child[] =>
    chart === undefined
      ? []
      : [barChart({ ...chart, bars: days.map((day) => ({ label: dayOf(day.day), value: of(day) ?? 0 })) })],
  );
  const columns = series.map((each) => ({
    title: each.title,
    cell: (day: Day) => {
      const value = each.of(day);
      return value === null ? "unknown" : number(value);
    },
    numeric: true,
  }));
  return element(
    "section",
    {},
    heading,
    element("div", { class: "charts" }, ...charts),
    element(
      "details",
      {},
      element("summary", {}, "The numbers by day"),
      fullTable<Day>(table, [{ title: "Day (UTC)", cell: ({ day }) => dayOf(day) }, ...columns], days.toReversed()),
    ),
    element("p", { class: "hint" }, `The days are those of UTC. ${hint}`),
  );
}
