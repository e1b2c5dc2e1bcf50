/** Served and refused requests by day: of a partner, or of all of them. */
import { chartsByDay } from "./charts-by-day.ts";
import type { UsageOfAll } from "./resources.ts";

type Day = Pick<UsageOfAll["days"][number], "day" | "requests" | "refused">;

export function requestCharts(days: readonly Day[]): HTMLElement {
  return chartsByDay(days, {
    title: "Requests",
    table: "Requests by day",
    series: [
      { title: "Served", of: ({ requests }) => requests, chart: { title: "Requests served", kind: "served" } },
      {
        title: "Refused",
        of: ({ refused }) => refused,
        chart: { title: "Requests refused by a limit", kind: "refused" },
      },
    ],
    none: "There were no requests",
    hint: "The numbers may lag behind by some seconds.",
  });
}
