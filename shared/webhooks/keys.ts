/** Keys of webhook endpoints and deliveries. */
import { eventPrefix } from "../events/keys.ts";
import { shardOf, type Key, type Partition } from "../runtime/key.ts";
import type {
  AttemptCounts,
  EndpointCount,
  EndpointHealth,
  StoredDelivery,
  StoredEndpoint,
  StoredEndpointSecrets,
  StoredRedelivery,
} from "./model.ts";

/** Partition keys as roles are granted them; `*` stands for any characters. */
export const webhookPartitions = {
  endpoints: "WEBHOOK-ENDPOINTS#*",
  counts: "WEBHOOK-COUNT#*",
  /** Shared secrets and private keys. Only creation, rotation, deletion and the delivery function may touch them. */
  secrets: "WEBHOOK-SECRETS#*",
  health: "WEBHOOK-HEALTH#*",
  deliveries: "WEBHOOK-DELIVERIES#*",
  redeliveries: "WEBHOOK-REDELIVERIES#*",
  attemptCounts: "ATTEMPT-COUNTS#*",
} as const;

/** The beginnings of the partition keys of the inserted items that the table's stream brings to the dispatcher. */
export const dispatchedPrefixes = [eventPrefix, "WEBHOOK-REDELIVERIES#"] as const;

/** The attributes that a delivery updates on an endpoint: it can disable it, and nothing else. */
export const disablingAttributes = ["status", "disabledReason", "updatedAt", "revision"] as const;

export const webhookKey = {
  endpoint: (partnerId: string, endpointId: string): Key<StoredEndpoint> => ({
    pk: `WEBHOOK-ENDPOINTS#${partnerId}`,
    sk: endpointId,
  }),
  count: (partnerId: string): Key<EndpointCount> => ({ pk: `WEBHOOK-COUNT#${partnerId}`, sk: "COUNT" }),
  secrets: (endpointId: string): Key<StoredEndpointSecrets> => ({ pk: `WEBHOOK-SECRETS#${endpointId}`, sk: "SECRETS" }),
  health: (endpointId: string): Key<EndpointHealth> => ({ pk: `WEBHOOK-HEALTH#${endpointId}`, sk: "HEALTH" }),
  delivery: (endpointId: string, deliveryId: string): Key<StoredDelivery> => ({
    pk: `WEBHOOK-DELIVERIES#${endpointId}`,
    sk: deliveryId,
  }),
  deliveries: (endpointId: string): Partition<StoredDelivery> => ({ pk: `WEBHOOK-DELIVERIES#${endpointId}` }),
  redelivery: (endpointId: string, redeliveryId: string): Key<StoredRedelivery> => ({
    pk: `WEBHOOK-REDELIVERIES#${endpointId}`,
    sk: redeliveryId,
  }),
} as const;

/** Attempts of one partner are recorded in parallel, each in a transaction that holds its counts. */
export const maxAttemptCountsPerDay = 4;

export const attemptCountKey = {
  day: (partnerId: string, day: string, deliveryId: string): Key<AttemptCounts> => ({
    pk: `ATTEMPT-COUNTS#${partnerId}`,
    sk: `${day}#${shardOf(deliveryId, maxAttemptCountsPerDay)}`,
  }),
  days: (partnerId: string): Partition<AttemptCounts> => ({ pk: `ATTEMPT-COUNTS#${partnerId}` }),
} as const;
