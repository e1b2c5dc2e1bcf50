/** Rules for webhook endpoints and deliveries. Pure: no AWS, no HTTP; time and chance are arguments. */
import { createHash } from "node:crypto";
import { newId } from "../domain/ids.ts";
import { patched } from "../domain/merge-patch.ts";
import { Problem } from "../domain/problems.ts";
import type { EventType, StoredEvent } from "../events/model.ts";
import type { EndpointCreation, EndpointPatch } from "./contract.ts";
import {
  maxAttempts,
  slotNames,
  type AttemptOutcome,
  type DisabledReason,
  type EndpointHealth,
  type SignatureScheme,
  type SlotName,
  type StoredAttempt,
  type StoredDelivery,
  type StoredEndpoint,
} from "./model.ts";

export function createEndpoint(
  { url, description, eventTypes }: Omit<EndpointCreation, "signature">,
  now: Date,
): StoredEndpoint {
  return {
    id: newId("whe_", now),
    url,
    description,
    eventTypes: ordered(eventTypes),
    status: "enabled",
    disabledReason: null,
    createdAt: now.toISOString(),
    updatedAt: now.toISOString(),
    revision: 1,
  };
}

/** The endpoint with the given fields changed; the same object for a no-op. */
export function changeEndpoint(before: StoredEndpoint, patch: EndpointPatch, now: Date): StoredEndpoint {
  const { eventTypes, status } = patch;
  const given = eventTypes === undefined ? before.eventTypes : ordered(eventTypes);
  // `patched` compares by identity.
  const wanted = String(given) === String(before.eventTypes) ? before.eventTypes : given;
  const disabledReason = status === "disabled" ? (before.disabledReason ?? "by_partner") : null;
  return patched(before, { ...patch, eventTypes: wanted, ...(status !== undefined && { disabledReason }) }, now);
}

/** Whether a change enables an endpoint that was disabled: it begins without failures. */
export function isEnabledAgain(before: StoredEndpoint, after: StoredEndpoint): boolean {
  return before.status === "disabled" && after.status === "enabled";
}

/** The endpoint after Portico has disabled it. */
export function disableEndpoint(before: StoredEndpoint, reason: DisabledReason, now: Date): StoredEndpoint {
  return patched(before, { status: "disabled", disabledReason: reason }, now);
}

/** The endpoint with the public key of its new key pair, or without one; the same object if that changes nothing. */
export function changeKey(before: StoredEndpoint, publicKey: string | undefined, now: Date): StoredEndpoint {
  if (publicKey === before.publicKey) return before;
  return { ...verifiedWith(before, publicKey), updatedAt: now.toISOString(), revision: before.revision + 1 };
}

/** The endpoint before it is kept, with the public key of its first key pair. */
export function verifiedWith(endpoint: StoredEndpoint, publicKey: string | undefined): StoredEndpoint {
  const { publicKey: _previous, ...rest } = endpoint;
  return publicKey === undefined ? rest : { ...rest, publicKey };
}

export function signatureOf({ publicKey }: StoredEndpoint): SignatureScheme {
  return publicKey === undefined ? "v1" : "v1a";
}

function ordered(eventTypes: readonly EventType[] | null): readonly EventType[] | null {
  return eventTypes && [...new Set(eventTypes)].sort();
}

/** The endpoint if something can be sent to it. */
export function enabled(endpoint: StoredEndpoint): StoredEndpoint | Problem {
  if (endpoint.status === "enabled") return endpoint;
  return new Problem("webhook_endpoint_disabled", "The webhook endpoint is disabled. Enable it first.");
}

/** The delivery if it can have one more attempt. */
export function repeatable(delivery: StoredDelivery): StoredDelivery | Problem {
  if (delivery.attempts.length < maxAttempts) return delivery;
  return new Problem("limit_reached", `A delivery has at most ${maxAttempts} attempts.`);
}

/** Whether an endpoint gets an event. */
export function wants({ id, status, eventTypes }: StoredEndpoint, event: Pick<StoredEvent, "type" | "data">): boolean {
  if (status !== "enabled") return false;
  if (event.type === "webhook.test") return event.data.id === id;
  return eventTypes === null || eventTypes.includes(event.type);
}

/** The alphabet of ULIDs (Crockford's base32). */
const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/**
 * The id of the delivery of an event to an endpoint: the time of the event, so that deliveries sort by it, and a hash. The same
 * record of the stream may come twice, and both must mean the same delivery.
 */
export function deliveryIdOf(eventId: string, endpointId: string): string {
  const time = eventId.slice(4, 14);
  const hash = createHash("sha256").update(`${eventId}/${endpointId}`).digest();
  return `whd_${time}${Array.from(hash.subarray(0, 16), (byte) => alphabet.charAt(byte % 32)).join("")}`;
}

/** A delivery before its first attempt. */
export function newDelivery(
  { id, type, createdAt, ttl }: Pick<StoredEvent, "id" | "type" | "createdAt" | "ttl">,
  endpointId: string,
): StoredDelivery {
  return {
    id: deliveryIdOf(id, endpointId),
    eventId: id,
    eventType: type,
    status: "pending",
    attempts: [],
    nextAttemptAt: createdAt,
    createdAt,
    ttl,
    revision: 1,
  };
}

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;

/** The pauses after the first, second … attempt: the example of the Standard Webhooks specification, 75 hours in all. */
export const retryPausesMs: readonly number[] = [
  5 * second,
  5 * minute,
  30 * minute,
  2 * hour,
  5 * hour,
  10 * hour,
  14 * hour,
  20 * hour,
  24 * hour,
];

/** Endpoints that failed at the same moment are not called again at the same moment. */
const jitter = 0.1;

/** The longest wait that an endpoint can ask for with `retry-after`. */
const maxRetryAfterMs = 24 * hour;

/** What decides on the time of the next attempt. */
export interface RetryChoice {
  /** As the endpoint has asked for; undefined without. */
  readonly retryAfterSeconds?: number | undefined;
  /** A number in [0, 1). */
  readonly random: number;
}

/** The pause after the given number of attempts of the schedule; undefined after the last one. */
export function retryPauseMs(attempts: number, { retryAfterSeconds = 0, random }: RetryChoice): number | undefined {
  const pause = retryPausesMs[attempts - 1];
  if (pause === undefined) return undefined;
  const jittered = pause * (1 - jitter + 2 * jitter * random);
  return Math.round(Math.max(jittered, Math.min(retryAfterSeconds * second, maxRetryAfterMs)));
}

/** The attempts that the schedule has made. */
export function scheduledAttempts({ attempts }: StoredDelivery): number {
  return attempts.filter(({ redelivery }) => redelivery === undefined).length;
}

/** The delivery after an attempt. One by hand can end the schedule by a success, and does not change it otherwise. */
export function recordAttempt(before: StoredDelivery, attempt: StoredAttempt, choice: RetryChoice): StoredDelivery {
  const after = { ...before, attempts: [...before.attempts, attempt], revision: before.revision + 1 };
  if (attempt.outcome === "succeeded") return { ...after, status: "succeeded", nextAttemptAt: null };
  if (before.status !== "pending" || attempt.redelivery !== undefined) return after;
  const pause = attempt.outcome === "gone" ? undefined : retryPauseMs(scheduledAttempts(after), choice);
  if (pause === undefined) return { ...after, status: "failed", nextAttemptAt: null };
  const end = new Date(attempt.at).getTime() + attempt.durationMs;
  return { ...after, nextAttemptAt: new Date(end + pause).toISOString() };
}

/** The delivery that nobody tries any more, because its endpoint is disabled. */
export function giveUp(before: StoredDelivery): StoredDelivery {
  return { ...before, status: "failed", nextAttemptAt: null, revision: before.revision + 1 };
}

/** Which attempt a message asks for. */
export interface RequestedAttempt {
  /** Counts the attempts of the schedule, from 1. */
  readonly number: number;
  /** Id of the request for an attempt by hand. */
  readonly redelivery?: string | undefined;
}

/** What a message still asks for: messages come more than once, and after a crash in between. */
export type DeliveryStep =
  | { readonly kind: "attempt" }
  /** The attempt is recorded, and the next one may not have been sent. */
  | { readonly kind: "continue"; readonly at: string }
  | { readonly kind: "done" };

export function nextStep(delivery: StoredDelivery, { number, redelivery }: RequestedAttempt): DeliveryStep {
  if (redelivery !== undefined) {
    const isMade = delivery.attempts.some((attempt) => attempt.redelivery === redelivery);
    return { kind: isMade ? "done" : "attempt" };
  }
  if (delivery.status !== "pending") return { kind: "done" };
  const made = scheduledAttempts(delivery);
  if (made < number) return { kind: "attempt" };
  const { nextAttemptAt } = delivery;
  return made === number && nextAttemptAt !== null ? { kind: "continue", at: nextAttemptAt } : { kind: "done" };
}

/** What the status of an answer means. Redirects are not followed: they could lead to any address. */
export function outcomeOf(statusCode: number): AttemptOutcome {
  if (statusCode >= 200 && statusCode < 300) return "succeeded";
  if (statusCode >= 300 && statusCode < 400) return "redirected";
  return statusCode === 410 ? "gone" : "http_error";
}

/** The seconds that an answer asks to wait (RFC 9110 §10.2.3), if its status allows to ask; undefined if it does not. */
export function retryAfterOf(statusCode: number, header: string | undefined, now: Date): number | undefined {
  if ((statusCode !== 429 && statusCode !== 503) || header === undefined) return undefined;
  if (/^\d{1,9}$/.test(header)) return Number(header);
  const moment = Date.parse(header);
  return Number.isNaN(moment) ? undefined : Math.max(0, Math.ceil((moment - now.getTime()) / second));
}

/** How long an endpoint may fail without a success. */
export const failingDays = 5;

/** Why an endpoint is disabled after an attempt; undefined if it stays as it is. */
export function reasonToDisable(
  outcome: AttemptOutcome,
  { failingSince }: EndpointHealth,
  now: Date,
): DisabledReason | undefined {
  if (outcome === "succeeded") return undefined;
  if (outcome === "gone") return "gone";
  const since = failingSince === undefined ? now : new Date(failingSince);
  return now.getTime() - since.getTime() >= failingDays * 24 * hour ? "failing" : undefined;
}

/** A slot is free again after this time, although the function that took it has died. Longer than an attempt. */
const slotMs = 20 * second;

/** The part of a slot's mark that names the delivery which holds the slot. */
export const holderMark = (deliveryId: string): string => `#${deliveryId}#`;

/** What a delivery writes into the slot that it takes. @param taker tells repeated messages of the delivery apart */
export function slotMark(deliveryId: string, taker: string, now: Date): string {
  return `${new Date(now.getTime() + slotMs).toISOString()}${holderMark(deliveryId)}${taker}`;
}

/**
 * A slot that a delivery can take; undefined while all are taken, or while the same delivery has one: a repeated message waits for
 * what the first one does. An endpoint that fails has one slot, so that it holds up little.
 */
export function freeSlot(health: EndpointHealth, deliveryId: string, now: Date): SlotName | undefined {
  const isTaken = (slot: SlotName) => (health[slot] ?? "") > now.toISOString();
  if (slotNames.some((slot) => isTaken(slot) && health[slot]?.includes(holderMark(deliveryId)))) return undefined;
  const usable = health.failingSince === undefined ? slotNames : slotNames.slice(0, 1);
  return usable.find((slot) => !isTaken(slot));
}

/** How long a message waits for a slot, in seconds: longer from time to time, because a slow endpoint may have a long backlog. */
export function slotWaitSeconds(waits: number, random: number): number {
  const seconds = Math.min(300, 2 ** Math.min(waits, 10));
  return Math.max(1, Math.round(seconds * (0.5 + random / 2)));
}
