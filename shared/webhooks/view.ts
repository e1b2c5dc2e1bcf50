/** Webhook endpoints, deliveries and events as their partner sees them. */
import type { AuditedState } from "../contract/audit-record.ts";
import { etagOf } from "../domain/etag.ts";
import type { StoredEvent } from "../events/model.ts";
import { viewEvent } from "../events/view.ts";
import type { DeliveryView, EndpointView } from "./contract.ts";
import type { StoredDelivery, StoredEndpoint } from "./model.ts";
import { signatureOf } from "./rules.ts";

/** @param failingSince since when every attempt has failed */
export function viewEndpoint(endpoint: StoredEndpoint, failingSince: string | undefined): EndpointView {
  const { id, url, description, eventTypes, status, disabledReason, createdAt, updatedAt, revision } = endpoint;
  return {
    id,
    url,
    description,
    eventTypes: eventTypes && [...eventTypes],
    signature: signatureOf(endpoint),
    publicKey: endpoint.publicKey ?? null,
    status,
    disabledReason,
    failingSince: failingSince ?? null,
    createdAt,
    updatedAt,
    etag: etagOf(revision),
  };
}

/** The endpoint in single values, as the audit trail compares them. Of the URL it only tells that it has changed. */
export function auditedEndpoint(endpoint: StoredEndpoint) {
  const { id, url, description, eventTypes, status, disabledReason } = endpoint;
  const signature = signatureOf(endpoint);
  return { id, url, description, eventTypes: eventTypes?.join(" ") ?? "all", signature, status, disabledReason };
}

/** The endpoint in the audit record of its creation or deletion: of the URL only the host, because partners put tokens into URLs. */
export function auditedState(endpoint: StoredEndpoint): AuditedState {
  const { id: _id, url, ...state } = auditedEndpoint(endpoint);
  return { host: new URL(url).host, ...state };
}

export function viewDelivery(delivery: StoredDelivery): DeliveryView {
  const { id, eventId, eventType, status, attempts, nextAttemptAt, createdAt } = delivery;
  return {
    id,
    eventId,
    eventType,
    status,
    attempts: attempts.map(({ at, statusCode, durationMs, outcome, redelivery }) => ({
      at,
      statusCode,
      durationMs,
      outcome,
      byHand: redelivery !== undefined,
    })),
    nextAttemptAt,
    createdAt,
  };
}

/**
 * The body of a webhook: the event as `GET /v1/events/{eventId}` returns it, with `timestamp`, as the Standard Webhooks
 * specification wants it. The same event has the same bytes at each attempt.
 */
export function webhookBody(event: StoredEvent): string {
  const { id, type, createdAt, request, data } = viewEvent(event);
  return JSON.stringify({ id, type, timestamp: createdAt, createdAt, request, data: inOrder(data) });
}

/** DynamoDB keeps no order of members. */
function inOrder(object: object): object {
  return Object.fromEntries(Object.entries(object).sort(([one], [other]) => (one < other ? -1 : 1)));
}
