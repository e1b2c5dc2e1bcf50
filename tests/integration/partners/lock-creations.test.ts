/** What a suspension or deletion keeps off, and what it leaves alone. */
import { ConcurrencyConflict } from "../../../shared/domain/conflict.ts";
import { newId } from "../../../shared/domain/ids.ts";
import { creationReopening, stripeOf, stripes, whileActive } from "../../../shared/identity/creation-lock-store.ts";
import { lockMs } from "../../../shared/identity/model.ts";
import { holdCreations, releaseCreations, stopCreations } from "../../../shared/partners/lock-creations.ts";
import type { Item, Table } from "../../../shared/runtime/table.ts";
import { tableForFile } from "../../support/engine-table.ts";
import { inParallel, tally } from "../../support/portico.ts";

const now = new Date("2026-11-20T12:00:00.000Z");
const after = (milliseconds: number) => new Date(now.getTime() + milliseconds);

let table: Table;
const engine = tableForFile((started) => (table = started));

const newPartner = () => ({ id: newId("ptr_", now) });

type Partner = ReturnType<typeof newPartner>;

/** Creates something of the partner under the check of its lock, by a request that began at a time. */
async function create(partner: Partner, name: string, startedAt: Date = now): Promise<void> {
  await table.commit([{ put: { pk: `THINGS#${partner.id}`, sk: name } }, whileActive(partner.id, name, startedAt)]);
}

async function isCreated(partner: Partner, name: string, startedAt?: Date): Promise<boolean> {
  return await create(partner, name, startedAt).then(
    () => true,
    (error: unknown) => {
      if (error instanceof ConcurrencyConflict) return false;
      throw error;
    },
  );
}

/** A name for each stripe. */
const names = Array.from({ length: stripes }, (_, stripe) => {
  let count = 0;
  while (stripeOf(`thing-${count}`) !== stripe) count++;
  return `thing-${count}`;
});

const createdOf = async (partner: Partner, startedAt?: Date) =>
  (await inParallel(stripes, async (index) => await isCreated(partner, names[index]!, startedAt))).filter(Boolean)
    .length;

test("an open lock lets everything through", async () => {
  expect(await createdOf(newPartner())).toBe(stripes);
});

test.each([
  ["stop", stopCreations],
  ["hold", holdCreations],
])(
  "a %s keeps off every creation of its partners alone, and opens by itself for requests that begin later",
  async (_, close) => {
    const [live, sandbox, other] = [newPartner(), newPartner(), newPartner()];
    await close(table, [live, sandbox, undefined], now);
    expect([await createdOf(live), await createdOf(sandbox), await createdOf(other)]).toEqual([0, 0, stripes]);
    expect([await createdOf(live, after(lockMs)), await createdOf(live, after(lockMs + 1))]).toEqual([0, stripes]);
    // A request that began before is late, however late it is.
    expect(await createdOf(live)).toBe(0);
  },
);

test("a release opens what a deletion holds, and nothing that a suspension has stopped", async () => {
  const [held, stopped] = [newPartner(), newPartner()];
  await stopCreations(table, [stopped], now);
  await holdCreations(table, [held, stopped], now);
  await releaseCreations(table, [held, stopped], now);
  expect([await createdOf(held), await createdOf(stopped)]).toEqual([stripes, 0]);
});

test("a partner that becomes active again creates at once", async () => {
  const partner = newPartner();
  await stopCreations(table, [partner], now);
  await table.commit(creationReopening(partner.id));
  expect(await createdOf(partner)).toBe(stripes);
});

test("every item that a lock leaves behind has a time to live, also one that is released after it was deleted", async () => {
  const partner = newPartner();
  await holdCreations(table, [partner], now);
  await table.commit(creationReopening(partner.id));
  await releaseCreations(table, [partner], now);
  const left = await locksOf(partner);
  expect(left).toHaveLength(stripes);
  const soonest = Math.min(...left.map(({ ttl }) => Number(ttl)));
  expect(soonest * 1000).toBeGreaterThan(now.getTime() + lockMs);
});

async function locksOf({ id }: Partner): Promise<readonly Item[]> {
  return (await engine.items()).filter(({ pk }) => String(pk).startsWith(`CREATION-LOCK#${id}#`));
}

test("of 64 creations beside a stop, each is complete before the stop has ended, or does not happen", async () => {
  const partner = newPartner();
  let hasStopped = false;
  const creations = inParallel(64, async (index) => {
    // Half of them are late.
    for (let wait = 0; wait < index % 8; wait++) await isCreated(partner, `wait-${index}-${wait}`);
    const beganLate = hasStopped;
    const isMade = await isCreated(partner, `creation-${index}`);
    return isMade ? (beganLate ? "escaped" : "created") : "refused";
  });
  await create(partner, "first");
  await stopCreations(table, [partner], now);
  hasStopped = true;
  const outcomes = tally(await creations);
  expect(outcomes["escaped"]).toBeUndefined();
  expect((outcomes["created"] ?? 0) + (outcomes["refused"] ?? 0)).toBe(64);
  expect(await createdOf(partner)).toBe(0);
});
