/** An advance in several calls, and changes that were decided by the time before it. */
import { auditRecordKey, type AuditEntry } from "../../../shared/contract/audit-record.ts";
import type { Author } from "../../../shared/contract/author.ts";
import { ConcurrencyConflict } from "../../../shared/domain/conflict.ts";
import { newId } from "../../../shared/domain/ids.ts";
import { orThrow } from "../../../shared/domain/problems.ts";
import { listEvents } from "../../../shared/events/store.ts";
import { principalCreation, principalDeletion } from "../../../shared/identity/store.ts";
import type { Table, Write } from "../../../shared/runtime/table.ts";
import { announceDue, moveClock } from "../../../shared/sandbox/advance-clock.ts";
import { readTestClock } from "../../../shared/sandbox/store.ts";
import { cancel, create } from "../../../shared/subscriptions/rules.ts";
import { readSubscription, subscriptionChange } from "../../../shared/subscriptions/store.ts";
import { inParallel } from "../../support/portico.ts";
import { tableForFile } from "../../support/engine-table.ts";

const clock = new Date("2030-01-01T00:00:00.000Z");
const limits = { maxNotices: 3, atOnce: 2 };
const now = () => new Date();

let table: Table;
tableForFile((started) => (table = started));

async function newSandbox(): Promise<Author> {
  const partnerId = newId("ptr_", now());
  const time = clock.toISOString();
  const state = { kind: "partner", status: "active", tokenPolicy: "single", version: 1 } as const;
  await table.commit(
    principalCreation(partnerId, { ...state, testClock: { time, announcedTo: time } }, { secretHash: "x" }),
  );
  return { partnerId, tokenId: "token", now: now(), clock, request: { id: "request", idempotencyKey: null } };
}

function sale(author: Author, externalUserId: string) {
  const duration = { text: "P10D", period: { count: 10, unit: "D" } } as const;
  const subscription = orThrow(create(undefined, { externalUserId, userEmail: "", duration }, clock));
  return subscriptionChange("created", undefined, subscription, author);
}

const auditing = (entry: AuditEntry): Write => {
  const id = newId("aud_", now());
  return { put: { ...auditRecordKey(id), ...entry } };
};

const advance = async (partnerId: string, to: string) =>
  await moveClock(table, partnerId, { request: { to: new Date(to) }, idempotencyKey: undefined, auditing });

async function announced(partnerId: string): Promise<readonly string[]> {
  const { items } = await listEvents(table, partnerId, { now: now() }, { limit: 100, after: undefined });
  return items.filter(({ request }) => request === null).map(({ type }) => type);
}

test("a call that reaches its maximum says that something is left, and the next ones go on", async () => {
  const author = await newSandbox();
  const { partnerId } = author;
  for (const user of ["one", "two", "three", "four"]) await table.commit(sale(author, user));
  await advance(partnerId, "2030-02-01T00:00:00Z");
  const counts: (readonly [boolean, number])[] = [];
  for (let calls = 0; calls < 3; calls++) {
    const isDone = await announceDue(table, partnerId, { clock: await readTestClock(table, partnerId), now, limits });
    counts.push([isDone, (await announced(partnerId)).length]);
  }
  expect(counts).toEqual([
    [false, 3],
    [false, 6],
    [true, 8],
  ]);
});

test("parallel calls announce everything once", async () => {
  const author = await newSandbox();
  const { partnerId } = author;
  for (const user of ["one", "two", "three", "four"]) await table.commit(sale(author, user));
  await advance(partnerId, "2030-02-01T00:00:00Z");
  const moved = await readTestClock(table, partnerId);
  await inParallel(10, () => announceDue(table, partnerId, { clock: moved, now }));
  expect([...(await announced(partnerId))].sort()).toEqual([
    ...Array<string>(4).fill("subscription.expired"),
    ...Array<string>(4).fill("subscription.expiring"),
  ]);
});

test("what was decided before the sandbox has ended is a conflict after it", async () => {
  const author = await newSandbox();
  const { partnerId } = author;
  await table.commit(sale(author, "early"));
  const early = await readSubscription(table, partnerId, "early");
  const cancellation = subscriptionChange("cancelled", early, cancel(early, clock), author);
  await table.commit(principalDeletion(partnerId));
  for (const change of [cancellation, sale(author, "late")]) {
    await expect(table.commit(change)).rejects.toThrow(ConcurrencyConflict);
  }
});

test("what was decided by the time before an advance is a conflict after it", async () => {
  const author = await newSandbox();
  const { partnerId } = author;
  await table.commit(sale(author, "early"));
  const late = sale(author, "late");
  const early = await readSubscription(table, partnerId, "early");
  const cancellation = subscriptionChange("cancelled", early, cancel(early, clock), author);
  await advance(partnerId, "2030-01-02T00:00:00Z");
  for (const change of [late, cancellation]) {
    await expect(table.commit(change)).rejects.toThrow(ConcurrencyConflict);
  }
  await expect(advance(partnerId, "2030-01-01T00:00:00Z")).rejects.toMatchObject({ code: "validation_failed" });
});
