/** Usage as callers see it. */
import type { PartnerLimits } from "../domain/limits.ts";
import { monthOf, type LimitItem } from "../limits/model.ts";
import { usedIn } from "../limits/rules.ts";
import type { UsageView } from "./contract.ts";
import { refusedName, type StoredDay } from "./model.ts";
import { daysOf, type DayRange } from "./rules.ts";

/** What an answer is made of. */
export interface UsageRecord {
  readonly range: DayRange;
  readonly days: readonly StoredDay[];
  readonly counters: LimitItem;
  readonly limits: PartnerLimits;
}

export function viewUsage({ range, days, counters, limits }: UsageRecord, now: Date): UsageView {
  const byDay = new Map(days.map((stored) => [stored.day, stored]));
  const month = monthOf(now.getTime()).attribute.slice("used:".length);
  return {
    ...range,
    month: { month, requests: Math.max(0, usedIn(counters, now.getTime())), quota: limits.requestsPerMonth },
    days: daysOf(range).map((day) => viewDay(day, byDay.get(day))),
  };
}

function viewDay(day: string, stored: StoredDay | undefined): UsageView["days"][number] {
  const routes = Object.entries(stored ?? {}).flatMap(([name, requests]) => {
    const [method = "", path] = name.split(" ");
    return path === undefined || typeof requests !== "number" || requests < 1 ? [] : [{ method, path, requests }];
  });
  const refused = Math.max(0, Number(stored?.[refusedName] ?? 0));
  return {
    day,
    requests: routes.reduce((sum, { requests }) => sum + requests, 0),
    refused,
    routes: routes.sort((one, other) => other.requests - one.requests || (keyOf(one) < keyOf(other) ? -1 : 1)),
  };
}

function keyOf({ method, path }: UsageView["days"][number]["routes"][number]): string {
  return `${path} ${method}`;
}
