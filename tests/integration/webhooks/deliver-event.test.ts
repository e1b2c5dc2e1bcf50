import { Webhook } from "standardwebhooks";
import type { Author } from "../../../shared/contract/author.ts";
import { verifyWebhook } from "../../../infra/contract/verify-webhook.ts";
import { newId } from "../../../shared/domain/ids.ts";
import type { EventType, StoredEvent } from "../../../shared/events/model.ts";
import { eventKey } from "../../../shared/events/keys.ts";
import { eventPut, listEvents, newEvent } from "../../../shared/events/store.ts";
import type { TestClock } from "../../../shared/identity/model.ts";
import { principalCreation } from "../../../shared/identity/store.ts";
import type { BusEntry } from "../../../shared/runtime/bus.ts";
import type { QueueMessage } from "../../../shared/runtime/queue.ts";
import { Table, type Item, type UpdateWrite } from "../../../shared/runtime/table.ts";
import { deliverEvent, type DeliveryTools } from "../../../shared/webhooks/deliver-event.ts";
import { dispatchedOf, dispatchEvents, type Dispatched } from "../../../shared/webhooks/dispatch-events.ts";
import { webhookKey } from "../../../shared/webhooks/keys.ts";
import { parseMessage, type DeliveryMessage } from "../../../shared/webhooks/messages.ts";
import { maxEndpoints, type StoredDelivery, type StoredEndpoint } from "../../../shared/webhooks/model.ts";
import { removeEndpoints } from "../../../shared/webhooks/remove-endpoints.ts";
import { changeEndpoint, changeKey, createEndpoint } from "../../../shared/webhooks/rules.ts";
import type { SendResult, WebhookRequest } from "../../../shared/webhooks/send-webhook.ts";
import { newKeyPair, newSecret, rotateSecrets } from "../../../shared/webhooks/signatures.ts";
import {
  endpointChange,
  endpointCreation,
  endpointDeletion,
  listDeliveries,
  readDelivery,
  readEndpoint,
  readSecrets,
  redeliveryRequest,
  secretRotation,
  testEvent,
} from "../../../shared/webhooks/store.ts";
import { inParallel, tally } from "../../support/portico.ts";
import { tableForFile } from "../../support/engine-table.ts";
import { eventually } from "../../support/waiting.ts";

const key = "key of the stage";
const start = new Date("2026-11-20T12:00:00.000Z");
const hourMs = 3_600_000;

let table: Table;
const engine = tableForFile((started) => (table = started));

/** Partners' servers, SQS and the clock of a stage, in memory. Time passes only when nothing else is left to do. */
class World {
  now = start;
  readonly waiting: { readonly at: number; readonly body: string; readonly group: string }[] = [];
  readonly calls: WebhookRequest[] = [];
  readonly entries: BusEntry[] = [];
  /** What the endpoints answer. */
  answer: (request: WebhookRequest) => SendResult | Promise<SendResult> = () => ({
    outcome: "succeeded",
    statusCode: 204,
  });

  readonly queue = {
    send: (messages: readonly QueueMessage[]) => {
      for (const { body, group, delaySeconds = 0 } of messages) {
        expect(delaySeconds).toBeLessThanOrEqual(900);
        this.waiting.push({ at: this.now.getTime() + delaySeconds * 1000, body, group });
      }
      return Promise.resolve();
    },
  };

  readonly tools: DeliveryTools = {
    get table() {
      return table;
    },
    queue: this.queue,
    key: () => Promise.resolve(key),
    send: async (request) => {
      this.calls.push(request);
      return await this.answer(request);
    },
    now: () => this.now,
    random: () => 0.5,
  };

  async dispatch(batch: readonly Dispatched[]): Promise<number> {
    const bus = { put: (entries: readonly BusEntry[]) => Promise.resolve(void this.entries.push(...entries)) };
    return await dispatchEvents({ table, queue: this.queue, bus, now: () => this.now }, batch);
  }

  /** Handles the next message, after the time that it waits. */
  async step(): Promise<string | undefined> {
    const [next] = this.waiting.sort((a, b) => a.at - b.at).splice(0, 1);
    if (next === undefined) return undefined;
    this.now = new Date(Math.max(this.now.getTime(), next.at));
    return (await deliverEvent(this.tools, parseMessage(next.body))).kind;
  }

  async run(maxSteps = 1000): Promise<void> {
    for (let count = 0; count < maxSteps && this.waiting.length > 0; count++) await this.step();
  }
}

const author = (partnerId: string, now = start): Author => ({
  partnerId,
  tokenId: "token-1",
  now,
  request: { id: "request-1", idempotencyKey: null },
});

async function newPartner(status: "active" | "suspended" = "active", testClock?: TestClock): Promise<string> {
  const id = newId("ptr_", start);
  await table.commit(
    principalCreation(
      id,
      { kind: "partner", status, tokenPolicy: "single", version: 1, testClock },
      { secretHash: "x" },
    ),
  );
  return id;
}

async function newEndpoint(
  partnerId: string,
  fields: { url?: string; eventTypes?: Exclude<EventType, "webhook.test">[] } = {},
) {
  const endpoint = createEndpoint({ url: "https://a.example/", description: "", eventTypes: null, ...fields }, start);
  const { secret, sealed } = newSecret({ endpointId: endpoint.id, key });
  await table.commit(endpointCreation({ partnerId, now: start }, endpoint, sealed));
  return { ...endpoint, secret };
}

async function happen(partnerId: string, now = start): Promise<Dispatched> {
  const times = { createdAt: now.toISOString(), updatedAt: now.toISOString() };
  const data = { id: newId("cmp_", now), name: "Zoë's", etag: '"1"', ...times };
  const event = newEvent({ type: "company.created", data }, { now, request: null });
  await table.commit([eventPut(partnerId, event)]);
  return { kind: "event", partnerId, event };
}

const eventOf = (dispatched: Dispatched): StoredEvent => {
  if (dispatched.kind !== "event") throw new Error("no event");
  return dispatched.event;
};
/** A table on which something happens between the reads and the first write of a message. */
class OvertakenTable extends Table {
  #overtake: (() => Promise<unknown>) | undefined;

  constructor(overtake: () => Promise<unknown>) {
    super(engine.client, engine.name, Date.now() + 60_000);
    this.#overtake = overtake;
  }

  override async update<Shape>(write: UpdateWrite<Shape>): Promise<Shape> {
    const overtake = this.#overtake;
    this.#overtake = undefined;
    await overtake?.();
    return await super.update(write);
  }
}

const failure: SendResult = { outcome: "http_error", statusCode: 500 };
const deliveriesOf = async (endpoint: { readonly id: string }): Promise<readonly StoredDelivery[]> =>
  (await listDeliveries(table, endpoint.id, {}, { limit: 100, after: undefined })).items;
const outcomes = ({ attempts }: StoredDelivery) => attempts.map(({ outcome }) => outcome);

describe("an event", () => {
  test("is sent to the endpoints that want it, signed, and put on the bus", async () => {
    const [world, partner, other] = [new World(), await newPartner(), await newPartner()];
    const all = await newEndpoint(partner, { url: "https://all.example/" });
    await newEndpoint(partner, { url: "https://none.example/", eventTypes: ["company.deleted"] });
    await newEndpoint(other, { url: "https://other.example/" });
    const happened = await happen(partner);
    expect(await world.dispatch([happened])).toBe(1);
    await world.run();
    const { id, type, createdAt, data } = eventOf(happened);
    expect(world.calls.map(({ url }) => url)).toEqual(["https://all.example/"]);
    const [{ headers, body }] = world.calls as [WebhookRequest];
    expect(headers).toMatchObject({ "webhook-id": id, "content-type": "application/json" });
    expect(JSON.parse(body)).toEqual({ id, type, timestamp: createdAt, createdAt, request: null, data });
    // The library compares with the real clock, so it signs again instead of verifying.
    expect(new Webhook(all.secret).sign(id, start, body)).toBe(headers["webhook-signature"]);
    expect(await deliveriesOf(all)).toMatchObject([
      {
        eventId: id,
        eventType: type,
        status: "succeeded",
        nextAttemptAt: null,
        createdAt,
        attempts: [{ at: createdAt }],
      },
    ]);
    expect(world.entries).toHaveLength(1);
    expect(world.entries[0]).toMatchObject({ source: "portico", detailType: "company.created" });
    expect(JSON.parse(world.entries[0]!.detail)).toMatchObject({ schemaVersion: 1, partnerId: partner, event: { id } });
  });

  test("is tried by the schedule of three days, in hops that SQS can delay", async () => {
    const [world, partner] = [new World(), await newPartner()];
    const endpoint = await newEndpoint(partner);
    world.answer = () => failure;
    await world.dispatch([await happen(partner)]);
    await world.run();
    expect(world.calls).toHaveLength(10);
    expect(new Set(world.calls.map(({ body }) => body)).size).toBe(1);
    expect(new Set(world.calls.map(({ headers }) => headers["webhook-id"])).size).toBe(1);
    const [delivery] = await deliveriesOf(endpoint);
    expect(delivery).toMatchObject({ status: "failed", nextAttemptAt: null });
    const hours = (world.now.getTime() - start.getTime()) / hourMs;
    expect(hours).toBeGreaterThan(75);
    expect(hours).toBeLessThan(76);
    const pauses = delivery!.attempts.map(({ at }) => (new Date(at).getTime() - start.getTime()) / 1000);
    expect(pauses.slice(0, 3)).toEqual([0, 5, 305]);
  });

  test("of a sandbox is sent to its endpoints, and is not put on the bus", async () => {
    const time = start.toISOString();
    const [world, live] = [new World(), await newPartner()];
    const sandbox = await newPartner("active", { time, announcedTo: time });
    await newEndpoint(sandbox);
    expect(await world.dispatch([await happen(sandbox), await happen(live)])).toBe(1);
    expect(world.entries.map(({ detail }) => (JSON.parse(detail) as { partnerId: string }).partnerId)).toEqual([live]);
  });

  test("waits as long as a busy endpoint asks for", async () => {
    const [world, partner] = [new World(), await newPartner()];
    const endpoint = await newEndpoint(partner);
    world.answer = () => ({ outcome: "http_error", statusCode: 429, retryAfter: "7200" });
    await world.dispatch([await happen(partner)]);
    await world.step();
    const [{ nextAttemptAt }] = (await deliveriesOf(endpoint)) as [StoredDelivery];
    expect(nextAttemptAt).toBe(new Date(start.getTime() + 2 * hourMs).toISOString());
  });

  test("is not sent to an endpoint that is disabled or deleted, or to a partner that is suspended", async () => {
    const [world, partner, suspended] = [new World(), await newPartner(), await newPartner()];
    const [disabled, deleted] = [await newEndpoint(partner), await newEndpoint(partner)];
    const endpoint = await newEndpoint(suspended);
    world.answer = () => failure;
    await world.dispatch([await happen(partner), await happen(suspended)]);
    for (let count = 0; count < 3; count++) await world.step();
    expect(world.calls).toHaveLength(3);
    const now = world.now;
    await table.commit(endpointChange(partner, disabled, changeEndpoint(disabled, { status: "disabled" }, now)));
    await table.commit(endpointDeletion(partner, await readEndpoint(table, partner, deleted.id)));
    await table.commit([{ update: { pk: `PRINCIPAL#${suspended}`, sk: "PRINCIPAL" }, set: suspension }]);
    await world.run();
    expect(world.calls).toHaveLength(3);
    expect(world.waiting).toEqual([]);
    for (const left of [disabled, endpoint]) {
      expect(await deliveriesOf(left)).toMatchObject([{ status: "failed", nextAttemptAt: null }]);
    }
    expect(await world.dispatch([await happen(partner)])).toBe(0);
  });
});

const suspension = {
  expression: "SET #status = :suspended",
  names: { "#status": "status" },
  values: { ":suspended": "suspended" },
};

describe("an endpoint", () => {
  test("that answers 410 is disabled at once, and the other endpoints hear of it", async () => {
    const [world, partner] = [new World(), await newPartner()];
    const gone = await newEndpoint(partner, { url: "https://gone.example/" });
    const other = await newEndpoint(partner, {
      url: "https://other.example/",
      eventTypes: ["webhook_endpoint.disabled"],
    });
    world.answer = ({ url }) =>
      url === gone.url ? { outcome: "gone", statusCode: 410 } : { outcome: "succeeded", statusCode: 200 };
    await world.dispatch([await happen(partner)]);
    await world.run();
    expect(await readEndpoint(table, partner, gone.id)).toMatchObject({
      status: "disabled",
      disabledReason: "gone",
      revision: 2,
    });
    expect(await deliveriesOf(gone)).toMatchObject([{ status: "failed" }]);
    const page = { limit: 10, after: undefined };
    const { items } = await listEvents(table, partner, { type: "webhook_endpoint.disabled", now: world.now }, page);
    expect(items).toMatchObject([{ request: null, data: { id: gone.id, status: "disabled", disabledReason: "gone" } }]);
    expect(JSON.stringify(items)).not.toContain("gone.example");
    await world.dispatch(items.map((event) => ({ kind: "event", partnerId: partner, event })));
    await world.run();
    expect(await deliveriesOf(other)).toMatchObject([{ eventType: "webhook_endpoint.disabled", status: "succeeded" }]);
  });

  test("that fails for five days is disabled, and begins anew when it is enabled", async () => {
    const [world, partner] = [new World(), await newPartner()];
    const endpoint = await newEndpoint(partner);
    world.answer = () => failure;
    for (let day = 0; day < 5; day++) {
      world.now = new Date(start.getTime() + day * 24 * hourMs);
      await world.dispatch([await happen(partner, world.now)]);
      await world.step();
    }
    expect((await readEndpoint(table, partner, endpoint.id)).status).toBe("enabled");
    await world.run();
    const disabled = await readEndpoint(table, partner, endpoint.id);
    expect(disabled).toMatchObject({ status: "disabled", disabledReason: "failing" });
    expect(world.now.getTime() - start.getTime()).toBeGreaterThanOrEqual(5 * 24 * hourMs);
    expect((await deliveriesOf(endpoint)).map(({ status }) => status)).toEqual(Array(5).fill("failed"));
    await table.commit(endpointChange(partner, disabled, changeEndpoint(disabled, { status: "enabled" }, world.now)));
    await world.dispatch([await happen(partner, world.now)]);
    await world.step();
    expect((await readEndpoint(table, partner, endpoint.id)).status).toBe("enabled");
  });

  test("that succeeds once in five days stays enabled", async () => {
    const [world, partner] = [new World(), await newPartner()];
    const endpoint = await newEndpoint(partner);
    for (let day = 0; day < 8; day++) {
      world.now = new Date(start.getTime() + day * 24 * hourMs);
      world.answer = () => (day === 4 ? { outcome: "succeeded", statusCode: 200 } : failure);
      await world.dispatch([await happen(partner, world.now)]);
      await world.step();
    }
    expect((await readEndpoint(table, partner, endpoint.id)).status).toBe("enabled");
  });

  test("is signed for with both secrets during a rotation", async () => {
    const [world, partner] = [new World(), await newPartner()];
    const endpoint = await newEndpoint(partner);
    const { secret, sealed } = newSecret({ endpointId: endpoint.id, key });
    const before = { endpoint, secrets: await readSecrets(table, endpoint.id) };
    const secrets = rotateSecrets(before.secrets, sealed, { expirePrevious: false, now: start });
    await table.commit(secretRotation(partner, before, { endpoint, secrets }));
    await world.dispatch([await happen(partner)]);
    await world.run();
    const [{ headers, body }] = world.calls as [WebhookRequest];
    const signatures = [secret, endpoint.secret].map((one) =>
      new Webhook(one).sign(headers["webhook-id"]!, start, body),
    );
    expect(headers["webhook-signature"]).toBe(signatures.join(" "));
  });

  test("is signed for with a key pair, which only one of several parallel rotations replaces", async () => {
    const [world, partner] = [new World(), await newPartner()];
    const endpoint = await readEndpoint(table, partner, (await newEndpoint(partner)).id);
    const before = { endpoint, secrets: await readSecrets(table, endpoint.id) };
    const rotated = await inParallel(50, async () => {
      const { publicKey, sealed } = newKeyPair({ endpointId: endpoint.id, key });
      const after = {
        endpoint: changeKey(endpoint, publicKey, start),
        secrets: rotateSecrets(before.secrets, sealed, { expirePrevious: true, now: start }),
      };
      return await table.commit(secretRotation(partner, before, after)).then(
        () => publicKey,
        (error: unknown) => (error as Error).name,
      );
    });
    const [publicKey, ...others] = rotated.filter((result) => result.startsWith("whpk_"));
    expect([others, rotated.filter((result) => result === "ConcurrencyConflict").length]).toEqual([[], 49]);
    expect(await readEndpoint(table, partner, endpoint.id)).toMatchObject({ publicKey, revision: 2 });
    await world.dispatch([await happen(partner)]);
    await world.run();
    const [{ headers, body }] = world.calls as [WebhookRequest];
    expect(await verifyWebhook(body, headers, publicKey!, { now: start })).toMatchObject({ type: "company.created" });
  });

  test("is one of at most twenty, also when fifty are created at the same moment", async () => {
    const partner = await newPartner();
    const made = await inParallel(50, () =>
      newEndpoint(partner).then(
        () => "made",
        (error: unknown) => (error as { code?: string }).code ?? "error",
      ),
    );
    expect(tally(made)).toEqual({ made: maxEndpoints, limit_reached: 50 - maxEndpoints });
    const [first] = (await table.query({ partition: { pk: `WEBHOOK-ENDPOINTS#${partner}` }, limit: 1 })).items;
    await table.commit(endpointDeletion(partner, first as StoredEndpoint));
    await newEndpoint(partner);
    await expect(newEndpoint(partner)).rejects.toMatchObject({ code: "limit_reached" });
  });

  test("leaves nothing behind when its partner is deleted", async () => {
    const [world, partner] = [new World(), await newPartner()];
    const endpoints = [await newEndpoint(partner), await newEndpoint(partner)];
    await world.dispatch([await happen(partner)]);
    await world.run();
    await removeEndpoints(table, partner);
    await removeEndpoints(table, partner);
    const names = [partner, ...endpoints.map(({ id }) => id)];
    const left = (await engine.items()).map(({ pk }) => String(pk));
    expect(left.filter((pk) => pk.startsWith("WEBHOOK") && names.some((name) => pk.includes(name)))).toEqual([]);
  });
});

describe("a slow endpoint", () => {
  test("has few deliveries in progress, and delays no other", async () => {
    const [world, slowPartner, partner] = [new World(), await newPartner(), await newPartner()];
    const slow = await newEndpoint(slowPartner, { url: "https://slow.example/" });
    const quick = await newEndpoint(partner, { url: "https://quick.example/" });
    let inProgress = 0;
    let most = 0;
    const hanging: (() => void)[] = [];
    world.answer = async ({ url }) => {
      if (url === quick.url) return { outcome: "succeeded", statusCode: 200 };
      most = Math.max(most, ++inProgress);
      await new Promise<void>((released) => hanging.push(released));
      inProgress--;
      return { outcome: "timed_out", statusCode: null };
    };
    for (let count = 0; count < 50; count++) await world.dispatch([await happen(slowPartner)]);
    await world.dispatch([await happen(partner)]);
    const allDecided = () =>
      eventually(
        () => Promise.resolve(world.waiting.length + inProgress),
        (decided) => decided >= 50,
      );
    // Fifty receivers take the messages of the slow endpoint at the same moment, before that of the quick one.
    const batch = world.waiting.splice(0, 51).map(({ body }) => deliverEvent(world.tools, parseMessage(body)));
    const quickResult = await batch.pop();
    expect(quickResult).toMatchObject({ kind: "attempted", attempt: { outcome: "succeeded" } });
    const first = await Promise.race(batch);
    expect(first).toEqual({ kind: "waiting" });
    await allDecided();
    expect(inProgress).toBe(4);
    for (const release of hanging.splice(0)) release();
    await Promise.all(batch);
    expect([most, inProgress]).toEqual([4, 0]);
    // It fails, so from now on it has one slot.
    expect(world.waiting.filter(({ group }) => group === slow.id)).toHaveLength(50);
    world.now = new Date(start.getTime() + 10_000);
    const second = world.waiting.splice(0).map(({ body }) => deliverEvent(world.tools, parseMessage(body)));
    await allDecided();
    expect(inProgress).toBe(1);
    for (const release of hanging.splice(0)) release();
    await Promise.all(second);
  });

  test("gets all of its events in the end", async () => {
    const [world, partner] = [new World(), await newPartner()];
    const endpoint = await newEndpoint(partner);
    const batch: Dispatched[] = [];
    for (let count = 0; count < 20; count++) batch.push(await happen(partner));
    await world.dispatch(batch);
    while (world.waiting.length > 0) {
      const messages = world.waiting.splice(0).map(({ body }) => parseMessage(body));
      world.now = new Date(world.now.getTime() + 1000);
      await Promise.all(messages.map((message) => deliverEvent(world.tools, message)));
    }
    expect((await deliveriesOf(endpoint)).map(({ status }) => status)).toEqual(Array(20).fill("succeeded"));
    expect(world.calls).toHaveLength(20);
  });
});

describe("after a fault", () => {
  test("between the call and its record, the endpoint gets the event again with the same id", async () => {
    const [world, partner] = [new World(), await newPartner()];
    const endpoint = await newEndpoint(partner);
    await world.dispatch([await happen(partner)]);
    const message = parseMessage(world.waiting.splice(0)[0]!.body);
    const killed = {
      ...world.tools,
      send: async (request: WebhookRequest) => {
        await world.tools.send(request);
        throw new Error("killed");
      },
    };
    await expect(deliverEvent(killed, message)).rejects.toThrow("killed");
    // The slot of the dead function holds the message up until it is free again.
    expect(await deliverEvent(world.tools, message)).toEqual({ kind: "waiting" });
    world.now = new Date(start.getTime() + 30_000);
    expect(await deliverEvent(world.tools, message)).toMatchObject({ kind: "attempted" });
    await world.run();
    expect(new Set(world.calls.map(({ headers }) => headers["webhook-id"])).size).toBe(1);
    expect(world.calls).toHaveLength(2);
    expect((await deliveriesOf(endpoint)).map(outcomes)).toEqual([["succeeded"]]);
  });

  test("between the record and the next message, only that message is sent", async () => {
    const [world, partner] = [new World(), await newPartner()];
    const endpoint = await newEndpoint(partner);
    world.answer = () => failure;
    await world.dispatch([await happen(partner)]);
    const message = parseMessage(world.waiting.splice(0)[0]!.body);
    const broken = { ...world.tools, queue: { send: () => Promise.reject(new Error("no queue")) } };
    await expect(deliverEvent(broken, message)).rejects.toThrow("no queue");
    expect(world.waiting).toEqual([]);
    expect(await deliverEvent(world.tools, message)).toEqual({ kind: "skipped" });
    expect(world.calls).toHaveLength(1);
    expect(world.waiting).toHaveLength(1);
    await world.run();
    expect((await deliveriesOf(endpoint)).map(outcomes)).toEqual([Array(10).fill("http_error")]);
  });

  test("records and messages that come twice make one delivery", async () => {
    const [world, partner] = [new World(), await newPartner()];
    const endpoint = await newEndpoint(partner);
    const happened = await happen(partner);
    await world.dispatch([happened]);
    await world.dispatch([happened, happened]);
    const messages = world.waiting.splice(0).map(({ body }) => parseMessage(body));
    let release: () => void;
    const othersEnd = new Promise<void>((resolve) => (release = resolve));
    world.answer = async () => {
      await othersEnd;
      return { outcome: "succeeded", statusCode: 204 };
    };
    const kinds: string[] = [];
    const handle = async (message: DeliveryMessage) => {
      kinds.push((await deliverEvent(world.tools, message)).kind);
      if (kinds.length === 2) release();
    };
    await Promise.all(messages.map(handle));
    expect(tally(kinds)).toEqual({ attempted: 1, waiting: 2 });
    await world.run();
    expect(world.calls).toHaveLength(1);
    expect((await deliveriesOf(endpoint)).map(outcomes)).toEqual([["succeeded"]]);
  });

  test("fifty copies of a message at once make one attempt", async () => {
    const [world, partner] = [new World(), await newPartner()];
    const endpoint = await newEndpoint(partner);
    await world.dispatch([await happen(partner)]);
    const message = parseMessage(world.waiting.splice(0)[0]!.body);
    const results = await inParallel(50, async (index) => {
      // Some of them read while the first one records its attempt.
      await new Promise((soon) => setTimeout(soon, index % 10));
      return await deliverEvent(world.tools, message);
    });
    expect(results.filter(({ kind }) => kind === "attempted")).toHaveLength(1);
    await world.run();
    expect(world.calls).toHaveLength(1);
    expect((await deliveriesOf(endpoint)).map(outcomes)).toEqual([["succeeded"]]);
  });

  test("a message that was read before another one's attempt makes no second attempt", async () => {
    const [world, partner] = [new World(), await newPartner()];
    const endpoint = await newEndpoint(partner);
    await world.dispatch([await happen(partner)]);
    const message = parseMessage(world.waiting.splice(0)[0]!.body);
    const overtaken = new OvertakenTable(() => deliverEvent(world.tools, message));
    expect(await deliverEvent({ ...world.tools, table: overtaken }, message)).toEqual({ kind: "skipped" });
    expect(world.calls).toHaveLength(1);
    expect((await deliveriesOf(endpoint)).map(outcomes)).toEqual([["succeeded"]]);
    expect(await table.get(webhookKey.health(endpoint.id))).toEqual({});
  });

  test("a message that was read before another one took a slot takes no second slot", async () => {
    const [world, partner] = [new World(), await newPartner()];
    const endpoint = await newEndpoint(partner);
    await world.dispatch([await happen(partner), await happen(partner)]);
    const [other, repeated] = world.waiting.splice(0).map(({ body }) => parseMessage(body));
    const holds: (() => void)[] = [];
    let called: () => void = () => undefined;
    world.answer = async () => {
      const isHeld = holds.length < 2;
      const held = new Promise<void>((released) => isHeld && holds.push(released));
      called();
      if (isHeld) await held;
      return { outcome: "succeeded", statusCode: 204 };
    };
    const inProgress = async (message: DeliveryMessage) => {
      const call = new Promise<void>((resolve) => (called = resolve));
      const ended = deliverEvent(world.tools, message);
      await Promise.race([call, ended]);
      return { ended };
    };
    let first: Awaited<ReturnType<typeof inProgress>>;
    const overtaken = new OvertakenTable(async () => {
      // The other delivery has the first slot until the repeated one has the second.
      const { ended } = await inProgress(other!);
      first = await inProgress(repeated!);
      holds[0]!();
      await ended;
    });
    expect(await deliverEvent({ ...world.tools, table: overtaken }, repeated!)).toEqual({ kind: "waiting" });
    holds[1]!();
    expect(await first!.ended).toMatchObject({ kind: "attempted" });
    expect(world.calls).toHaveLength(2);
    expect((await deliveriesOf(endpoint)).map(outcomes)).toEqual([["succeeded"], ["succeeded"]]);
  });

  test("an attempt by hand that is recorded meanwhile keeps the other one", async () => {
    const [world, partner] = [new World(), await newPartner()];
    const endpoint = await newEndpoint(partner);
    const happened = await happen(partner);
    await world.dispatch([happened]);
    const message = parseMessage(world.waiting.splice(0)[0]!.body);
    let isFirst = true;
    world.answer = async () => {
      if (!isFirst) return failure;
      isFirst = false;
      world.now = new Date(start.getTime() + 25_000);
      await deliverEvent(world.tools, { ...message, redelivery: "whr_1" });
      return failure;
    };
    await deliverEvent(world.tools, message);
    const [delivery] = await deliveriesOf(endpoint);
    expect(delivery?.attempts.map(({ redelivery }) => redelivery)).toEqual(["whr_1", undefined]);
    expect(world.waiting).toHaveLength(1);
  });

  test("an endpoint is disabled once by attempts that end at the same moment", async () => {
    const [world, partner] = [new World(), await newPartner()];
    const endpoint = await newEndpoint(partner);
    world.answer = () => ({ outcome: "gone", statusCode: 410 });
    await world.dispatch(await Promise.all(Array.from({ length: 4 }, () => happen(partner))));
    await Promise.all(world.waiting.splice(0).map(({ body }) => deliverEvent(world.tools, parseMessage(body))));
    expect(await readEndpoint(table, partner, endpoint.id)).toMatchObject({ status: "disabled", revision: 2 });
    const page = { limit: 10, after: undefined };
    const { items } = await listEvents(table, partner, { type: "webhook_endpoint.disabled", now: world.now }, page);
    expect(items).toHaveLength(1);
  });
});

describe("by hand", () => {
  test("a test event goes to its endpoint alone, and its delivery is listed at once", async () => {
    const [world, partner] = [new World(), await newPartner()];
    const tested = await newEndpoint(partner, { eventTypes: ["company.deleted"] });
    await newEndpoint(partner);
    const { delivery, change } = testEvent(author(partner), await readEndpoint(table, partner, tested.id));
    await table.commit(change);
    expect(await deliveriesOf(tested)).toMatchObject([{ id: delivery.id, status: "pending", attempts: [] }]);
    const event = (await table.get(eventKey.event(partner, delivery.eventId))) as StoredEvent;
    await world.dispatch([{ kind: "event", partnerId: partner, event }]);
    await world.run();
    expect(world.calls.map(({ body }) => JSON.parse(body) as unknown)).toMatchObject([
      { type: "webhook.test", data: { id: tested.id } },
    ]);
    expect((await readDelivery(table, tested.id, delivery.id)).status).toBe("succeeded");
  });

  test("a delivery is sent once more, however often the request comes from the stream", async () => {
    const [world, partner] = [new World(), await newPartner()];
    const endpoint = await newEndpoint(partner);
    await world.dispatch([await happen(partner)]);
    await world.run();
    const [delivery] = await deliveriesOf(endpoint);
    const [write] = redeliveryRequest({ partnerId: partner, now: start }, endpoint.id, delivery!);
    const dispatched = dispatchedOf((write as { put: Item }).put);
    world.answer = () => failure;
    await world.dispatch([dispatched!, dispatched!]);
    await world.run();
    expect(world.calls).toHaveLength(2);
    expect(await deliveriesOf(endpoint)).toMatchObject([
      {
        status: "succeeded",
        attempts: [{ outcome: "succeeded" }, { outcome: "http_error", redelivery: expect.any(String) }],
      },
    ]);
    expect(world.entries).toHaveLength(1);
  });
});

test("items of the stream are told apart", () => {
  expect(dispatchedOf({ pk: "EVENTS#ptr_1#3", sk: "evt_1", id: "evt_1", type: "company.created" })).toMatchObject({
    kind: "event",
    partnerId: "ptr_1",
  });
  expect(dispatchedOf({ pk: "EVENTS#ptr_1#3", sk: "evt_1" })).toBeUndefined();
  expect(dispatchedOf({ pk: "COMPANIES#ptr_1", sk: "cmp_1", id: "cmp_1", type: "x" })).toBeUndefined();
});
