/** What was sold by day, and how many subscriptions were live: of a partner, or of all of them. */
import { chartsByDay } from "./charts-by-day.ts";
import type { UsageOfAll } from "./resources.ts";

export function salesCharts(days: UsageOfAll["days"]): HTMLElement {
  return chartsByDay(days, {
    title: "Sales and live subscriptions",
    table: "Sales by day",
    series: [
      { title: "Sold", of: ({ subscriptions }) => subscriptions.sold, chart: { title: "Sold", kind: "sold" } },
      { title: "Extended", of: ({ subscriptions }) => subscriptions.extended },
      { title: "Cancelled", of: ({ subscriptions }) => subscriptions.cancelled },
      { title: "Expired", of: ({ subscriptions }) => subscriptions.expired },
      {
        title: "Live at the end",
        of: ({ subscriptions }) => subscriptions.live,
        chart: { title: "Live at the end of the day", kind: "live" },
      },
    ],
    none: "There were no sales and no live subscriptions",
    hint: "Live are active and scheduled subscriptions. The numbers may lag behind by a few seconds.",
  });
}
