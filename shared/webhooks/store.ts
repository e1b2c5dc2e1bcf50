/** Reads and writes of webhook endpoints, their secrets and their deliveries. */
import type { Author } from "../contract/author.ts";
import { ConcurrencyConflict } from "../domain/conflict.ts";
import { etagOf } from "../domain/etag.ts";
import { newId } from "../domain/ids.ts";
import { notFound, orThrow, Problem } from "../domain/problems.ts";
import { eventKey } from "../events/keys.ts";
import type { StoredEvent, WebhookEndpointSnapshot } from "../events/model.ts";
import { eventPut, newEvent, passageWrite } from "../events/store.ts";
import { identityKey } from "../identity/keys.ts";
import { whileActive } from "../identity/creation-lock-store.ts";
import { filterShards } from "../runtime/shards.ts";
import type { Change, Expression, Page, PageRequest, Table, UpdateWrite, Write } from "../runtime/table.ts";
import { absent, deleteUnchanged, present, putAbsent, putUnchanged, unchanged, updateIf } from "../runtime/writes.ts";
import { webhookKey } from "./keys.ts";
import {
  maxEndpoints,
  slotNames,
  type DeliveryStatus,
  type EndpointCount,
  type EndpointHealth,
  type SlotName,
  type StoredAttempt,
  type StoredDelivery,
  type StoredEndpoint,
  type StoredEndpointSecrets,
} from "./model.ts";
import { holderMark, isEnabledAgain, newDelivery } from "./rules.ts";

/** An endpoint of the partner. @throws Problem `not_found`, also for the endpoint of a different partner */
export async function readEndpoint(table: Table, partnerId: string, endpointId: string): Promise<StoredEndpoint> {
  return orThrow((await table.get(webhookKey.endpoint(partnerId, endpointId))) ?? notFound());
}

/** A page of a partner's endpoints, newest first. */
export async function listEndpoints(table: Table, partnerId: string, page: PageRequest): Promise<Page<StoredEndpoint>> {
  return await table.query({ partition: webhookKey.endpoint(partnerId, ""), descending: true, ...page });
}

/** Since when every attempt to each of the endpoints has failed; undefined after a success. */
export async function findFailingSince(
  table: Table,
  endpointIds: readonly string[],
): Promise<readonly (string | undefined)[]> {
  const all = await table.getAll(endpointIds.map((id) => webhookKey.health(id)));
  return all.map((health) => health?.failingSince);
}

/** All endpoints of a partner: there are few. */
export async function allEndpoints(table: Table, partnerId: string): Promise<readonly StoredEndpoint[]> {
  const { items } = await listEndpoints(table, partnerId, { limit: 2 * maxEndpoints, after: undefined });
  return items;
}

/** @throws Problem `not_found` */
export async function readSecrets(table: Table, endpointId: string): Promise<StoredEndpointSecrets> {
  return orThrow((await table.get(webhookKey.secrets(endpointId))) ?? notFound());
}

/** Creates an endpoint with its secret. Refused with `limit_reached`. A parallel deletion of the partner must not miss it. */
export function endpointCreation(
  { partnerId, now }: Pick<Author, "partnerId" | "now">,
  endpoint: StoredEndpoint,
  sealedSecret: string,
): Change {
  return [
    counting(partnerId),
    putAbsent(webhookKey.endpoint(partnerId, endpoint.id), endpoint),
    putAbsent(webhookKey.secrets(endpoint.id), { current: sealedSecret, previous: null, revision: 1 }),
    whileActive(partnerId, endpoint.id, now),
  ];
}

function counting(partnerId: string): UpdateWrite<EndpointCount> {
  return {
    update: webhookKey.count(partnerId),
    set: { expression: "ADD endpoints :one", values: { ":one": 1 } },
    condition: {
      expression: "attribute_not_exists(endpoints) OR endpoints < :maximum",
      values: { ":maximum": maxEndpoints },
    },
    onConditionFailed: () =>
      new Problem("limit_reached", `A partner has at most ${maxEndpoints} webhook endpoints. Delete one first.`),
  };
}

/** Replaces an endpoint, unless it has changed since it was read. One that is enabled again begins without failures. */
export function endpointChange(partnerId: string, before: StoredEndpoint, after: StoredEndpoint): Change {
  if (after.revision === before.revision) return [];
  return [
    putUnchanged(webhookKey.endpoint(partnerId, after.id), after, before.revision),
    ...(isEnabledAgain(before, after) ? [{ delete: webhookKey.health(after.id) }] : []),
  ];
}

/** Deletes an endpoint with its secret, unless it has changed since it was read. Its deliveries expire. */
export function endpointDeletion(partnerId: string, { id, revision }: StoredEndpoint): Change {
  return [
    deleteUnchanged(webhookKey.endpoint(partnerId, id), revision),
    updateIf(webhookKey.count(partnerId), present, { expression: "ADD endpoints :less", values: { ":less": -1 } }),
    { delete: webhookKey.secrets(id) },
    { delete: webhookKey.health(id) },
  ];
}

/** Replaces the secrets of an endpoint, and its public key where it has one, unless they have changed since they were read. */
export function secretRotation(
  partnerId: string,
  before: { readonly endpoint: StoredEndpoint; readonly secrets: StoredEndpointSecrets },
  after: { readonly endpoint: StoredEndpoint; readonly secrets: StoredEndpointSecrets },
): Change {
  return [
    putUnchanged(webhookKey.secrets(after.endpoint.id), after.secrets, before.secrets.revision),
    ...endpointChange(partnerId, before.endpoint, after.endpoint),
  ];
}

/** Makes a test event, and its delivery, which is listed at once. */
export function testEvent(
  { partnerId, now, request }: Author,
  endpoint: StoredEndpoint,
): { readonly delivery: StoredDelivery; readonly change: Change } {
  const event = newEvent({ type: "webhook.test", data: snapshot(endpoint) }, { now, request });
  const delivery = newDelivery(event, endpoint.id);
  const listing = putAbsent(webhookKey.delivery(endpoint.id, delivery.id), delivery);
  return { delivery, change: [eventPut(partnerId, event), listing] };
}

/** The endpoint as events show it. */
function snapshot(endpoint: StoredEndpoint): WebhookEndpointSnapshot {
  const { id, description, status, disabledReason, createdAt, updatedAt, revision } = endpoint;
  return { id, description, status, disabledReason, createdAt, updatedAt, etag: etagOf(revision) };
}

/** @throws Problem `not_found` */
export async function readDelivery(table: Table, endpointId: string, deliveryId: string): Promise<StoredDelivery> {
  return orThrow((await table.get(webhookKey.delivery(endpointId, deliveryId))) ?? notFound());
}

export interface DeliveryFilters {
  readonly status?: DeliveryStatus | undefined;
  readonly event?: string | undefined;
}

/** A page of the deliveries to an endpoint, newest event first. It may be short although more follow. */
export async function listDeliveries(
  table: Table,
  endpointId: string,
  { status, event }: DeliveryFilters,
  page: PageRequest,
): Promise<Pick<Page<StoredDelivery>, "items" | "lastKey">> {
  const range = { partitions: [webhookKey.deliveries(endpointId)], ...page };
  const passes = (delivery: StoredDelivery) =>
    (status === undefined || delivery.status === status) && (event === undefined || delivery.eventId === event);
  return await filterShards(table, range, passes);
}

const redeliveryDays = 1;

/** Asks for a delivery again: the table's stream brings the item to the dispatcher. */
export function redeliveryRequest(
  { partnerId, now }: Pick<Author, "partnerId" | "now">,
  endpointId: string,
  { id: deliveryId, eventId }: StoredDelivery,
): Change {
  const id = newId("whr_", now);
  const ttl = Math.ceil(now.getTime() / 1000) + redeliveryDays * 86_400;
  return [putAbsent(webhookKey.redelivery(endpointId, id), { id, partnerId, endpointId, deliveryId, eventId, ttl })];
}

/** Names what a delivery is about. */
export interface DeliveryNames {
  readonly partnerId: string;
  readonly endpointId: string;
  readonly eventId: string;
  readonly deliveryId: string;
}

/** What an attempt needs, without the delivery itself, which is read by the message that holds a slot. */
export interface DeliveryState {
  readonly partnerIsActive: boolean;
  readonly endpoint: StoredEndpoint | undefined;
  readonly secrets: StoredEndpointSecrets | undefined;
  readonly health: EndpointHealth;
  readonly event: StoredEvent | undefined;
}

/** One read of all items, each of them consistent. */
export async function readDeliveryState(
  table: Table,
  names: Omit<DeliveryNames, "deliveryId">,
): Promise<DeliveryState> {
  const { partnerId, endpointId, eventId } = names;
  const [partner, endpoint, secrets, health, event] = await table.getAll([
    identityKey.principal(partnerId),
    webhookKey.endpoint(partnerId, endpointId),
    webhookKey.secrets(endpointId),
    webhookKey.health(endpointId),
    eventKey.event(partnerId, eventId),
  ]);
  return { partnerIsActive: partner?.status === "active", endpoint, secrets, health: health ?? {}, event };
}

/** The delivery as it is recorded; undefined before its first attempt. */
export async function findDelivery(
  table: Table,
  { endpointId, deliveryId }: Pick<DeliveryNames, "endpointId" | "deliveryId">,
): Promise<StoredDelivery | undefined> {
  return await table.get(webhookKey.delivery(endpointId, deliveryId));
}

/** Somebody else has the slot. The item says which ones are free. */
export class SlotTaken extends Error {
  override readonly name = "SlotTaken";
  readonly health: EndpointHealth;

  constructor(health: EndpointHealth) {
    super("the slot is taken");
    this.health = health;
  }
}

/** Takes a slot of an endpoint that is free at this time, for a delivery that holds no other. @throws SlotTaken on commit */
export function slotTaking(
  endpointId: string,
  slot: { readonly name: SlotName; readonly mark: string },
  deliveryId: string,
  now: Date,
): UpdateWrite<EndpointHealth> {
  const others = slotNames.filter((name) => name !== slot.name);
  const isNotOurs = others.map((name) => `(NOT contains(${name}, :holder) OR ${name} < :now)`);
  return {
    update: webhookKey.health(endpointId),
    set: { expression: "SET #slot = :mark", values: { ":mark": slot.mark } },
    condition: {
      // A repetition after a lost answer finds its own mark.
      expression: ["(attribute_not_exists(#slot) OR #slot < :now OR #slot = :mark)", ...isNotOurs].join(" AND "),
      names: { "#slot": slot.name },
      values: { ":now": now.toISOString(), ":holder": holderMark(deliveryId) },
    },
    onConditionFailed: (existing) => new SlotTaken(existing ?? {}),
  };
}

/**
 * Releases a slot, and records what an attempt says about the endpoint's health.
 *
 * @param attempt undefined if none was made
 * @throws ConcurrencyConflict if the slot is not held any more
 */
export function slotRelease(
  endpointId: string,
  slot: { readonly name: SlotName; readonly mark: string },
  attempt: HealthSign | undefined,
): UpdateWrite<EndpointHealth> {
  return {
    update: webhookKey.health(endpointId),
    set: healthExpression(attempt, ["#slot"]),
    condition: { expression: "#slot = :mark", names: { "#slot": slot.name }, values: { ":mark": slot.mark } },
    onConditionFailed: () => new ConcurrencyConflict(),
  };
}

/** Records what an attempt says about the endpoint's health, without a slot. */
export function healthUpdate(endpointId: string, attempt: HealthSign): UpdateWrite<EndpointHealth> {
  return { update: webhookKey.health(endpointId), set: healthExpression(attempt, []) };
}

type HealthSign = Pick<StoredAttempt, "outcome" | "at">;

/** A failure sets `failingSince` unless it is set, a success removes it. */
function healthExpression(attempt: HealthSign | undefined, removed: readonly string[]): Expression {
  if (attempt === undefined) return { expression: `REMOVE ${removed.join(", ")}` };
  if (attempt.outcome === "succeeded") return { expression: `REMOVE ${["failingSince", ...removed].join(", ")}` };
  const removal = removed.length === 0 ? "" : ` REMOVE ${removed.join(", ")}`;
  return {
    expression: `SET failingSince = if_not_exists(failingSince, :failedAt)${removal}`,
    values: { ":failedAt": attempt.at },
  };
}

/** Keeps a delivery that is as it was read: absent, or of that revision. @throws ConcurrencyConflict on commit */
export function deliveryRecord(
  endpointId: string,
  before: StoredDelivery | undefined,
  after: StoredDelivery,
): UpdateWrite<StoredDelivery> {
  const names = Object.keys(after) as (keyof StoredDelivery)[];
  const assignments = names.map((name) => `#${name} = :new_${name}`);
  const update = updateIf(
    webhookKey.delivery(endpointId, after.id),
    before === undefined ? absent : unchanged(before.revision),
    {
      expression: `SET ${assignments.join(", ")}`,
      names: Object.fromEntries(names.map((name) => [`#${name}`, name])),
      values: Object.fromEntries(names.map((name) => [`:new_${name}`, after[name]])),
    },
  );
  return update;
}

/** Disables an endpoint that is as it was read, with the event that says so. */
export function endpointDisabling(partnerId: string, before: StoredEndpoint, after: StoredEndpoint, now: Date): Change {
  const { status, disabledReason, updatedAt, revision } = after;
  const disabling: Write = updateIf(webhookKey.endpoint(partnerId, after.id), unchanged(before.revision), {
    expression: "SET #status = :status, disabledReason = :reason, updatedAt = :updatedAt, revision = :next",
    names: { "#status": "status" },
    values: { ":status": status, ":reason": disabledReason, ":updatedAt": updatedAt, ":next": revision },
  });
  return [disabling, passageWrite(partnerId, { type: "webhook_endpoint.disabled", data: snapshot(after) }, now)];
}

/** The keys of an endpoint's deliveries, page by page. */
export async function* deliveryKeys(table: Table, endpointId: string) {
  let after: string | undefined;
  do {
    const page = await table.query({ partition: webhookKey.deliveries(endpointId), limit: 500, after });
    yield page.sortKeys.map((deliveryId) => webhookKey.delivery(endpointId, deliveryId));
    after = page.lastKey;
  } while (after !== undefined);
}
