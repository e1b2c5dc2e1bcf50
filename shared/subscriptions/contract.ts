/** Operations on a partner's subscriptions. */
import * as z from "zod";
import { administrators, type Scope } from "../domain/access.ts";
import { operation } from "../contract/operation.ts";
import { email, etag, id, instant, pageOf, pageQuery, shownInstant } from "../contract/schemas.ts";
import { tableKeys } from "../runtime/key.ts";
import { parsePeriod } from "./period.ts";
import { subscriptionStatuses } from "./rules.ts";

const externalUserId = z
  .string()
  .regex(/^[A-Za-z0-9._~:@-]{1,128}$/, "must have 1 to 128 characters of A-Z a-z 0-9 . _ ~ : @ -")
  .meta({ examples: ["customer-4711"] });

const duration = z
  .string()
  .transform((value, context) => {
    const period = parsePeriod(value);
    if (period !== undefined) return { text: value, period };
    const message = "must be an ISO 8601 period of whole days, weeks, months or years, at most 10 years";
    context.issues.push({ code: "custom", input: value, message });
    return z.NEVER;
  })
  .meta({ type: "string", format: "duration", examples: ["P1M"] });

const termSchema = z.object({ duration: z.string(), startsAt: shownInstant, expiresAt: shownInstant });

const subscriptionSchema = z
  .object({
    id: id("sub_"),
    externalUserId: z.string(),
    userEmail: z.string(),
    ...termSchema.shape,
    status: z.enum(subscriptionStatuses),
    createdAt: shownInstant,
    updatedAt: shownInstant,
    etag,
  })
  .meta({ id: "Subscription" });

export type SubscriptionView = z.output<typeof subscriptionSchema>;

const subscriptionExample: SubscriptionView = {
  id: "sub_01JD3Y5W8Q4T6V2X9ZB7C1D3EF",
  externalUserId: "customer-4711",
  userEmail: "grace@example.com",
  duration: "P1M",
  startsAt: "2026-11-20T12:00:00.000Z",
  expiresAt: "2026-12-20T12:00:00.000Z",
  status: "active",
  createdAt: "2026-11-20T12:00:00.000Z",
  updatedAt: "2026-11-20T12:00:00.000Z",
  etag: '"1"',
};

export const changeTypes = ["created", "extended", "cancelled"] as const;

const historyEntrySchema = z
  .object({
    id: id("hst_"),
    type: z.enum(changeTypes),
    at: shownInstant,
    from: termSchema.nullable(),
    to: termSchema.nullable(),
    tokenId: z.string().meta({ description: "`jti` of the access token that made the change" }),
  })
  .meta({ id: "SubscriptionChange" });

export type HistoryEntry = z.output<typeof historyEntrySchema>;

const historyExample: HistoryEntry = {
  id: "hst_01JD3Y5W8Q4T6V2X9ZB7C1D3EF",
  type: "created",
  at: "2026-11-20T12:00:00.000Z",
  from: null,
  to: { duration: "P1M", startsAt: "2026-11-20T12:00:00.000Z", expiresAt: "2026-12-20T12:00:00.000Z" },
  tokenId: "6f6c1a52-6a5c-4b7e-9a39-2d9f1c8e7b10",
};

const subscriptionPath = z.strictObject({ externalUserId });
const listQuery = z.strictObject({
  ...pageQuery,
  status: z.enum(subscriptionStatuses).optional(),
  expiresBefore: instant.optional(),
});

export type ListQuery = z.output<typeof listQuery>;

const byPartner = (scope: Scope) => ({ partner: { scope } });

const subscriptionItem = tableKeys.subscriptions;
const historyItem = tableKeys.subscriptionHistories;

const listAnswer = {
  status: 200,
  description: "A page of subscriptions",
  body: pageOf(subscriptionSchema),
  example: { items: [subscriptionExample], nextCursor: null },
} as const;

const listRights = [
  { actions: ["Query"], leadingKeys: [subscriptionItem] },
  { actions: ["Query"], leadingKeys: [subscriptionItem], index: "gsi1" },
] as const;

export const operations = {
  create: operation({
    id: "subscriptions.create",
    method: "POST",
    path: "/v1/subscriptions",
    tag: "Subscriptions",
    summary: "Create a subscription",
    description:
      "Sells a subscription to a user of the partner's own site. It starts at `startsAt`, by default now, or so that it ends at " +
      "`expiresAt`; not both. A user has one live subscription at the most; a new one is allowed once that is cancelled or expired.",
    access: byPartner("subscriptions:write"),
    request: {
      body: z
        .strictObject({
          externalUserId,
          userEmail: email,
          duration,
          startsAt: instant.optional(),
          expiresAt: instant.optional(),
        })
        .refine(({ startsAt, expiresAt }) => startsAt === undefined || expiresAt === undefined, {
          path: ["expiresAt"],
          message: "must not be there together with startsAt",
        }),
      bodyExample: { externalUserId: "customer-4711", userEmail: "grace@example.com", duration: "P1M" },
    },
    success: { status: 201, description: "The subscription", body: subscriptionSchema, example: subscriptionExample },
    problems: ["subscription_exists", "period_invalid"],
    idempotent: true,
    table: [
      { actions: ["GetItem", "PutItem"], leadingKeys: [subscriptionItem] },
      { actions: ["PutItem"], leadingKeys: [historyItem] },
      { actions: ["ConditionCheckItem"], leadingKeys: [tableKeys.principals] },
    ],
  }),

  list: operation({
    id: "subscriptions.list",
    method: "GET",
    path: "/v1/subscriptions",
    tag: "Subscriptions",
    summary: "List subscriptions",
    description:
      "The partner's subscriptions: by external user id without filters, by expiry with one. A filtered list may lag behind a " +
      "change by a moment.",
    access: byPartner("subscriptions:read"),
    request: { query: listQuery },
    success: listAnswer,
    problems: ["cursor_invalid"],
    table: listRights,
    secrets: ["cursorKey"],
  }),

  listOfPartner: operation({
    id: "subscriptions.list-of-partner",
    method: "GET",
    path: "/v1/partners/{partnerId}/subscriptions",
    tag: "Subscriptions",
    summary: "List a partner's subscriptions",
    description:
      "What the partner sees in its own list, for administrators: the same filters, order and pages. A filtered list may lag behind a " +
      "change by a moment.",
    access: { user: { roles: administrators } },
    request: { path: z.strictObject({ partnerId: id("ptr_") }), query: listQuery },
    success: listAnswer,
    problems: ["cursor_invalid"],
    table: [{ actions: ["GetItem"], leadingKeys: [tableKeys.partners] }, ...listRights],
    secrets: ["cursorKey"],
  }),

  read: operation({
    id: "subscriptions.read",
    method: "GET",
    path: "/v1/subscriptions/{externalUserId}",
    tag: "Subscriptions",
    summary: "Read a subscription",
    description: "The latest subscription of an external user. Its status is computed at the time of reading.",
    access: byPartner("subscriptions:read"),
    request: { path: subscriptionPath },
    success: { status: 200, description: "The subscription", body: subscriptionSchema, example: subscriptionExample },
    problems: [],
    table: [{ actions: ["GetItem"], leadingKeys: [subscriptionItem] }],
  }),

  extend: operation({
    id: "subscriptions.extend",
    method: "PUT",
    path: "/v1/subscriptions/{externalUserId}",
    tag: "Subscriptions",
    summary: "Extend a subscription",
    description:
      "Moves the expiry by `duration`, from the old expiry or from now, whichever is later; or to exactly `expiresAt`. Extending " +
      "never shortens. Extensions at the same moment all count: send an `Idempotency-Key` to make a repetition safe.",
    access: byPartner("subscriptions:write"),
    request: {
      path: subscriptionPath,
      body: z.strictObject({ duration, expiresAt: instant.optional() }),
      bodyExample: { duration: "P1M" },
    },
    success: {
      status: 200,
      description: "The subscription as it is now",
      body: subscriptionSchema,
      example: { ...subscriptionExample, expiresAt: "2027-01-20T12:00:00.000Z", etag: '"2"' },
    },
    problems: ["subscription_cancelled", "period_invalid"],
    idempotent: true,
    conditional: true,
    table: [
      { actions: ["GetItem", "PutItem"], leadingKeys: [subscriptionItem] },
      { actions: ["PutItem"], leadingKeys: [historyItem] },
      { actions: ["ConditionCheckItem"], leadingKeys: [tableKeys.principals] },
    ],
  }),

  cancel: operation({
    id: "subscriptions.cancel",
    method: "DELETE",
    path: "/v1/subscriptions/{externalUserId}",
    tag: "Subscriptions",
    summary: "Cancel a subscription",
    description: "Ends the subscription now. Cancelling again changes nothing.",
    access: byPartner("subscriptions:write"),
    request: { path: subscriptionPath },
    success: { status: 204, description: "The subscription is cancelled" },
    problems: [],
    conditional: true,
    table: [
      { actions: ["GetItem", "PutItem"], leadingKeys: [subscriptionItem] },
      { actions: ["PutItem"], leadingKeys: [historyItem] },
    ],
  }),

  history: operation({
    id: "subscriptions.history",
    method: "GET",
    path: "/v1/subscriptions/{externalUserId}/history",
    tag: "Subscriptions",
    summary: "List the changes of a subscription",
    description: "Every change under an external user, oldest first, through all the subscriptions that it has had.",
    access: byPartner("subscriptions:read"),
    request: { path: subscriptionPath, query: z.strictObject(pageQuery) },
    success: {
      status: 200,
      description: "A page of changes",
      body: pageOf(historyEntrySchema),
      example: { items: [historyExample], nextCursor: null },
    },
    problems: ["cursor_invalid"],
    table: [{ actions: ["Query"], leadingKeys: [historyItem] }],
    secrets: ["cursorKey"],
  }),
};
