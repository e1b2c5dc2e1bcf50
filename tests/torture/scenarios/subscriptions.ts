/** Subscriptions and idempotency keys. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import type { Scenario, World } from "../kit.ts";
import { dayMs, days, groupsOf, times, keyed, verdictOf, countOf } from "./values.ts";

interface Entry {
  readonly type: string;
  readonly from: Term | null;
  readonly to: Term;
}

interface Term {
  readonly duration: string;
  readonly startsAt: string;
  readonly expiresAt: string;
}

async function historyOf(world: World, token: string, externalUserId: string): Promise<readonly Entry[]> {
  const entries: Entry[] = [];
  let cursor = "";
  do {
    const { status, body, text } = await world.call(
      "GET",
      `/v1/subscriptions/${externalUserId}/history?limit=100${cursor === "" ? "" : `&cursor=${encodeURIComponent(cursor)}`}`,
      { token },
    );
    assert.equal(status, 200, text);
    entries.push(...(body.items as Entry[]));
    cursor = (body.nextCursor as string | null) ?? "";
  } while (cursor !== "" && entries.length < 10_000);
  return entries;
}

/** Every change has one event, and every event of a change its change. */
async function verifyEvents(
  world: World,
  { token, externalUserId, entries }: { token: string; externalUserId: string; entries: readonly Entry[] },
): Promise<void> {
  const found: string[] = [];
  let cursor = "";
  do {
    const page = cursor === "" ? "" : `&cursor=${encodeURIComponent(cursor)}`;
    const { status, body, text } = await world.call("GET", `/v1/events?limit=100${page}`, { token });
    assert.equal(status, 200, text);
    for (const { type, data } of body.items) {
      // A short term is about to expire at once, and a change that meets that notice announces it.
      const isChange = type !== "subscription.expiring" && type !== "subscription.expired";
      if (isChange && data.externalUserId === externalUserId) found.push(`${type} ${data.expiresAt}`);
    }
    cursor = (body.nextCursor as string | null) ?? "";
  } while (cursor !== "");
  const expected = entries.map(({ type, to }) => `subscription.${type} ${to.expiresAt}`);
  assert.deepEqual(found.sort(), expected.sort(), "events and changes differ");
}

/** The history starts with the creation, each change continues the previous one, and the last one matches the read state. */
async function verifyChain(world: World, token: string, externalUserId: string): Promise<readonly Entry[]> {
  const entries = await historyOf(world, token, externalUserId);
  assert.equal(entries[0]?.type, "created");
  assert.equal(entries[0]?.from, null);
  for (const [index, { type, from, to }] of entries.entries()) {
    if (index === 0) continue;
    assert.equal(type, "extended");
    assert.deepEqual(from, entries[index - 1]?.to, `the history is broken at entry ${index}`);
    const extension = Number(to.duration.slice(1, -1)) * dayMs;
    assert.equal(Date.parse(to.expiresAt), Date.parse(from?.expiresAt ?? "") + extension);
  }
  const { body } = await world.call("GET", `/v1/subscriptions/${externalUserId}`, { token });
  const { duration, startsAt, expiresAt } = body as Term;
  assert.deepEqual({ duration, startsAt, expiresAt }, entries.at(-1)?.to);
  await verifyEvents(world, { token, externalUserId, entries });
  return entries;
}

export async function createSubscription(world: World, token: string, externalUserId: string): Promise<void> {
  const json = { externalUserId, userEmail: "customer@a.example", duration: days(1) };
  const { status, text } = await world.call("POST", "/v1/subscriptions", { token, json });
  assert.equal(status, 201, text);
}

export const subscriptions: Scenario = {
  name: "subscriptions",
  invariant:
    "a user has one live subscription, every acknowledged extension counts exactly once, one that was answered 503 at most once, and the history is an unbroken chain",
  begin: async (world, callers) => {
    const { token } = await world.partner();
    await createSubscription(world, token, "regular");
    const creators = Math.ceil(callers / 4);
    const created: string[] = [];
    const acknowledged: string[] = [];
    const uncertain: string[] = [];
    const creator = () => async () => {
      const json = { externalUserId: "newcomer", userEmail: "customer@a.example", duration: days(1) };
      created.push(
        verdictOf(await world.persist("POST", "/v1/subscriptions", { token, json, ...keyed(randomUUID()) })),
      );
    };
    // Each extension has a unique duration.
    const extender = (index: number) => async () => {
      const duration = days(index + 2);
      const request = { token, json: { duration } };
      const path = "/v1/subscriptions/regular";
      const { status, text } =
        index % 2 === 0
          ? await world.persist("PUT", path, { ...request, ...keyed(randomUUID()) })
          : await world.call("PUT", path, request);
      assert.ok(status === 200 || (status === 503 && index % 2 === 1), text);
      (status === 200 ? acknowledged : uncertain).push(duration);
    };
    return {
      callers: [...times(creators, creator), ...times(callers - creators, extender)],
      verify: async () => {
        assert.equal(countOf(created, "201"), 1, created.join(", "));
        assert.equal(countOf(created, "409 subscription_exists"), creators - 1, created.join(", "));
        assert.equal((await verifyChain(world, token, "newcomer")).length, 1);
        const extensions = (await verifyChain(world, token, "regular")).slice(1).map(({ to }) => to.duration);
        for (const duration of acknowledged)
          assert.equal(countOf(extensions, duration), 1, `${duration} was acknowledged`);
        for (const duration of uncertain) assert.ok(countOf(extensions, duration) <= 1, `${duration} was answered 503`);
        const known = new Set([...acknowledged, ...uncertain]);
        assert.ok(extensions.every((duration) => known.has(duration)));
      },
    };
  },
};

export const idempotency: Scenario = {
  name: "idempotency",
  invariant: "a key has one effect and one answer, however many send it and whatever they were answered before",
  begin: async (world, callers) => {
    const { token } = await world.partner();
    await createSubscription(world, token, "shared");
    const groups = times(groupsOf(callers), () => ({ key: randomUUID(), answers: [] as string[] }));
    return {
      callers: times(callers, (index) => async () => {
        const group = groups[index % groups.length]!;
        const json = { duration: days(1) };
        const answer = await world.persist("PUT", "/v1/subscriptions/shared", { token, json, ...keyed(group.key) });
        assert.equal(answer.status, 200, answer.text);
        group.answers.push(answer.text);
      }),
      verify: async () => {
        for (const { answers } of groups) assert.equal(new Set(answers).size, 1, `a key has several answers`);
        const entries = await verifyChain(world, token, "shared");
        assert.equal(entries.length - 1, groups.length, "a key has had no effect or several");
        const shown = groups.map(({ answers }) => (JSON.parse(answers[0]!) as Term).expiresAt);
        assert.deepEqual(
          shown.sort(),
          entries.slice(1).map(({ to }) => to.expiresAt),
        );
      },
    };
  },
};
