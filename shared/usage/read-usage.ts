/** Reads how much a partner has used the API. */
import { orThrow } from "../domain/problems.ts";
import { limitKey } from "../limits/keys.ts";
import { readPartner } from "../partners/store.ts";
import { defaultLimitsOf, type Environment } from "../runtime/environment.ts";
import type { Table } from "../runtime/table.ts";
import { listAttemptCounts } from "../webhooks/attempt-counts.ts";
import { maxRangeDays } from "./model.ts";
import { rangeOf, type DayRange } from "./rules.ts";
import { listAllSubscriptionCounts, listDays, listDaysOfAll, listSubscriptionCounts } from "./store.ts";
import type { UsageOfAllRecord, UsageRecord } from "./view.ts";

/** What of a request decides on the answer. */
export interface UsageRequest {
  readonly query: Partial<Record<keyof DayRange, string | undefined>>;
  readonly now: Date;
  readonly table: Table;
  readonly environment: Environment;
}

/** @throws Problem `not_found` for an unknown partner, `validation_failed` for a range that is too long or the wrong way round */
export async function readUsage(
  partnerId: string,
  { query, now, table, environment }: UsageRequest,
): Promise<UsageRecord> {
  const range = orThrow(rangeOf(query, now));
  const [partner, counters = {}, days, subscriptions, attempts] = await Promise.all([
    readPartner(table, partnerId),
    table.get(limitKey.limits(partnerId)),
    listDays(table, partnerId, range),
    listSubscriptionCounts(table, partnerId, range.from),
    listAttemptCounts(table, partnerId, { ...range, maxDays: maxRangeDays }),
  ]);
  const limits = partner.limits ?? defaultLimitsOf(environment);
  return { range, days, subscriptions, attempts, counters, limits };
}

/** Reads what all partners have sold and called. @throws Problem `validation_failed` for a range that is too long or the wrong way round */
export async function readUsageOfAll({
  query,
  now,
  table,
}: Omit<UsageRequest, "environment">): Promise<UsageOfAllRecord> {
  const range = orThrow(rangeOf(query, now));
  const [days, subscriptions] = await Promise.all([
    listDaysOfAll(table, range),
    listAllSubscriptionCounts(table, range.from),
  ]);
  return { range, days, subscriptions };
}
