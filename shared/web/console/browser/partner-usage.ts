/** How much a partner has used the API: the month against its quota, the last days, and the operations. */
import { barChart } from "./bar-chart.ts";
import { element, replaceContent, type Child } from "./dom.ts";
import { dayOf, monthOf, number, share, technicalName } from "./format.ts";
import { explanationOf } from "./messages.ts";
import type { RelatedList } from "./resource-view.ts";
import type { Usage } from "./resources.ts";
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
        replaceContent(section, [monthOfUsage(usage), ...lastDays(usage)]);
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

function lastDays({ days, from, to }: Usage): readonly Child[] {
  if (days.every(({ requests, refused }) => requests === 0 && refused === 0)) {
    const text = `There were no requests from ${dayOf(from)} to ${dayOf(to)} (UTC).`;
    return [element("p", { class: "empty" }, text)];
  }
  const chart = (title: string, member: "requests" | "refused", kind: "served" | "refused") =>
    barChart({ title, kind, bars: days.map((day) => ({ label: dayOf(day.day), value: day[member] })) });
  return [
    element(
      "section",
      {},
      element("h3", {}, "By day"),
      element(
        "div",
        { class: "charts" },
        chart("Requests served", "requests", "served"),
        chart("Requests refused by a limit", "refused", "refused"),
      ),
      element("details", {}, element("summary", {}, "The numbers by day"), dayTable(days)),
      element("p", { class: "hint" }, "The days are those of UTC. The numbers may lag behind by some seconds."),
    ),
    element("section", {}, element("h3", {}, "By operation"), routeTable(routesOf(days))),
  ];
}

function dayTable(days: readonly Day[]): HTMLElement {
  return fullTable<Day>(
    "Requests by day",
    [
      { title: "Day (UTC)", cell: ({ day }) => dayOf(day) },
      { title: "Served", cell: ({ requests }) => number(requests), numeric: true },
      { title: "Refused", cell: ({ refused }) => number(refused), numeric: true },
    ],
    days.toReversed(),
  );
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
