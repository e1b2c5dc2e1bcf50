/** The counts of subscriptions add up with the events, however often and in whichever order the stream brings them. */
import { unavailable } from "../../../shared/domain/problems.ts";
import { newId } from "../../../shared/domain/ids.ts";
import { orThrow } from "../../../shared/domain/problems.ts";
import { ownedEventOf, type OwnedEvent } from "../../../shared/events/owned-event.ts";
import { principalCreation } from "../../../shared/identity/store.ts";
import { addEventCounts } from "../../../shared/migrations/add-event-counts.ts";
import { addLiveCounts } from "../../../shared/migrations/add-live-counts.ts";
import { syntheticPartnerId } from "../../../shared/partners/synthetic-partner.ts";
import type { Change, Table } from "../../../shared/runtime/table.ts";
import { subscriptionKey } from "../../../shared/subscriptions/keys.ts";
import type { Subscription } from "../../../shared/subscriptions/model.ts";
import { parsePeriod, type Duration } from "../../../shared/subscriptions/period.ts";
import { cancel, create, erasePersonalData, extend, isLive } from "../../../shared/subscriptions/rules.ts";
import { findSubscription, noticeAnnouncement, subscriptionChange } from "../../../shared/subscriptions/store.ts";
import { countEvents } from "../../../shared/usage/count-events.ts";
import { dayOf } from "../../../shared/runtime/day-counts.ts";
import { countedTypes } from "../../../shared/usage/model.ts";
import { listAllSubscriptionCounts, listSubscriptionCounts } from "../../../shared/usage/store.ts";
import { viewUsageOfAll } from "../../../shared/usage/view.ts";
import { inParallel } from "../../support/portico.ts";
import { tableForFile } from "../../support/engine-table.ts";
import { crowdTimeoutMs, dayMs } from "../../support/values.ts";

const start = new Date("2026-11-20T12:00:00.000Z");
const inDays = (days: number) => new Date(start.getTime() + days * dayMs);
const users = Array.from({ length: 12 }, (_, index) => `user-${index}`);

let table: Table;
const engine = tableForFile((started) => (table = started));

function duration(text: string): Duration {
  const period = parsePeriod(text);
  if (period === undefined) throw new Error(`${text} is not a period`);
  return { text, period };
}

/** A partner, and what happens to its subscriptions. */
class Seller {
  readonly id: string;

  private constructor(id: string) {
    this.id = id;
  }

  static async new(id: string = newId("ptr_", start)): Promise<Seller> {
    const state = { kind: "partner", status: "active", tokenPolicy: "single", version: 1 } as const;
    await table.commit(principalCreation(id, state, { secretHash: "x" }));
    return new Seller(id);
  }

  readonly find = (user: string): Promise<Subscription | undefined> => findSubscription(table, this.id, user);

  async sell(user: string, at: Date, period = "P5D"): Promise<void> {
    const before = await this.find(user);
    const request = { externalUserId: user, userEmail: "ada@example.com", duration: duration(period) };
    await this.#commit("created", before, orThrow(create(before, request, at)), at);
  }

  async extend(user: string, at: Date): Promise<void> {
    const before = (await this.find(user))!;
    await this.#commit("extended", before, orThrow(extend(before, { duration: duration("P5D") }, at)), at);
  }

  async cancel(user: string, at: Date): Promise<void> {
    const before = (await this.find(user))!;
    await this.#commit("cancelled", before, cancel(before, at), at);
  }

  async erase(user: string, at: Date): Promise<void> {
    const before = (await this.find(user))!;
    await this.#commit("personal_data_erased", before, erasePersonalData(before, at), at);
  }

  /** Announces what is due, as the schedule does. */
  async announce(user: string, at: Date): Promise<void> {
    for (;;) {
      const subscription = await this.find(user);
      if (subscription?.notice === undefined || subscription.notice.at > at) return;
      await table.commit(noticeAnnouncement(this.id, subscription, at));
    }
  }

  async #commit(
    type: Parameters<typeof subscriptionChange>[0],
    before: Subscription | undefined,
    after: Subscription,
    now: Date,
  ): Promise<void> {
    const author = { partnerId: this.id, tokenId: "token", now, request: { id: "request", idempotencyKey: null } };
    await table.commit(subscriptionChange(type, before, after, author));
  }

  /** Every event that the stream brings to the function. */
  async events(): Promise<OwnedEvent[]> {
    const owned = (await engine.items()).flatMap((item) => ownedEventOf(item) ?? []);
    return owned.filter(
      ({ partnerId, event }) => partnerId === this.id && (countedTypes as readonly string[]).includes(event.type),
    );
  }

  async liveAt(moment: Date): Promise<number> {
    const all = await Promise.all(users.map(this.find));
    return all.filter((subscription) => subscription !== undefined && isLive(subscription, moment)).length;
  }

  async stored() {
    return await listSubscriptionCounts(table, this.id, "2026-01-01");
  }

  async total() {
    return (await this.stored()).find(({ day }) => day === undefined);
  }
}

/** Two weeks of sales in which everything that can happen to a subscription does. */
async function trade(seller: Seller): Promise<void> {
  await inParallel(users.length, async (index) => {
    const user = users[index]!;
    await seller.sell(user, inDays(0), index % 4 === 3 ? "P1M" : "P5D");
    if (index % 2 === 0) await seller.extend(user, inDays(1));
    if (index % 3 === 0) await seller.cancel(user, inDays(2));
    if (index % 5 === 0) await seller.erase(user, inDays(3));
    // Some ends are announced at their moment, others by the change that replaces them, and some not yet.
    if (index % 2 === 1) await seller.announce(user, inDays(11));
    if (index === 1 || index === 4) await seller.extend(user, inDays(12));
    if (index === 2 || index === 6) await seller.sell(user, inDays(12));
    if (index === 5) await seller.cancel(user, inDays(13));
  });
}

/** What the events say, beside `live`. */
async function expectedOf(seller: Seller) {
  const types = (await seller.events()).map(({ event }) => event.type);
  const count = (type: string) => types.filter((each) => each === `subscription.${type}`).length;
  return {
    created: count("created"),
    extended: count("extended"),
    cancelled: count("cancelled"),
    expired: count("expired"),
  };
}

describe("the counts of subscriptions", () => {
  test(
    "add up with the events, in whichever order, twice and in parallel",
    async () => {
      const seller = await Seller.new();
      await trade(seller);
      const events = await seller.events();
      expect(events.length).toBeGreaterThan(30);
      const shuffled = events.toSorted((one, other) => (one.event.id.slice(-6) < other.event.id.slice(-6) ? -1 : 1));
      const batches = Array.from({ length: 10 }, (_, index) => shuffled.slice(index * 3, index * 3 + 9));
      const counted = await inParallel(50, (index) => countEvents(table, batches[index % 10]!));
      await countEvents(table, [...shuffled, ...shuffled]);
      await countEvents(table, shuffled);
      expect(counted.reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(events.length);
      for (const user of users) await seller.announce(user, inDays(14));
      expect(await countEvents(table, await seller.events())).toBeGreaterThan(0);
      const total = await seller.total();
      expect(total).toEqual({ ...(await expectedOf(seller)), live: await seller.liveAt(inDays(14)) });
      expect(total!.live).toBeGreaterThan(0);
      const days = (await seller.stored()).filter(({ day }) => day !== undefined);
      for (const name of ["created", "extended", "cancelled", "expired", "live"] as const) {
        expect([name, days.reduce((sum, day) => sum + (day[name] ?? 0), 0)]).toEqual([name, total![name]]);
      }
    },
    crowdTimeoutMs,
  );

  test("are those of the days of the events", async () => {
    const seller = await Seller.new();
    await seller.sell("user-1", inDays(0));
    await seller.sell("user-2", inDays(0));
    await seller.extend("user-1", inDays(1));
    await seller.cancel("user-2", inDays(2));
    await seller.announce("user-1", inDays(10));
    await countEvents(table, await seller.events());
    const range = { from: dayOf(inDays(-1).getTime()), to: dayOf(inDays(11).getTime()) };
    const { days } = viewUsageOfAll({ range, days: [], subscriptions: await seller.stored() }, inDays(11));
    const none = { sold: 0, extended: 0, cancelled: 0, expired: 0 };
    expect(days.slice(0, 5).map(({ subscriptions }) => subscriptions)).toEqual([
      { ...none, live: 0 },
      { ...none, sold: 2, live: 2 },
      { ...none, extended: 1, live: 2 },
      { ...none, cancelled: 1, live: 1 },
      { ...none, live: 1 },
    ]);
    expect(days.slice(-2).map(({ subscriptions }) => subscriptions)).toEqual([
      { ...none, expired: 1, live: 0 },
      { ...none, live: 0 },
    ]);
  });

  test("are right after a run that failed in the middle, and after one whose answers were lost", async () => {
    const sellers = await Promise.all([Seller.new(), Seller.new()]);
    for (const seller of sellers) for (const user of users) await seller.sell(user, inDays(0));
    const batch = (await Promise.all(sellers.map((seller) => seller.events()))).flat();
    let commits = 0;
    const failing = (where: "before" | "after") => ({
      commit: async (change: Change) => {
        commits++;
        if (where === "after") await table.commit(change);
        if (commits % 2 === 0 || where === "after") throw unavailable(new Error("no answer"));
        await table.commit(change);
      },
    });
    await expect(countEvents(failing("before"), batch)).rejects.toMatchObject({ code: "unavailable" });
    expect(await sellers[0].total()).toMatchObject({ created: 12 });
    expect(await sellers[1].total()).toBeUndefined();
    await expect(countEvents(failing("after"), batch.slice(12))).rejects.toMatchObject({ code: "unavailable" });
    expect(await countEvents(table, batch)).toBe(0);
    for (const seller of sellers) expect(await seller.total()).toEqual({ created: 12, live: 12 });
  });

  test("of all partners together are the sum, without the synthetic partner", async () => {
    const sumOf = async (name: "created" | "live") => {
      const stored = await listAllSubscriptionCounts(table, "2026-01-01");
      return stored.filter(({ day }) => day === undefined).reduce((sum, item) => sum + (item[name] ?? 0), 0);
    };
    const [created, live] = [await sumOf("created"), await sumOf("live")];
    const sellers = await Promise.all([Seller.new(), Seller.new(), Seller.new(), Seller.new(syntheticPartnerId)]);
    for (const seller of sellers) {
      await seller.sell("user-1", inDays(0));
      await seller.sell("user-2", inDays(0));
      await seller.cancel("user-2", inDays(1));
      await countEvents(table, await seller.events());
    }
    expect([await sumOf("created"), await sumOf("live")]).toEqual([created + 6, live + 3]);
  });

  test("take more events than fit into a transaction", async () => {
    const seller = await Seller.new();
    await inParallel(130, (index) => seller.sell(`customer-${index}`, inDays(0)));
    expect(await countEvents(table, await seller.events())).toBe(130);
    expect(await seller.total()).toEqual({ created: 130, live: 130 });
  }, 60_000);
});

test("the migration event-count counts what the stream has not brought, once", async () => {
  const seller = await Seller.new();
  await trade(seller);
  const events = await seller.events();
  await countEvents(table, events.slice(0, 10));
  const runs = await Promise.all([addEventCounts(table, seller.id), countEvents(table, events.slice(5, 20))]);
  expect(runs[0].read).toBeGreaterThan(events.length);
  expect(await addEventCounts(table, seller.id)).toMatchObject({ changed: 0 });
  expect(await seller.total()).toMatchObject(await expectedOf(seller));
});

describe("the migration live-count", () => {
  /** Makes a subscription, and its events, what an earlier release has written. */
  async function age(seller: Seller, user: string): Promise<void> {
    const set = { expression: "REMOVE inLiveCount" };
    await table.update({ update: subscriptionKey.subscription(seller.id, user), set });
  }

  test("adds the live subscriptions of earlier releases once, beside changes", async () => {
    const seller = await Seller.new();
    for (const user of users) await seller.sell(user, inDays(0), "P2M");
    await seller.cancel("user-0", inDays(1));
    const old = (await seller.events()).map(({ partnerId, event }) => {
      const { liveChange: _none, ...earlier } = event as typeof event & { liveChange?: number };
      return { partnerId, event: earlier };
    });
    await Promise.all(users.map((user) => age(seller, user)));
    // The first changes by the new release, before and while the migration runs: each counts the subscription by itself.
    await seller.extend("user-1", inDays(2));
    await seller.cancel("user-2", inDays(2));
    await seller.erase("user-3", inDays(2));
    const runs = await Promise.all(
      [
        addLiveCounts(table, seller.id),
        addLiveCounts(table, seller.id),
        seller.cancel("user-4", inDays(2)),
        seller.extend("user-5", inDays(2)),
      ].map((each) => Promise.resolve(each).catch((error: unknown) => error)),
    );
    expect(runs.slice(0, 2)).toEqual([expect.objectContaining({ read: 12 }), expect.objectContaining({ read: 12 })]);
    expect(await addLiveCounts(table, seller.id)).toEqual({ read: 12, changed: 0 });
    await countEvents(table, [
      ...old,
      ...(await seller.events()).filter(({ event }) => !old.some((one) => one.event.id === event.id)),
    ]);
    expect((await seller.total())!.live).toBe(await seller.liveAt(inDays(2)));
  });
});
