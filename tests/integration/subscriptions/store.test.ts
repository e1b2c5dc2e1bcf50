import type { Author } from "../../../shared/contract/author.ts";
import { ConcurrencyConflict } from "../../../shared/domain/conflict.ts";
import { newId } from "../../../shared/domain/ids.ts";
import { orThrow } from "../../../shared/domain/problems.ts";
import { principalCreation } from "../../../shared/identity/store.ts";
import { holdCreations, releaseCreations } from "../../../shared/partners/lock-creations.ts";
import type { Table } from "../../../shared/runtime/table.ts";
import type { CreationRequest } from "../../../shared/subscriptions/contract.ts";
import type { Subscription } from "../../../shared/subscriptions/model.ts";
import { parsePeriod, type Duration } from "../../../shared/subscriptions/period.ts";
import { removeSubscriptions } from "../../../shared/subscriptions/remove-subscriptions.ts";
import { cancel, create, extend, statusAt } from "../../../shared/subscriptions/rules.ts";
import {
  filterSubscriptions,
  findSubscription,
  hasLiveSubscription,
  listHistory,
  listSubscriptions,
  readSubscription,
  subscriptionChange,
  type SubscriptionFilters,
} from "../../../shared/subscriptions/store.ts";
import { viewSubscription } from "../../../shared/subscriptions/view.ts";
import { inParallel, tally } from "../../support/portico.ts";
import { tableForFile } from "../../support/engine-table.ts";

const now = new Date("2026-11-20T12:00:00.000Z");
const dayMs = 86_400_000;
const inDays = (days: number) => new Date(now.getTime() + days * dayMs);

let table: Table;
const engine = tableForFile((started) => (table = started));

function duration(text: string): Duration {
  const period = parsePeriod(text);
  if (period === undefined) throw new Error(`${text} is not a period`);
  return { text, period };
}

/** A new partner without any subscription. */
async function newPartner(status: "active" | "suspended" = "active"): Promise<string> {
  const id = newId("ptr_", now);
  await table.commit(
    principalCreation(id, { kind: "partner", status, tokenPolicy: "single", version: 1 }, { secretHash: "x" }),
  );
  return id;
}

const author = (partnerId: string, tokenId = "token-1", at = now): Author => ({
  partnerId,
  tokenId,
  now: at,
  request: { id: "request-1", idempotencyKey: null },
});

async function sell(
  partnerId: string,
  externalUserId: string,
  fields: Partial<CreationRequest> = {},
): Promise<Subscription> {
  const request = { externalUserId, userEmail: `${externalUserId}@example.com`, duration: duration("P1M"), ...fields };
  const subscription = orThrow(create(undefined, request, now));
  await table.commit(subscriptionChange("created", undefined, subscription, author(partnerId)));
  return await readSubscription(table, partnerId, externalUserId);
}

async function cancelNow(partnerId: string, subscription: Subscription, at = now): Promise<Subscription> {
  const cancelled = cancel(subscription, at);
  await table.commit(subscriptionChange("cancelled", subscription, cancelled, author(partnerId, "token-2", at)));
  return await readSubscription(table, partnerId, cancelled.externalUserId);
}

const wholeHistory = (partnerId: string, user: string) =>
  listHistory(table, partnerId, user, { limit: 100, after: undefined });

describe("a subscription", () => {
  test("is read as stored, and only by its partner", async () => {
    const [partner, other] = [await newPartner(), await newPartner()];
    const subscription = await sell(partner, "a:b@c~d");
    expect(await findSubscription(table, partner, "a:b@c~d")).toEqual(subscription);
    expect(await findSubscription(table, other, "a:b@c~d")).toBeUndefined();
    await expect(readSubscription(table, other, "a:b@c~d")).rejects.toMatchObject({ code: "not_found" });
  });

  test("is shown with its status at a moment and its revision as entity tag", async () => {
    const partner = await newPartner();
    const subscription = await sell(partner, "u1", { startsAt: inDays(1) });
    const {
      cancelled: _cancelled,
      revision: _revision,
      notice: _notice,
      inLiveCount: _inLiveCount,
      ...shown
    } = subscription;
    expect(viewSubscription(await readSubscription(table, partner, "u1"), inDays(2))).toEqual({
      ...shown,
      startsAt: "2026-11-21T12:00:00.000Z",
      expiresAt: "2026-12-21T12:00:00.000Z",
      createdAt: now.toISOString(),
      updatedAt: now.toISOString(),
      status: "active",
      etag: '"1"',
    });
  });

  test("and its history entry are written atomically", async () => {
    const partner = await newPartner();
    const first = await sell(partner, "u1");
    const extended = orThrow(extend(first, { duration: duration("P1D") }, now));
    await table.commit(subscriptionChange("extended", first, extended, author(partner, "token-2")));
    const before = await engine.items();
    // Decisions on stale data.
    const late = orThrow(extend(first, { duration: duration("P1Y") }, now));
    await expect(table.commit(subscriptionChange("extended", first, late, author(partner)))).rejects.toThrow(
      ConcurrencyConflict,
    );
    await expect(
      table.commit(subscriptionChange("cancelled", first, cancel(first, now), author(partner))),
    ).rejects.toThrow(ConcurrencyConflict);
    const again = { ...first, id: newId("sub_", now) };
    await expect(table.commit(subscriptionChange("created", undefined, again, author(partner)))).rejects.toThrow(
      ConcurrencyConflict,
    );
    expect(await engine.items()).toEqual(before);
  });

  test("without a change writes nothing", async () => {
    const partner = await newPartner();
    const cancelled = await cancelNow(partner, await sell(partner, "u1"));
    expect(subscriptionChange("cancelled", cancelled, cancel(cancelled, inDays(1)), author(partner))).toEqual([]);
  });

  test("is created once by fifty parallel calls", async () => {
    const partner = await newPartner();
    const outcomes = await inParallel(50, () =>
      sell(partner, "u1").then(
        () => "made",
        (error: unknown) => (error as Error).name,
      ),
    );
    expect(tally(outcomes)).toEqual({ made: 1, ConcurrencyConflict: 49 });
    expect((await wholeHistory(partner, "u1")).items).toHaveLength(1);
  });

  test("has its e-mail address in no key", async () => {
    const partner = await newPartner();
    await sell(partner, "u1", { userEmail: "grace.hopper@example.com" });
    const keys = (await engine.items()).map(({ pk, sk, gsi1pk, gsi1sk }) => JSON.stringify([pk, sk, gsi1pk, gsi1sk]));
    expect(keys.filter((one) => one.includes("grace.hopper"))).toEqual([]);
  });
});

describe("the creation lock of the partner", () => {
  test("forbids new subscriptions while it is closed, and allows changes of a live one", async () => {
    const partner = await newPartner();
    const subscription = await sell(partner, "u1");
    const expired = await sell(partner, "u2", { duration: duration("P1D") });
    await holdCreations(table, [{ id: partner }], now);
    await expect(sell(partner, "u3")).rejects.toThrow(ConcurrencyConflict);
    const revived = orThrow(extend(expired, { duration: duration("P1D") }, inDays(2)));
    const revival = subscriptionChange("extended", { ...expired, expiresAt: now }, revived, author(partner));
    await expect(table.commit(revival)).rejects.toThrow(ConcurrencyConflict);
    const extended = orThrow(extend(subscription, { duration: duration("P1D") }, now));
    await table.commit(subscriptionChange("extended", subscription, extended, author(partner)));
    await releaseCreations(table, [{ id: partner }], now);
    await sell(partner, "u3");
    expect(await findSubscription(table, partner, "u1")).toMatchObject({ expiresAt: extended.expiresAt, revision: 2 });
  });
});

describe("the history", () => {
  test("lists every change in the order of the commits, whatever the clocks say", async () => {
    const partner = await newPartner();
    const created = await sell(partner, "u1");
    // The clock of this caller is slow.
    const extended = orThrow(extend(created, { duration: duration("P1W") }, new Date(now.getTime() - 5000)));
    await table.commit(
      subscriptionChange("extended", created, extended, author(partner, "token-2", new Date(now.getTime() - 5000))),
    );
    const cancelled = await cancelNow(partner, await readSubscription(table, partner, "u1"), inDays(1));
    const again = orThrow(
      create(cancelled, { externalUserId: "u1", userEmail: "u1@example.com", duration: duration("P1D") }, inDays(2)),
    );
    await table.commit(subscriptionChange("created", cancelled, again, author(partner, "token-3", inDays(2))));
    const { items: entries, lastKey } = await wholeHistory(partner, "u1");
    expect(lastKey).toBeUndefined();
    expect(entries.map(({ type, tokenId, at }) => [type, tokenId, at])).toEqual([
      ["created", "token-1", now.toISOString()],
      ["extended", "token-2", now.toISOString()],
      ["cancelled", "token-2", inDays(1).toISOString()],
      ["created", "token-3", inDays(2).toISOString()],
    ]);
    expect(entries.map(({ from }) => from)).toEqual([null, entries[0]?.to, entries[1]?.to, null]);
  });

  test("keeps the order across pages beyond nine changes", async () => {
    const partner = await newPartner();
    let subscription = await sell(partner, "u1");
    for (let count = 0; count < 11; count++) {
      const next = orThrow(extend(subscription, { duration: duration("P1D") }, now));
      await table.commit(subscriptionChange("extended", subscription, next, author(partner, `token-${count}`)));
      subscription = await readSubscription(table, partner, "u1");
    }
    const first = await listHistory(table, partner, "u1", { limit: 5, after: undefined });
    const second = await listHistory(table, partner, "u1", { limit: 50, after: first.lastKey });
    expect([first.items.length, second.items.length, second.lastKey]).toEqual([5, 7, undefined]);
    expect([...first.items, ...second.items].map(({ tokenId }) => tokenId).slice(1)).toEqual(
      Array.from({ length: 11 }, (_, count) => `token-${count}`),
    );
  });
});

describe("lists", () => {
  const statuses = [undefined, "scheduled", "active", "expired", "cancelled"] as const;
  let partner: string;
  const subscriptions: Subscription[] = [];
  const at = inDays(20);

  beforeAll(async () => {
    partner = await newPartner();
    await sell(await newPartner(), "of-another-partner");
    for (let index = 0; index < 40; index++) {
      const user = `u${(index * 17) % 40}`;
      const kind = index % 4;
      const fields = [
        { duration: duration(`P${10 + index}D`) },
        { startsAt: inDays(5 + index), duration: duration("P1M") },
        { duration: duration("P1D") },
        { duration: duration("P1W") },
      ][kind];
      const sold = await sell(partner, user, fields);
      subscriptions.push(kind === 3 ? await cancelNow(partner, sold, inDays(index % 3)) : sold);
    }
  });

  const names = (list: readonly Subscription[]) => list.map(({ externalUserId }) => externalUserId);

  async function walk(filters: Omit<SubscriptionFilters, "now">, limit: number): Promise<string[]> {
    const seen: string[] = [];
    let after: string | undefined;
    do {
      const page = await filterSubscriptions(table, partner, { ...filters, now: at }, { limit, after });
      expect(page.items.length).toBeLessThanOrEqual(limit);
      seen.push(...names(page.items));
      after = page.lastKey;
    } while (after !== undefined);
    return seen;
  }

  test("without filters are sorted by external user id and contain no other partner's subscriptions", async () => {
    const first = await listSubscriptions(table, partner, { limit: 15, after: undefined });
    const second = await listSubscriptions(table, partner, { limit: 100, after: first.lastKey });
    expect(names([...first.items, ...second.items])).toEqual(names(subscriptions).sort());
  });

  test.each(
    statuses.flatMap((status) =>
      [undefined, inDays(1), inDays(20), inDays(40)].map((bound) => [status, bound] as const),
    ),
  )(
    "with status %s and expiresBefore %s contain exactly the matches, by expiry, at any page size",
    async (status, expiresBefore) => {
      const fitting = subscriptions
        .filter((one) => status === undefined || statusAt(one, at) === status)
        .filter((one) => expiresBefore === undefined || one.expiresAt < expiresBefore);
      const place = (one: Subscription) => `${one.expiresAt.toISOString()}#${one.externalUserId}`;
      const expected = names([...fitting].sort((a, b) => (place(a) < place(b) ? -1 : 1)));
      for (const limit of [1, 3, 7, 100]) expect(await walk({ status, expiresBefore }, limit)).toEqual(expected);
    },
  );

  test("are tested with all four statuses", () => {
    expect(new Set(subscriptions.map((one) => statusAt(one, at))).size).toBe(4);
  });
});

describe("the deletion of a partner", () => {
  test("is forbidden by a live subscription, active or scheduled", async () => {
    const partner = await newPartner();
    expect(await hasLiveSubscription(table, partner, now)).toBe(false);
    const sold = await sell(partner, "u1", { startsAt: inDays(5) });
    expect(await hasLiveSubscription(table, partner, now)).toBe(true);
    expect(await hasLiveSubscription(table, partner, inDays(400))).toBe(false);
    await cancelNow(partner, sold);
    expect(await hasLiveSubscription(table, partner, now)).toBe(false);
  });

  test("removes all of its subscriptions and their history, and nothing else", async () => {
    const [partner, other] = [await newPartner(), await newPartner()];
    await sell(other, "u1");
    for (let index = 0; index < 30; index++) await cancelNow(partner, await sell(partner, `u${index}`));
    const before = await engine.items();
    const own = before.filter(({ pk }) => pk.startsWith("SUBSCRIPTION") && pk.includes(partner));
    expect(own).toHaveLength(90);
    await removeSubscriptions(table, partner);
    expect(await engine.items()).toEqual(before.filter((item) => !own.includes(item)));
    await removeSubscriptions(table, partner);
    expect(await findSubscription(table, other, "u1")).toBeDefined();
  });
});
