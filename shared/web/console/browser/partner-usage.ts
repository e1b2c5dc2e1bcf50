/** What a partner has sold, and how much it has used the API: the month against its quota, the last days, and the operations. */
import { chartsByDay } from "./charts-by-day.ts";
import { element, replaceContent } from "./dom.ts";
import { monthOf, number, share, technicalName } from "./format.ts";
import { explanationOf } from "./messages.ts";
import { requestCharts } from "./request-charts.ts";
import type { RelatedList } from "./resource-view.ts";
import type { Usage } from "./resources.ts";
import { salesCharts } from "./sales-charts.ts";
import { fullTable } from "./table.ts";
import type { Console } from "./view.ts";

type Day = Usage["days"][number];
type Route = Day["routes"][number];

/** @param partnerPath path of the partner in the API */
export function partnerUsage({ api, signal }: Console, partnerPath: string): RelatedList {
  const nothing = element("p", { class: "empty" }, "Loading…");
  const section = element("section", { class: "usage" }, nothing);
  return {
    element: section,
    reload: async () => {
      try {
        const usage = await api.get<Usage>(`${partnerPath}/usage`, signal);
        const { days } = usage;
        const charts = [salesCharts(days), requestCharts(days), operations(days), deliveryCharts(days)];
        replaceContent(section, [monthOfUsage(usage), ...charts]);
      } catch (error) {
        // The numbers of an earlier load could be outdated.
        nothing.textContent = explanationOf(error);
        section.replaceChildren(nothing);
        throw error;
      }
    },
  };
}

function monthOfUsage({ month: { month, requests, quota } }: Usage): HTMLElement {
  return element(
    "section",
    { class: "quota" },
    element("h3", {}, `${monthOf(month)} (UTC)`),
    element("p", {}, "Requests of the monthly quota: ", share("Requests of the monthly quota", requests, quota)),
    requests >= quota
      ? element("p", { class: "hint" }, "The quota is used up: requests are refused until the month ends.")
      : undefined,
  );
}

function deliveryCharts(days: readonly Day[]): HTMLElement {
  return chartsByDay(days, {
    title: "Webhooks",
    table: "Attempts to deliver webhooks by day",
    series: [
      {
        title: "Succeeded",
        of: ({ deliveries }) => deliveries.succeeded,
        chart: { title: "Attempts that succeeded", kind: "delivered" },
      },
      {
        title: "Failed",
        of: ({ deliveries }) => deliveries.failed,
        chart: { title: "Attempts that failed", kind: "failed" },
      },
    ],
    none: "There were no attempts to deliver webhooks",
    hint: "An event that an endpoint does not take is sent again.",
  });
}

function operations(days: readonly Day[]): HTMLElement | undefined {
  const routes = routesOf(days);
  if (routes.length === 0) return undefined;
  return element("section", {}, element("h3", {}, "Requests by operation"), routeTable(routes));
}

function routeTable(routes: readonly Route[]): HTMLElement {
  return fullTable<Route>(
    "Requests by operation",
    [
      { title: "Operation", cell: ({ method, path }) => technicalName(`${method} ${path}`) },
      { title: "Served", cell: ({ requests }) => number(requests), numeric: true },
    ],
    routes,
  );
}

/** The requests of all days by operation, the most frequent ones first. */
function routesOf(days: readonly Day[]): readonly Route[] {
  const sums = new Map<string, Route>();
  for (const route of days.flatMap(({ routes }) => routes)) {
    const name = `${route.method} ${route.path}`;
    sums.set(name, { ...route, requests: route.requests + (sums.get(name)?.requests ?? 0) });
  }
  return [...sums.values()].sort((one, other) => other.requests - one.requests);
}
