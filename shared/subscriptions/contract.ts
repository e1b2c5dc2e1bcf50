/** Operations on a partner's subscriptions. */
import * as z from "zod";
import { operation } from "../contract/operation.ts";
import {
  createdAt,
  email,
  etag,
  id,
  instant,
  pageOf,
  pageQuery,
  shownInstant,
  updatedAt,
} from "../contract/schemas.ts";
import { administrators, type Scope } from "../domain/access.ts";
import { eventPartitions } from "../events/keys.ts";
import { identityPartitions } from "../identity/keys.ts";
import { subscriptionPartitions } from "./keys.ts";
import { changeTypes, subscriptionStatuses } from "./model.ts";
import { parsePeriod, shownPeriods, type Duration } from "./period.ts";

export const externalUserId = z
  .string()
  .regex(/^[A-Za-z0-9._~:@-]{1,128}$/, "must have 1 to 128 characters of A-Z a-z 0-9 . _ ~ : @ -")
  .meta({ description: "The partner's own id of the user", examples: ["customer-4711"] });

const duration = z
  .string()
  .transform((value, context): Duration => {
    const period = parsePeriod(value);
    if (period !== undefined) return { text: value, period };
    const message = "must be an ISO 8601 period of whole days, weeks, months or years, at most 10 years";
    context.issues.push({ code: "custom", input: value, message });
    return z.NEVER;
  })
  .meta({
    type: "string",
    format: "duration",
    pattern: shownPeriods,
    description: "ISO 8601 period of whole days, weeks, months or years, at most 10 years. Months are calendar months",
    examples: ["P1M"],
  });

const termSchema = z.object({
  duration: z.string().meta({ description: "ISO 8601 period that was sold last", examples: ["P1M"] }),
  startsAt: shownInstant.describe("When it begins: RFC 3339, UTC"),
  expiresAt: shownInstant.describe("When it ends: RFC 3339, UTC"),
});

const status = z
  .enum(subscriptionStatuses)
  .describe("State at the time of reading: not begun, running, past its end, or ended by a cancellation");

export const subscriptionSchema = z
  .object({
    id: id("sub_"),
    externalUserId: z.string().describe("The partner's own id of the user"),
    userEmail: z.string().describe("E-mail address of the user; empty once it is erased"),
    ...termSchema.shape,
    status,
    createdAt,
    updatedAt,
    etag,
  })
  .meta({ id: "Subscription", description: "A subscription of a user of a partner" });

export type SubscriptionView = z.output<typeof subscriptionSchema>;

export const subscriptionExample: SubscriptionView = {
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

export const historyEntrySchema = z
  .object({
    id: id("hst_"),
    type: z.enum(changeTypes).describe("What happened to the subscription"),
    at: shownInstant.describe("When it happened: RFC 3339, UTC"),
    from: termSchema.nullable().describe("The term before the change; null for a creation"),
    to: termSchema.nullable().describe("The term after the change"),
    tokenId: z.string().meta({ description: "`jti` of the access token that made the change" }),
  })
  .meta({ id: "SubscriptionChange", description: "A change of a subscription" });

export type HistoryEntryView = z.output<typeof historyEntrySchema>;

export const historyExample: HistoryEntryView = {
  id: "hst_01JD3Y5W8Q4T6V2X9ZB7C1D3EF",
  type: "created",
  at: "2026-11-20T12:00:00.000Z",
  from: null,
  to: { duration: "P1M", startsAt: "2026-11-20T12:00:00.000Z", expiresAt: "2026-12-20T12:00:00.000Z" },
  tokenId: "6f6c1a52-6a5c-4b7e-9a39-2d9f1c8e7b10",
};

const creation = z
  .strictObject({
    externalUserId,
    userEmail: email.describe("E-mail address of the user"),
    duration,
    startsAt: instant.optional().describe("When it begins; default now. Not together with `expiresAt`"),
    expiresAt: instant.optional().describe("When it ends. Not together with `startsAt`"),
  })
  .refine(({ startsAt, expiresAt }) => startsAt === undefined || expiresAt === undefined, {
    path: ["expiresAt"],
    message: "must not be sent together with startsAt",
  })
  .meta({ not: { required: ["startsAt", "expiresAt"] } });

const extension = z.strictObject({
  duration,
  expiresAt: instant.optional().describe("The exact new end, instead of the end that `duration` gives"),
});

export type CreationRequest = z.output<typeof creation>;
export type ExtensionRequest = z.output<typeof extension>;

const subscriptionPath = z.strictObject({ externalUserId });
const partnerPath = z.strictObject({ partnerId: id("ptr_") });
const subscriptionOfPartnerPath = partnerPath.extend({ externalUserId });
const listQuery = z.strictObject({
  ...pageQuery,
  status: status.optional().describe("Only subscriptions of this status"),
  expiresBefore: instant
    .optional()
    .describe("Only subscriptions that end before this RFC 3339 time, from 1970 to 9999"),
});

const finders = ["externalUserIdPrefix", "subscriptionId"] as const;
const listOfPartnerQuery = z
  .strictObject({
    ...listQuery.shape,
    externalUserIdPrefix: z
      .string()
      .regex(/^[A-Za-z0-9._~:@-]{1,128}$/, "must have 1 to 128 characters of A-Z a-z 0-9 . _ ~ : @ -")
      .optional()
      .meta({ description: "Only external users whose id begins with this text, in upper and lower case as given" }),
    subscriptionId: id("sub_")
      .optional()
      .describe(
        "Only the external user to whom the subscription with this id was sold; its latest subscription is shown",
      ),
  })
  .refine(
    (given) => {
      const used = finders.filter((name) => given[name] !== undefined).length;
      return used === 0 || (used === 1 && given.status === undefined && given.expiresBefore === undefined);
    },
    { message: "externalUserIdPrefix and subscriptionId must be sent without other filters" },
  );

const byPartner = (scope: Scope) => ({ partner: { scope } });
const byAdministrator = { user: { roles: administrators } };

const subscriptionAnswer = {
  status: 200,
  description: "The subscription",
  body: subscriptionSchema,
  example: subscriptionExample,
} as const;

const historyPage = {
  status: 200,
  description: "A page of changes",
  body: pageOf(historyEntrySchema),
  example: { items: [historyExample], nextCursor: null },
} as const;

/** Changing a subscription without bringing it to life. The rights on principals are for sandboxes, and for what is decided again. */
const changeRights = [
  { actions: ["GetItem", "ConditionCheckItem"], leadingKeys: [identityPartitions.principals] },
  { actions: ["GetItem", "PutItem"], leadingKeys: [subscriptionPartitions.subscriptions] },
  { actions: ["PutItem"], leadingKeys: [subscriptionPartitions.histories, eventPartitions.events] },
] as const;

const listAnswer = {
  status: 200,
  description: "A page of subscriptions",
  body: pageOf(subscriptionSchema),
  example: { items: [subscriptionExample], nextCursor: null },
} as const;

const listRights = [
  { actions: ["Query"], leadingKeys: [subscriptionPartitions.subscriptions] },
  { actions: ["Query"], leadingKeys: [subscriptionPartitions.subscriptions], index: "gsi1" },
] as const;

export const operations = {
  create: operation({
    id: "subscriptions.create",
    method: "POST",
    path: "/v1/subscriptions",
    tag: "Subscriptions",
    summary: "Create a subscription",
    description:
      "Sells a subscription to a user of the partner's own site. It starts at `startsAt` (default now) or ends at `expiresAt`; send at " +
      "most one of them. A user has at most one live subscription; a new one is allowed once that is cancelled or expired.",
    access: byPartner("subscriptions:write"),
    request: {
      body: creation,
      bodyExample: { externalUserId: "customer-4711", userEmail: "grace@example.com", duration: "P1M" },
    },
    success: { status: 201, description: "The subscription", body: subscriptionSchema, example: subscriptionExample },
    problems: ["subscription_exists", "period_invalid"],
    idempotent: true,
    table: [
      { actions: ["GetItem", "PutItem"], leadingKeys: [subscriptionPartitions.subscriptions] },
      { actions: ["PutItem"], leadingKeys: [subscriptionPartitions.histories, eventPartitions.events] },
      // The check is for sandboxes alone, and the read for them and for what is decided again.
      { actions: ["GetItem", "ConditionCheckItem"], leadingKeys: [identityPartitions.principals] },
      { actions: ["ConditionCheckItem"], leadingKeys: [identityPartitions.creationLocks] },
    ],
  }),

  list: operation({
    id: "subscriptions.list",
    method: "GET",
    path: "/v1/subscriptions",
    tag: "Subscriptions",
    summary: "List subscriptions",
    description:
      "Lists the partner's subscriptions: by external user id, or by expiry with a filter. A filtered list may lag behind a change " +
      "for a moment.",
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
      "Lists a partner's subscriptions for administrators, with the same filters, order and pages as the partner's own list; or finds " +
      "them by the beginning of an external user id, or by the id of a subscription. A filtered list may lag behind a change for a " +
      "moment.",
    access: byAdministrator,
    request: { path: partnerPath, query: listOfPartnerQuery },
    success: listAnswer,
    problems: ["cursor_invalid"],
    table: [
      { actions: ["GetItem"], leadingKeys: [identityPartitions.principals, subscriptionPartitions.subscriptions] },
      ...listRights,
      { actions: ["Query"], leadingKeys: [subscriptionPartitions.subscriptionIds], index: "gsi1" },
    ],
    secrets: ["cursorKey"],
  }),

  readOfPartner: operation({
    id: "subscriptions.read-of-partner",
    method: "GET",
    path: "/v1/partners/{partnerId}/subscriptions/{externalUserId}",
    tag: "Subscriptions",
    summary: "Read a subscription of a partner",
    description: "Returns the latest subscription of a partner's external user, for administrators.",
    access: byAdministrator,
    request: { path: subscriptionOfPartnerPath },
    success: subscriptionAnswer,
    problems: [],
    table: [
      { actions: ["GetItem"], leadingKeys: [subscriptionPartitions.subscriptions, identityPartitions.principals] },
    ],
  }),

  cancelOfPartner: operation({
    id: "subscriptions.cancel-of-partner",
    method: "DELETE",
    path: "/v1/partners/{partnerId}/subscriptions/{externalUserId}",
    tag: "Subscriptions",
    summary: "Cancel a subscription of a partner",
    description: "Ends a subscription of a partner now, as the partner could. Cancelling it again is a no-op.",
    access: byAdministrator,
    request: { path: subscriptionOfPartnerPath },
    success: { status: 204, description: "The subscription is cancelled" },
    problems: [],
    conditional: true,
    sensitive: true,
    audited: true,
    table: changeRights,
  }),

  erasePersonalDataOfPartner: operation({
    id: "subscriptions.erase-personal-data-of-partner",
    method: "DELETE",
    path: "/v1/partners/{partnerId}/subscriptions/{externalUserId}/personal-data",
    tag: "Subscriptions",
    summary: "Erase the personal data of a partner's external user",
    description:
      "Erases the e-mail address of a partner's external user, as the partner could. The sale, its term and its history stay. Erasing " +
      "again is a no-op.",
    access: byAdministrator,
    request: { path: subscriptionOfPartnerPath },
    success: { status: 204, description: "The personal data is erased" },
    problems: [],
    sensitive: true,
    audited: true,
    table: changeRights,
  }),

  historyOfPartner: operation({
    id: "subscriptions.history-of-partner",
    method: "GET",
    path: "/v1/partners/{partnerId}/subscriptions/{externalUserId}/history",
    tag: "Subscriptions",
    summary: "List the changes of a subscription of a partner",
    description:
      "Lists every change of the subscriptions of a partner's external user, oldest first, for administrators.",
    access: byAdministrator,
    request: { path: subscriptionOfPartnerPath, query: z.strictObject(pageQuery) },
    success: historyPage,
    problems: ["cursor_invalid"],
    table: [{ actions: ["Query"], leadingKeys: [subscriptionPartitions.histories] }],
    secrets: ["cursorKey"],
  }),

  read: operation({
    id: "subscriptions.read",
    method: "GET",
    path: "/v1/subscriptions/{externalUserId}",
    tag: "Subscriptions",
    summary: "Read a subscription",
    description: "Returns the latest subscription of an external user. Its status is computed at the time of reading.",
    access: byPartner("subscriptions:read"),
    request: { path: subscriptionPath },
    success: subscriptionAnswer,
    problems: [],
    table: [{ actions: ["GetItem"], leadingKeys: [subscriptionPartitions.subscriptions] }],
  }),

  extend: operation({
    id: "subscriptions.extend",
    method: "PUT",
    path: "/v1/subscriptions/{externalUserId}",
    tag: "Subscriptions",
    summary: "Extend a subscription",
    description:
      "Moves the expiry to `duration` after the old expiry or now, whichever is later, or to exactly `expiresAt`. Extending never " +
      "shortens. Parallel extensions all count: send an `Idempotency-Key` to make a retry safe.",
    access: byPartner("subscriptions:write"),
    request: {
      path: subscriptionPath,
      body: extension,
      bodyExample: { duration: "P1M" },
    },
    success: {
      status: 200,
      description: "The extended subscription",
      body: subscriptionSchema,
      example: { ...subscriptionExample, expiresAt: "2027-01-20T12:00:00.000Z", etag: '"2"' },
    },
    problems: ["subscription_cancelled", "period_invalid"],
    idempotent: true,
    conditional: true,
    table: [
      { actions: ["GetItem", "PutItem"], leadingKeys: [subscriptionPartitions.subscriptions] },
      { actions: ["PutItem"], leadingKeys: [subscriptionPartitions.histories, eventPartitions.events] },
      // The check is for sandboxes alone, and the read for them and for what is decided again.
      { actions: ["GetItem", "ConditionCheckItem"], leadingKeys: [identityPartitions.principals] },
      { actions: ["ConditionCheckItem"], leadingKeys: [identityPartitions.creationLocks] },
    ],
  }),

  cancel: operation({
    id: "subscriptions.cancel",
    method: "DELETE",
    path: "/v1/subscriptions/{externalUserId}",
    tag: "Subscriptions",
    summary: "Cancel a subscription",
    description: "Ends the subscription now. Cancelling it again is a no-op.",
    access: byPartner("subscriptions:write"),
    request: { path: subscriptionPath },
    success: { status: 204, description: "The subscription is cancelled" },
    problems: [],
    conditional: true,
    table: changeRights,
  }),

  erasePersonalData: operation({
    id: "subscriptions.erase-personal-data",
    method: "DELETE",
    path: "/v1/subscriptions/{externalUserId}/personal-data",
    tag: "Subscriptions",
    summary: "Erase an external user's personal data",
    description:
      "Erases the e-mail address of an external user; `userEmail` is empty from then on. The sale, its term and its history " +
      "stay. Erasing again is a no-op. Recorded answers to idempotency keys keep the address for up to 24 hours.",
    access: byPartner("subscriptions:write"),
    request: { path: subscriptionPath },
    success: { status: 204, description: "The personal data is erased" },
    problems: [],
    table: changeRights,
  }),

  history: operation({
    id: "subscriptions.history",
    method: "GET",
    path: "/v1/subscriptions/{externalUserId}/history",
    tag: "Subscriptions",
    summary: "List the changes of a subscription",
    description:
      "Lists every change of an external user's subscriptions, oldest first, including those of earlier subscriptions.",
    access: byPartner("subscriptions:read"),
    request: { path: subscriptionPath, query: z.strictObject(pageQuery) },
    success: historyPage,
    problems: ["cursor_invalid"],
    table: [{ actions: ["Query"], leadingKeys: [subscriptionPartitions.histories] }],
    secrets: ["cursorKey"],
  }),
};
