/** Usage as callers see it. */
import type { PartnerLimits } from "../domain/limits.ts";
import { monthOf, type LimitItem } from "../limits/model.ts";
import { usedIn } from "../limits/rules.ts";
import type { AttemptCounts } from "../webhooks/model.ts";
import type { SubscriptionsOfDay, UsageOfAllView, UsageView } from "./contract.ts";
import { refusedName, requestsName, type StoredDay, type StoredSubscriptions } from "./model.ts";
import { daysOf, sumsOf, type DayRange, type SubscriptionSums } from "./rules.ts";

/** What an answer on all partners is made of. */
export interface UsageOfAllRecord {
  readonly range: DayRange;
  /** Several for a day. */
  readonly days: readonly StoredDay[];
  readonly subscriptions: readonly StoredSubscriptions[];
}

/** What an answer on one partner is made of. */
export interface UsageRecord extends UsageOfAllRecord {
  readonly attempts: readonly AttemptCounts[];
  readonly counters: LimitItem;
  readonly limits: PartnerLimits;
}

export function viewUsage(record: UsageRecord, now: Date): UsageView {
  const { range, days, subscriptions, attempts, counters, limits } = record;
  const byDay = new Map(days.map((stored) => [stored.day, stored]));
  const sums = sumsOf(range, subscriptions, now);
  const attemptsByDay = Map.groupBy(attempts, ({ day }) => day);
  const month = monthOf(now.getTime()).attribute.slice("used:".length);
  return {
    ...range,
    month: { month, requests: Math.max(0, usedIn(counters, now.getTime())), quota: limits.requestsPerMonth },
    days: daysOf(range).map((day) => ({
      ...viewCalls(day, byDay.get(day)),
      subscriptions: viewSubscriptions(sums.get(day)),
      deliveries: viewAttempts(attemptsByDay.get(day) ?? []),
    })),
  };
}

export function viewUsageOfAll({ range, days, subscriptions }: UsageOfAllRecord, now: Date): UsageOfAllView {
  const sums = sumsOf(range, subscriptions, now);
  const callsByDay = Map.groupBy(days, ({ day }) => day);
  const sum = (day: string, name: string) =>
    (callsByDay.get(day) ?? []).reduce((total, stored) => total + Number(stored[name] ?? 0), 0);
  return {
    ...range,
    days: daysOf(range).map((day) => ({
      day,
      requests: Math.max(0, sum(day, requestsName)),
      refused: Math.max(0, sum(day, refusedName)),
      subscriptions: viewSubscriptions(sums.get(day)),
    })),
  };
}

/** Events of different days may be counted in any order, so that a number may be a little below zero for a moment. */
function viewSubscriptions(sums: SubscriptionSums | undefined): SubscriptionsOfDay {
  const { created = 0, extended = 0, cancelled = 0, expired = 0, live } = sums ?? {};
  return { sold: created, extended, cancelled, expired, live: live === undefined ? null : Math.max(0, live) };
}

function viewAttempts(attempts: readonly AttemptCounts[]): UsageView["days"][number]["deliveries"] {
  return {
    succeeded: attempts.reduce((sum, { succeeded = 0 }) => sum + succeeded, 0),
    failed: attempts.reduce((sum, { failed = 0 }) => sum + failed, 0),
  };
}

function viewCalls(
  day: string,
  stored: StoredDay | undefined,
): Omit<UsageView["days"][number], "subscriptions" | "deliveries"> {
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
