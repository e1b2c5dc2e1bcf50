/** Webhook endpoints and deliveries as they are kept, with their limits. Times are RFC 3339. */
import type { EventType } from "../events/model.ts";

export const endpointStatuses = ["enabled", "disabled"] as const;
export type EndpointStatus = (typeof endpointStatuses)[number];

export const disabledReasons = ["by_partner", "gone", "failing"] as const;
export type DisabledReason = (typeof disabledReasons)[number];

/** How webhooks are signed (Standard Webhooks): HMAC-SHA-256 with a shared secret, or Ed25519. */
export const signatureSchemes = ["v1", "v1a"] as const;
export type SignatureScheme = (typeof signatureSchemes)[number];

export interface StoredEndpoint {
  readonly id: string;
  readonly url: string;
  readonly description: string;
  /** Sorted; null for every type, also those of later releases. */
  readonly eventTypes: readonly EventType[] | null;
  readonly status: EndpointStatus;
  /** Null while it is enabled. */
  readonly disabledReason: DisabledReason | null;
  /** What verifies its signatures (`v1a`); absent for an endpoint with a shared secret (`v1`). */
  readonly publicKey?: string;
  readonly createdAt: string;
  readonly updatedAt: string;
  /** Counts the changes, from 1. */
  readonly revision: number;
}

/** What signs for an endpoint, encrypted: shared secrets (`v1`) or private keys (`v1a`). */
export interface StoredEndpointSecrets {
  readonly current: string;
  /** The secret before the last rotation, which signs as well until then. */
  readonly previous: { readonly sealed: string; readonly validUntil: string } | null;
  /** Counts the rotations, from 1. */
  readonly revision: number;
}

/** How many endpoints a partner has. */
export interface EndpointCount {
  readonly endpoints: number;
}

/** How many deliveries to one endpoint may be in progress at the same time. */
export const maxInFlight = 4;

export type SlotName = `slot${number}`;

export const slotNames: readonly SlotName[] = Array.from(
  { length: maxInFlight },
  (_, index): SlotName => `slot${index}`,
);

/**
 * What deliveries tell of an endpoint. A slot is taken while a delivery is in progress: it holds the time until which it is taken
 * at most, the id of the delivery and a random text, separated by `#`.
 */
export type EndpointHealth = {
  /** Since when every attempt has failed; absent after a success. */
  readonly failingSince?: string;
} & Readonly<Partial<Record<SlotName, string>>>;

/** What became of an attempt. */
export const attemptOutcomes = [
  "succeeded",
  "http_error",
  "redirected",
  "gone",
  "timed_out",
  "address_refused",
  "name_unresolved",
  "connection_failed",
  "tls_failed",
  "answer_invalid",
] as const;
export type AttemptOutcome = (typeof attemptOutcomes)[number];

export interface StoredAttempt {
  readonly at: string;
  /** Null without an answer. */
  readonly statusCode: number | null;
  readonly durationMs: number;
  readonly outcome: AttemptOutcome;
  /** Id of the request for this attempt by hand; absent for an attempt of the schedule. */
  readonly redelivery?: string;
}

export const deliveryStatuses = ["pending", "succeeded", "failed"] as const;
export type DeliveryStatus = (typeof deliveryStatuses)[number];

/** One event for one endpoint. */
export interface StoredDelivery {
  readonly id: string;
  readonly eventId: string;
  readonly eventType: EventType;
  readonly status: DeliveryStatus;
  /** Oldest first. */
  readonly attempts: readonly StoredAttempt[];
  /** When the schedule tries again; null if it does not. */
  readonly nextAttemptAt: string | null;
  readonly createdAt: string;
  /** Seconds of the epoch. DynamoDB deletes the item some time later. */
  readonly ttl: number;
  /** Counts the changes, from 1. */
  readonly revision: number;
}

/** Somebody wants a delivery again. The table's stream brings it to the dispatcher. */
export interface StoredRedelivery {
  readonly id: string;
  readonly partnerId: string;
  readonly endpointId: string;
  readonly deliveryId: string;
  readonly eventId: string;
  /** Seconds of the epoch. */
  readonly ttl: number;
}

/** The maximum number of webhook endpoints of a partner. */
export const maxEndpoints = 20;

/** The maximum number of attempts of a delivery. The schedule makes ten. */
export const maxAttempts = 50;

export const maxUrlLength = 2048;
export const maxDescriptionLength = 200;

/** How long deliveries are shown. */
export const deliveryDays = 30;

/** How long the previous secret signs as well after a rotation. */
export const overlapHours = 24;

/** Attempts to deliver webhooks in a day. */
export interface AttemptCounts {
  readonly day: string;
  readonly succeeded?: number;
  readonly failed?: number;
  readonly ttl: number;
}
