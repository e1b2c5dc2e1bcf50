/** Operations on a partner's events. */
import * as z from "zod";
import { operation } from "../contract/operation.ts";
import { createdAt, etag, id, instant, pageOf, pageQuery, shownInstant, updatedAt } from "../contract/schemas.ts";
import { administrators } from "../domain/access.ts";
import { identityPartitions } from "../identity/keys.ts";
import { eventPartitions } from "./keys.ts";
import { eventDays, eventTypes } from "./model.ts";

const subscriptionSnapshot = z
  .object({
    id: id("sub_"),
    externalUserId: z.string().describe("The partner's own id of the user"),
    duration: z.string().meta({ description: "ISO 8601 period that was sold last", examples: ["P1M"] }),
    startsAt: shownInstant.describe("When it begins: RFC 3339, UTC"),
    expiresAt: shownInstant.describe("When it ends: RFC 3339, UTC"),
    status: z.enum(["scheduled", "active", "expired", "cancelled"]).describe("State at the time of the event"),
    createdAt,
    updatedAt,
    etag,
  })
  .meta({ id: "SubscriptionSnapshot", description: "A subscription after the event, without the e-mail address" });

const companySnapshot = z
  .object({ id: id("cmp_"), name: z.string().describe("Name of the company"), createdAt, updatedAt, etag })
  .meta({
    id: "CompanySnapshot",
    description: "A company after the event, or as it was deleted, without its contact data",
  });

const partnerSnapshot = z
  .object({
    id: id("ptr_"),
    name: z.string().describe("Name of the partner"),
    websiteUrl: z.string().meta({ format: "uri", description: "Website of the partner" }),
    status: z.enum(["active", "suspended"]).describe("Whether the partner gets tokens"),
    createdAt,
    updatedAt,
    etag,
  })
  .meta({
    id: "PartnerSnapshot",
    description: "A partner after the event, or as it was deleted, without its e-mail address",
  });

const endpointSnapshot = z
  .object({
    id: id("whe_"),
    description: z.string().describe("The partner's own note"),
    status: z.enum(["enabled", "disabled"]).describe("Whether events are sent"),
    disabledReason: z
      .enum(["by_partner", "gone", "failing"])
      .nullable()
      .describe("Why it is disabled; null while it is enabled"),
    createdAt,
    updatedAt,
    etag,
  })
  .meta({ id: "WebhookEndpointSnapshot", description: "A webhook endpoint after the event, without its URL" });

const type = z.enum(eventTypes).describe("What has happened");

export const eventSchema = z
  .object({
    id: id("evt_"),
    type,
    createdAt: shownInstant.describe("When it happened: RFC 3339, UTC"),
    request: z
      .object({
        id: z.string().describe("`x-request-id` of the request"),
        idempotencyKey: z
          .string()
          .nullable()
          .describe("`Idempotency-Key` of the partner's request; null without one, and for administrators"),
      })
      .nullable()
      .describe("The request that made the change; null when time has passed"),
    data: z
      .union([subscriptionSnapshot, companySnapshot, partnerSnapshot, endpointSnapshot])
      .describe(
        "The subscription, company, partner or webhook endpoint after the event; the part of `type` before the dot says which",
      ),
  })
  .meta({ id: "Event", description: "Something that has happened to what a partner owns" });

export type EventView = z.output<typeof eventSchema>;

export const eventExample: EventView = {
  id: "evt_01JD3Y5W8Q4T6V2X9ZB7C1D3EF",
  type: "subscription.created",
  createdAt: "2026-11-20T12:00:00.000Z",
  request: { id: "1b2f6d3e-8c4a-4e0f-9d57-3a6b1c2d4e5f", idempotencyKey: "order-4711" },
  data: {
    id: "sub_01JD3Y5W8Q4T6V2X9ZB7C1D3EF",
    externalUserId: "customer-4711",
    duration: "P1M",
    startsAt: "2026-11-20T12:00:00.000Z",
    expiresAt: "2026-12-20T12:00:00.000Z",
    status: "active",
    createdAt: "2026-11-20T12:00:00.000Z",
    updatedAt: "2026-11-20T12:00:00.000Z",
    etag: '"1"',
  },
};

const listQuery = z.strictObject({
  ...pageQuery,
  type: type.optional().describe("Only events of this type"),
  createdFrom: instant.optional().describe("Only events from this RFC 3339 time on, from 1970 to 9999"),
  createdBefore: instant.optional().describe("Only events before this RFC 3339 time, from 1970 to 9999"),
});

const listAnswer = {
  status: 200,
  description: "A page of events",
  body: pageOf(eventSchema),
  example: { items: [eventExample], nextCursor: null },
} as const;

const shown = `Events are shown for ${eventDays} days.`;
const listed =
  "newest first. An event is listed up to 30 seconds after its `createdAt`, so let successive reads overlap by a minute. With a " +
  "filter, a page may be short although more follow.";

export const operations = {
  list: operation({
    id: "events.list",
    method: "GET",
    path: "/v1/events",
    tag: "Events",
    summary: "List events",
    description: `Lists what has happened to the partner's subscriptions and companies and to the partner itself, ${listed} ${shown}`,
    access: { partner: { scope: "events:read" } },
    request: { query: listQuery },
    success: listAnswer,
    problems: ["cursor_invalid"],
    table: [{ actions: ["Query"], leadingKeys: [eventPartitions.events] }],
    secrets: ["cursorKey"],
  }),

  read: operation({
    id: "events.read",
    method: "GET",
    path: "/v1/events/{eventId}",
    tag: "Events",
    summary: "Read an event",
    description: `Returns an event of the partner. ${shown}`,
    access: { partner: { scope: "events:read" } },
    request: { path: z.strictObject({ eventId: id("evt_") }) },
    success: { status: 200, description: "The event", body: eventSchema, example: eventExample },
    problems: [],
    table: [{ actions: ["GetItem"], leadingKeys: [eventPartitions.events] }],
  }),

  listOfPartner: operation({
    id: "events.list-of-partner",
    method: "GET",
    path: "/v1/partners/{partnerId}/events",
    tag: "Events",
    summary: "List a partner's events",
    description: `Lists a partner's events for administrators, ${listed} ${shown}`,
    access: { user: { roles: administrators } },
    request: { path: z.strictObject({ partnerId: id("ptr_") }), query: listQuery },
    success: listAnswer,
    problems: ["cursor_invalid"],
    table: [
      { actions: ["GetItem"], leadingKeys: [identityPartitions.principals] },
      { actions: ["Query"], leadingKeys: [eventPartitions.events] },
    ],
    secrets: ["cursorKey"],
  }),
};
