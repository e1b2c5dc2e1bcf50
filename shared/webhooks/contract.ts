/** Operations on a partner's webhook endpoints and their deliveries, and the rights of the functions that deliver. */
import * as z from "zod";
import { operation, type TableRight } from "../contract/operation.ts";
import { createdAt, etag, id, pageOf, pageQuery, shownInstant, text, updatedAt } from "../contract/schemas.ts";
import { administrators } from "../domain/access.ts";
import type { WebhookDeclaration } from "../contract/openapi.ts";
import { eventExample, eventSchema } from "../events/contract.ts";
import { eventPartitions } from "../events/keys.ts";
import { eventTypes } from "../events/model.ts";
import { identityPartitions } from "../identity/keys.ts";
import { disablingAttributes, webhookPartitions } from "./keys.ts";
import {
  attemptOutcomes,
  deliveryDays,
  deliveryStatuses,
  disabledReasons,
  endpointStatuses,
  maxDescriptionLength,
  maxEndpoints,
  maxUrlLength,
  overlapHours,
  signatureSchemes,
} from "./model.ts";

/** The test event goes to the endpoint that is tested, whatever it wants. */
export const wantedEventTypes = eventTypes.filter((type) => type !== "webhook.test");

const signature = z.enum(signatureSchemes);
const publicKey = z.string().nullable().meta({
  description: "The public key that verifies the signatures of `v1a`: `whpk_` and 32 bytes in base64. Null for `v1`",
});

const endpointSchema = z
  .object({
    id: id("whe_"),
    url: z.string().meta({ format: "uri", description: "Where events are sent" }),
    description: z.string().describe("The partner's own note"),
    eventTypes: z
      .array(z.enum(eventTypes))
      .nullable()
      .describe("The types of the events that are sent; null for all, also those of later releases"),
    signature: signature.describe("How requests are signed: `v1` is HMAC-SHA-256, `v1a` is Ed25519"),
    publicKey,
    status: z.enum(endpointStatuses).describe("Whether events are sent"),
    disabledReason: z
      .enum(disabledReasons)
      .nullable()
      .describe(
        "Why it is disabled: `by_partner`; `gone`, because it answered 410; or `failing`, for five days without a success. Null while it " +
          "is enabled",
      ),
    failingSince: shownInstant
      .nullable()
      .describe("Since when every attempt has failed: RFC 3339, UTC; null after a success. It leaves `etag` as it is"),
    createdAt,
    updatedAt,
    etag,
  })
  .meta({ id: "WebhookEndpoint", description: "A URL of the partner to which events are sent" });

export type EndpointView = z.output<typeof endpointSchema>;

const endpointExample: EndpointView = {
  id: "whe_01JD3Y5W8Q4T6V2X9ZB7C1D3EF",
  url: "https://shop.example/webhooks/portico",
  description: "Orders",
  eventTypes: ["subscription.created", "subscription.expired"],
  signature: "v1",
  publicKey: null,
  status: "enabled",
  disabledReason: null,
  failingSince: null,
  createdAt: "2026-11-20T12:00:00.000Z",
  updatedAt: "2026-11-20T12:00:00.000Z",
  etag: '"1"',
};

const attemptSchema = z
  .object({
    at: shownInstant.describe("When the attempt began: RFC 3339, UTC"),
    statusCode: z.int().nullable().describe("HTTP status of the answer; null without an answer"),
    durationMs: z.int().min(0).describe("How long it took, in milliseconds"),
    outcome: z
      .enum(attemptOutcomes)
      .describe(
        "`succeeded` is a status of 200 to 299. `gone` is 410 and `redirected` any other status of 300 to 399; redirects are not followed. " +
          "`address_refused`: the host name leads to an address that is not public",
      ),
    byHand: z.boolean().describe("Whether somebody has asked for this attempt"),
  })
  .meta({ id: "DeliveryAttempt", description: "One request to a webhook endpoint" });

const deliverySchema = z
  .object({
    id: id("whd_"),
    eventId: id("evt_").describe("Id of the event, which is also the `webhook-id` of each attempt"),
    eventType: z.enum(eventTypes).describe("Type of the event"),
    status: z
      .enum(deliveryStatuses)
      .describe("`pending` until an attempt succeeds or the last one of the schedule has failed"),
    attempts: z.array(attemptSchema).describe("The attempts so far, oldest first"),
    nextAttemptAt: shownInstant
      .nullable()
      .describe("When the schedule tries again: RFC 3339, UTC; null if it does not"),
    createdAt: shownInstant.describe("When the event happened: RFC 3339, UTC"),
  })
  .meta({ id: "WebhookDelivery", description: "An event for a webhook endpoint" });

export type DeliveryView = z.output<typeof deliverySchema>;

const deliveryExample: DeliveryView = {
  id: "whd_01JD3Y5W8Q4T6V2X9ZB7C1D3EF",
  eventId: "evt_01JD3Y5W8Q4T6V2X9ZB7C1D3EF",
  eventType: "subscription.created",
  status: "succeeded",
  attempts: [
    { at: "2026-11-20T12:00:00.420Z", statusCode: 503, durationMs: 85, outcome: "http_error", byHand: false },
    { at: "2026-11-20T12:00:05.610Z", statusCode: 204, durationMs: 41, outcome: "succeeded", byHand: false },
  ],
  nextAttemptAt: null,
  createdAt: "2026-11-20T12:00:00.000Z",
};

const pendingExample: DeliveryView = {
  ...deliveryExample,
  eventType: "webhook.test",
  status: "pending",
  attempts: [],
  nextAttemptAt: "2026-11-20T12:00:00.000Z",
};

// The rules check the destination: what is allowed depends on the stage and on the addresses of the host name.
const url = z
  .string()
  .max(maxUrlLength, `must have at most ${maxUrlLength} characters`)
  .refine((value) => URL.canParse(value), "must be a URL")
  .meta({
    format: "uri",
    description: "Where events are sent: `https`, port 443 or 1024 to 65535, and a host with public addresses",
    examples: ["https://shop.example/webhooks/portico"],
  });
const description = text(0, maxDescriptionLength).describe("The partner's own note");
const wanted = z
  .array(z.enum(wantedEventTypes))
  .min(1, "must have at least one entry")
  .max(wantedEventTypes.length, `must have at most ${wantedEventTypes.length} entries`)
  .nullable()
  .describe("The types of the events that are sent; null for all, also those of later releases");

const creation = z.strictObject({
  url,
  description: description.default(""),
  eventTypes: wanted.default(null),
  signature: signature
    .default("v1")
    .describe(
      "How requests are signed. `v1` is HMAC-SHA-256 with a secret that both sides know; `v1a` is Ed25519 with a private key that never " +
        "leaves Portico, so who can verify cannot sign",
    ),
});

const patch = z
  .strictObject({
    url,
    description,
    eventTypes: wanted,
    status: z
      .enum(endpointStatuses)
      .describe("Whether events are sent. An endpoint that is enabled again begins without failures"),
  })
  .partial();

export type EndpointCreation = z.output<typeof creation>;
export type EndpointPatch = z.output<typeof patch>;

const endpointPath = z.strictObject({ endpointId: id("whe_") });
const deliveryPath = endpointPath.extend({ deliveryId: id("whd_") });
const endpointAnswer = { body: endpointSchema, example: endpointExample };
const endpointPage = {
  status: 200,
  description: "A page of webhook endpoints",
  body: pageOf(endpointSchema),
  example: { items: [endpointExample], nextCursor: null },
} as const;
const toRead = { partner: { scope: "webhooks:read" } } as const;
const toWrite = { partner: { scope: "webhooks:write" } } as const;

const secret = z.string().optional().meta({
  description:
    "The secret that signs with `v1`: `whsec_` and 32 bytes in base64. Shown once. Absent with `v1a`, and from a replayed response",
});
const exampleSecret = "whsec_Zk3mY0vQx1lT7cN5sR9wB2hJ8dF4gK6pA1uE3iO5yTc=";

const readEndpoint: TableRight = { actions: ["GetItem"], leadingKeys: [webhookPartitions.endpoints] };
const readHealth: TableRight = { actions: ["BatchGetItem"], leadingKeys: [webhookPartitions.health] };

export const operations = {
  create: operation({
    id: "webhooks.create",
    method: "POST",
    path: "/v1/webhook-endpoints",
    tag: "Webhooks",
    summary: "Create a webhook endpoint",
    description:
      "Events are sent to the endpoint from now on, signed by the Standard Webhooks specification. With the signature `v1` the response " +
      `shows the secret once; with \`v1a\` the endpoint shows its public key. A partner has at most ${maxEndpoints} endpoints.`,
    access: toWrite,
    request: {
      body: creation,
      bodyExample: {
        url: "https://shop.example/webhooks/portico",
        description: "Orders",
        eventTypes: ["subscription.created", "subscription.expired"],
      },
    },
    success: {
      status: 201,
      description: "The webhook endpoint with its secret",
      body: endpointSchema.extend({ secret }),
      example: { ...endpointExample, secret: exampleSecret },
      secretMembers: ["secret"],
    },
    problems: ["limit_reached"],
    idempotent: true,
    audited: true,
    table: [
      { actions: ["PutItem"], leadingKeys: [webhookPartitions.endpoints, webhookPartitions.secrets] },
      { actions: ["UpdateItem"], leadingKeys: [webhookPartitions.counts], attributes: ["endpoints"] },
      { actions: ["ConditionCheckItem"], leadingKeys: [identityPartitions.creationLocks] },
      // For what is decided again.
      { actions: ["GetItem"], leadingKeys: [identityPartitions.principals] },
    ],
    secrets: ["webhookKey"],
  }),

  list: operation({
    id: "webhooks.list",
    method: "GET",
    path: "/v1/webhook-endpoints",
    tag: "Webhooks",
    summary: "List webhook endpoints",
    description: "Lists the partner's webhook endpoints, newest first.",
    access: toRead,
    request: { query: z.strictObject(pageQuery) },
    success: endpointPage,
    problems: ["cursor_invalid"],
    table: [{ actions: ["Query"], leadingKeys: [webhookPartitions.endpoints] }, readHealth],
    secrets: ["cursorKey"],
  }),

  listOfPartner: operation({
    id: "webhooks.list-of-partner",
    method: "GET",
    path: "/v1/partners/{partnerId}/webhook-endpoints",
    tag: "Webhooks",
    summary: "List a partner's webhook endpoints",
    description: "Lists a partner's webhook endpoints for administrators, newest first.",
    access: { user: { roles: administrators } },
    request: { path: z.strictObject({ partnerId: id("ptr_") }), query: z.strictObject(pageQuery) },
    success: endpointPage,
    problems: ["cursor_invalid"],
    table: [
      { actions: ["GetItem"], leadingKeys: [identityPartitions.principals] },
      { actions: ["Query"], leadingKeys: [webhookPartitions.endpoints] },
      readHealth,
    ],
    secrets: ["cursorKey"],
  }),

  read: operation({
    id: "webhooks.read",
    method: "GET",
    path: "/v1/webhook-endpoints/{endpointId}",
    tag: "Webhooks",
    summary: "Read a webhook endpoint",
    description:
      "Returns a webhook endpoint, with its public key if it has one. Nobody can read its secret or its private key.",
    access: toRead,
    request: { path: endpointPath },
    success: { status: 200, description: "The webhook endpoint", ...endpointAnswer },
    problems: [],
    table: [readEndpoint, readHealth],
  }),

  change: operation({
    id: "webhooks.change",
    method: "PATCH",
    path: "/v1/webhook-endpoints/{endpointId}",
    tag: "Webhooks",
    summary: "Change a webhook endpoint",
    description:
      "Changes the given fields (RFC 7396). While an endpoint is disabled, nothing is sent and nothing is kept for it; read `GET /v1/events` " +
      "for what it has missed.",
    access: toWrite,
    request: { path: endpointPath, body: patch, bodyExample: { status: "disabled" } },
    success: {
      status: 200,
      description: "The changed webhook endpoint",
      body: endpointSchema,
      example: { ...endpointExample, status: "disabled", disabledReason: "by_partner", etag: '"2"' },
    },
    problems: [],
    conditional: true,
    sensitive: true,
    audited: true,
    table: [
      { actions: ["GetItem", "PutItem"], leadingKeys: [webhookPartitions.endpoints] },
      { actions: ["DeleteItem"], leadingKeys: [webhookPartitions.health] },
      readHealth,
    ],
  }),

  delete: operation({
    id: "webhooks.delete",
    method: "DELETE",
    path: "/v1/webhook-endpoints/{endpointId}",
    tag: "Webhooks",
    summary: "Delete a webhook endpoint",
    description: "Deletes a webhook endpoint with its secret. Deliveries that are pending are given up.",
    access: toWrite,
    request: { path: endpointPath },
    success: { status: 204, description: "The webhook endpoint is deleted" },
    problems: [],
    conditional: true,
    sensitive: true,
    audited: true,
    table: [
      { actions: ["GetItem", "DeleteItem"], leadingKeys: [webhookPartitions.endpoints] },
      { actions: ["DeleteItem"], leadingKeys: [webhookPartitions.secrets, webhookPartitions.health] },
      { actions: ["UpdateItem"], leadingKeys: [webhookPartitions.counts], attributes: ["endpoints"] },
    ],
  }),

  rotateSecret: operation({
    id: "webhooks.rotate-secret",
    method: "POST",
    path: "/v1/webhook-endpoints/{endpointId}/secret",
    tag: "Webhooks",
    summary: "Replace the secret of a webhook endpoint",
    description:
      "Makes a new secret, which the response shows once, or a new key pair, of which it shows the public key. The previous one signs as " +
      `well for ${overlapHours} hours, so each request has two signatures, of which a receiver needs one. A different signature can be chosen.`,
    access: toWrite,
    request: {
      path: endpointPath,
      body: z.strictObject({
        expirePrevious: z
          .boolean()
          .default(false)
          .describe("Whether the previous secret stops signing at once: for one that has leaked"),
        signature: signature.optional().describe("How requests are signed from now on. Default: as before"),
      }),
      bodyOptional: true,
      bodyExample: { expirePrevious: false },
    },
    success: {
      status: 200,
      description: "The new secret, or the new public key",
      body: z.object({
        id: id("whe_"),
        signature: signature.describe("How requests are signed from now on"),
        secret,
        publicKey,
        previousValidUntil: shownInstant
          .nullable()
          .describe("Until when the previous secret signs as well: RFC 3339, UTC; null if it does not"),
      }),
      example: {
        id: endpointExample.id,
        signature: "v1",
        secret: exampleSecret,
        publicKey: null,
        previousValidUntil: "2026-11-21T12:00:00.000Z",
      },
      secretMembers: ["secret"],
    },
    problems: [],
    idempotent: true,
    sensitive: true,
    audited: true,
    table: [{ actions: ["GetItem", "PutItem"], leadingKeys: [webhookPartitions.endpoints, webhookPartitions.secrets] }],
    secrets: ["webhookKey"],
  }),

  test: operation({
    id: "webhooks.test",
    method: "POST",
    path: "/v1/webhook-endpoints/{endpointId}/test",
    tag: "Webhooks",
    summary: "Send a test event",
    description: "Makes the event `webhook.test` and sends it to this endpoint alone, whatever types it wants.",
    access: toWrite,
    request: { path: endpointPath, body: z.strictObject({}), bodyOptional: true },
    success: { status: 200, description: "The delivery", body: deliverySchema, example: pendingExample },
    problems: ["webhook_endpoint_disabled"],
    idempotent: true,
    sensitive: true,
    audited: true,
    table: [
      readEndpoint,
      { actions: ["PutItem"], leadingKeys: [eventPartitions.events, webhookPartitions.deliveries] },
    ],
  }),

  deliveries: operation({
    id: "webhooks.deliveries",
    method: "GET",
    path: "/v1/webhook-endpoints/{endpointId}/deliveries",
    tag: "Webhooks",
    summary: "List the deliveries of a webhook endpoint",
    description:
      "Lists what was sent to a webhook endpoint, newest event first. A delivery is listed from its first attempt on, for " +
      `${deliveryDays} days. With a filter, a page may be short although more follow.`,
    access: toRead,
    request: {
      path: endpointPath,
      query: z.strictObject({
        ...pageQuery,
        status: z.enum(deliveryStatuses).optional().describe("Only deliveries with this status"),
        event: id("evt_").optional().describe("Only the delivery of the event with this id"),
      }),
    },
    success: {
      status: 200,
      description: "A page of deliveries",
      body: pageOf(deliverySchema),
      example: { items: [deliveryExample], nextCursor: null },
    },
    problems: ["cursor_invalid"],
    table: [readEndpoint, { actions: ["Query"], leadingKeys: [webhookPartitions.deliveries] }],
    secrets: ["cursorKey"],
  }),

  redeliver: operation({
    id: "webhooks.redeliver",
    method: "POST",
    path: "/v1/webhook-endpoints/{endpointId}/deliveries/{deliveryId}/redeliver",
    tag: "Webhooks",
    summary: "Deliver an event again",
    description:
      "Sends the event of a delivery once more, whether it has succeeded or failed. The attempt is added to the delivery; the schedule goes on " +
      "until an attempt succeeds.",
    access: toWrite,
    request: { path: deliveryPath, body: z.strictObject({}), bodyOptional: true },
    success: {
      status: 200,
      description: "The delivery as it was before the attempt",
      body: deliverySchema,
      example: deliveryExample,
    },
    problems: ["webhook_endpoint_disabled"],
    idempotent: true,
    sensitive: true,
    audited: true,
    table: [
      { actions: ["GetItem"], leadingKeys: [webhookPartitions.endpoints, webhookPartitions.deliveries] },
      { actions: ["PutItem"], leadingKeys: [webhookPartitions.redeliveries] },
    ],
  }),
};

/** What Portico sends to webhook endpoints. */
export const webhooks: readonly WebhookDeclaration[] = [
  {
    id: "event",
    tag: "Webhooks",
    summary: "An event",
    description:
      "Sent to each webhook endpoint of the partner that wants the type, by the Standard Webhooks specification: at least once, in any " +
      "order. The company's own systems get the same event on the EventBridge bus of the stage, with the source `portico`, the type as " +
      "`detail-type`, and `{schemaVersion: 1, partnerId, event}` as `detail`, where `event` has no `timestamp`.",
    headers: {
      "webhook-id": "Id of the event, the same at each attempt",
      "webhook-timestamp": "Time of the attempt, in seconds since 1970",
      "webhook-signature":
        "Signatures over `<webhook-id>.<webhook-timestamp>.<body>` in base64, separated by spaces: behind `v1,` of HMAC-SHA-256, behind `v1a,` " +
        "of Ed25519",
    },
    body: eventSchema
      .extend({ timestamp: shownInstant.describe("When it happened: the same as `createdAt`") })
      .meta({ description: "An event as it is sent to a webhook endpoint" }),
    example: { ...eventExample, timestamp: eventExample.createdAt },
    answers: {
      204: "Every status from 200 to 299 means that the event has arrived",
      410: "The endpoint is gone: it is disabled",
      default: "A failure: the event is sent again later",
    },
  },
];

/** The function `webhook-dispatch` finds the endpoints of a partner, and whether it is a sandbox. */
export const dispatchRights: readonly TableRight[] = [
  { actions: ["Query"], leadingKeys: [webhookPartitions.endpoints] },
  { actions: ["BatchGetItem"], leadingKeys: [identityPartitions.principals] },
];

/** The function `webhook-delivery` reads all that a delivery needs, records the attempt, and may disable the endpoint. */
export const deliveryRights: readonly TableRight[] = [
  {
    actions: ["BatchGetItem"],
    leadingKeys: [
      identityPartitions.principals,
      eventPartitions.events,
      webhookPartitions.endpoints,
      webhookPartitions.secrets,
      webhookPartitions.health,
    ],
  },
  { actions: ["GetItem"], leadingKeys: [webhookPartitions.deliveries] },
  {
    actions: ["UpdateItem"],
    leadingKeys: [webhookPartitions.health, webhookPartitions.deliveries, webhookPartitions.attemptCounts],
  },
  { actions: ["UpdateItem"], leadingKeys: [webhookPartitions.endpoints], attributes: disablingAttributes },
  { actions: ["PutItem"], leadingKeys: [eventPartitions.events] },
];
