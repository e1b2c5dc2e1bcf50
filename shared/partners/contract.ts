/** Operations on partners, their client secrets and their tokens. */
import * as z from "zod";
import { companyPartitions } from "../companies/keys.ts";
import { operation, type TableRight } from "../contract/operation.ts";
import {
  createdAt,
  email,
  etag,
  id,
  orderBy,
  pageOf,
  pageQuery,
  search,
  searchedOrSorted,
  shownInstant,
  text,
  updatedAt,
} from "../contract/schemas.ts";
import { administrators } from "../domain/access.ts";
import {
  isBurstInRange,
  maxBurstSeconds,
  maxRequestsPerMonth,
  maxRequestsPerSecond,
  minBurstSeconds,
} from "../domain/limits.ts";
import { eventPartitions } from "../events/keys.ts";
import { creationLockAttributes, identityPartitions, principalAttributes } from "../identity/keys.ts";
import { tokenPolicies } from "../identity/model.ts";
import { subscriptionPartitions } from "../subscriptions/keys.ts";
import { webhookPartitions } from "../webhooks/keys.ts";
import { expiryNoticePattern } from "../subscriptions/model.ts";
import { partnerPartitions } from "./keys.ts";
import {
  clientSecretPattern,
  isHardToGuess,
  isWebsiteUrl,
  maxPartnerNameLength,
  maxWebsiteUrlLength,
  parseGracePeriod,
  partnerStatuses,
  websitePattern,
} from "./model.ts";

const exampleId = "ptr_01JD3Y5W8Q4T6V2X9ZB7C1D3EF";
const exampleSandboxId = "ptr_01JD41H2K7M9P3R5T8V0X2Z4AC";

const name = text(1, maxPartnerNameLength).describe("Name of the partner");

const websiteUrl = z
  .string()
  .max(maxWebsiteUrlLength, `must have at most ${maxWebsiteUrlLength} characters`)
  .refine(isWebsiteUrl, "must be a URL that begins with https://")
  .meta({
    format: "uri",
    pattern: websitePattern,
    description: "Website of the partner, a URL that begins with https://",
    examples: ["https://bluebicycle.example"],
  });
const partnerEmail = email.describe("E-mail address, unique among partners. It can be used as client id");
const status = z.enum(partnerStatuses).describe("A suspended partner gets no tokens, and its tokens are refused");
const tokenPolicy = z
  .enum(tokenPolicies)
  .describe("`single`: a new access token revokes the previous one. `many`: all stay valid until they expire");
const dpopBoundAccessTokens = z.boolean().meta({
  description: "Every access token is bound to a key (RFC 9449): the token endpoint refuses requests without a proof",
});
const expiryNotice = z
  .string()
  .regex(expiryNoticePattern, "must be a period of 1 to 90 whole days, such as P7D")
  .meta({
    description:
      "How long before its expiry a subscription is announced by the event `subscription.expiring`: 1 to 90 whole days. It counts for " +
      "subscriptions that are created or extended from then on",
    examples: ["P7D"],
  });
const requestsPerSecond = z
  .int()
  .min(1)
  .max(maxRequestsPerSecond)
  .describe("The rate at which the partner's bucket of tokens fills. Each request takes one token");
const burst = z
  .int()
  .min(1)
  .meta({
    description: "How many tokens the bucket holds: what the rate gives in 2 to 60 seconds",
    // What the lowest and the highest rate give.
    minimum: minBurstSeconds,
    maximum: maxBurstSeconds * maxRequestsPerSecond,
  });
const requestsPerMonth = z.int().min(1).max(maxRequestsPerMonth).describe("Requests in a calendar month of UTC");
const limits = z
  .strictObject({ requestsPerSecond, burst, requestsPerMonth })
  .refine(isBurstInRange, {
    path: ["burst"],
    message: `must be what the rate gives in ${minBurstSeconds} to ${maxBurstSeconds} seconds`,
  })
  .nullable()
  .describe("How much the partner may call; null brings back the defaults. Give all three members");
const clientId = z.string().meta({ description: "Client id: the id of the partner", examples: [exampleId] });

const clientSecret = z
  .string()
  .regex(clientSecretPattern, "must have 16 to 128 visible ASCII characters")
  .refine((secret) => isHardToGuess(secret), "must not consist of repetitions and runs: use random characters");
const chosenSecret = clientSecret.optional().meta({
  description:
    "If absent, a secret of 256 random bits is generated. A chosen one that consists of repetitions and runs, such as `aaaa…` " +
    "or `1234…`, is refused",
});

const partnerSchema = z
  .object({
    id: id("ptr_"),
    name: z.string().describe("Name of the partner"),
    websiteUrl: z.string().meta({ format: "uri", description: "Website of the partner" }),
    email: z.string().describe("E-mail address, which can be used as client id; empty for a sandbox"),
    status,
    tokenPolicy,
    dpopBoundAccessTokens,
    expiryNotice: z.string().meta({
      description: "How long before its expiry a subscription is announced: an ISO 8601 period of whole days",
      examples: ["P7D"],
    }),
    limits: z
      .object({
        requestsPerSecond: z.int().describe("The rate at which the bucket of tokens fills"),
        burst: z.int().describe("How many tokens the bucket holds"),
        requestsPerMonth: z.int().describe("Requests in a calendar month of UTC"),
      })
      .describe("How much the partner may call: its own limits, or the defaults"),
    hasOwnLimits: z
      .boolean()
      .meta({ description: "Whether the limits were set for this partner. Otherwise they follow the defaults" }),
    sandboxId: z
      .string()
      .nullable()
      .meta({ description: "Id of the partner's sandbox; null without one", examples: [exampleSandboxId] }),
    sandboxOf: z
      .string()
      .nullable()
      .meta({ description: "Id of the live partner, if this is a sandbox; otherwise null", examples: [exampleId] }),
    createdAt,
    updatedAt,
    etag,
  })
  .meta({ id: "Partner", description: "A partner: a company whose programs call the API" });

export type PartnerView = z.output<typeof partnerSchema>;

const partnerExample: PartnerView = {
  id: exampleId,
  name: "Blue Bicycle",
  websiteUrl: "https://bluebicycle.example",
  email: "api@bluebicycle.example",
  status: "active",
  tokenPolicy: "single",
  dpopBoundAccessTokens: false,
  expiryNotice: "P7D",
  limits: { requestsPerSecond: 50, burst: 500, requestsPerMonth: 5_000_000 },
  hasOwnLimits: false,
  sandboxId: null,
  sandboxOf: null,
  createdAt: "2026-11-20T12:00:00.000Z",
  updatedAt: "2026-11-20T12:00:00.000Z",
  etag: '"1"',
};

const offBoardingSchema = z
  .object({
    subscriptionsCancelled: z.int().min(0).describe("Subscriptions that this call cancelled"),
    companiesDeleted: z.int().min(0).describe("Companies that this call deleted"),
    done: z
      .boolean()
      .meta({ description: "Whether the partner has neither live subscriptions nor companies any more" }),
  })
  .meta({ id: "OffBoarding", description: "Progress of the off-boarding of a partner" });

export type OffBoardingView = z.output<typeof offBoardingSchema>;

const secretStateSchema = z
  .object({
    issuedAt: shownInstant.nullable().meta({
      format: "date-time",
      description:
        "When the current secret was issued: RFC 3339, UTC; null for one that was issued before this was kept",
    }),
    previousValidUntil: shownInstant.nullable().meta({
      format: "date-time",
      description: "When the previous secret becomes invalid: RFC 3339, UTC; null if it is not valid any more",
    }),
    lastTokenIssuedAt: shownInstant.nullable().meta({
      format: "date-time",
      description:
        "When the last access token was issued: RFC 3339, UTC; null before the first one, and for the token policy `many`, which does not " +
        "keep it",
    }),
  })
  .meta({ id: "ClientSecretState", description: "The age of a client secret and of the last token" });

export type SecretStateView = z.output<typeof secretStateSchema>;

const listQuery = searchedOrSorted(
  z.strictObject({
    ...pageQuery,
    search: search.describe(
      "The beginning of an id, a name or an e-mail address, in any case. First come those found by name",
    ),
    sort: orderBy(["newest", "name", "email"]).describe("The order of the whole list. Not together with `search`"),
  }),
  "newest",
);

const partnerPath = z.strictObject({ partnerId: id("ptr_") });
const eventRight = { actions: ["PutItem"], leadingKeys: [eventPartitions.events] } as const;
const byAdministrator = { user: { roles: administrators } };
/** An administrator, or a partner for itself. Other partners are hidden from it. */
const byAdministratorOrItself = { user: { roles: administrators }, partner: { scope: "partner:manage" } } as const;

const registration = z.strictObject({
  name,
  websiteUrl,
  email: partnerEmail,
  secret: chosenSecret,
});

const patch = z
  .strictObject({
    name,
    websiteUrl,
    email: partnerEmail,
    tokenPolicy,
    dpopBoundAccessTokens,
    expiryNotice,
    limits,
    status,
  })
  .partial();

export type Registration = z.output<typeof registration>;
export type PartnerPatch = z.output<typeof patch>;

const exampleSecret = "Zk3mY0vQx1lT7cN5sR9wB2hJ8dF4gK6pA1uE3iO5yTc";

/** The request for a new client secret. */
export const newSecretBody = z.strictObject({
  gracePeriod: z
    .string()
    .transform((value, context) => {
      const ms = parseGracePeriod(value);
      if (ms !== undefined) return ms;
      context.issues.push({
        code: "custom",
        input: value,
        message: "must be an ISO 8601 duration from PT0S to P7D",
      });
      return z.NEVER;
    })
    .meta({
      type: "string",
      format: "duration",
      description: "How long the previous secret stays valid: an ISO 8601 duration from PT0S to P7D",
      examples: ["P1D"],
    })
    .default(0),
  secret: chosenSecret,
});

/** A new client secret. */
export const newSecretAnswer = z.object({
  clientId,
  clientSecret: z.string().optional().meta({ description: "Shown once. Absent from a replayed response" }),
  previousValidUntil: shownInstant.describe("When the previous secret becomes invalid: RFC 3339, UTC"),
});

/** What the removal of a sandbox needs: see `remove-sandbox.ts`. */
export const sandboxRemovalRights: readonly TableRight[] = [
  {
    actions: ["Query", "BatchWriteItem"],
    leadingKeys: [
      subscriptionPartitions.subscriptions,
      subscriptionPartitions.histories,
      webhookPartitions.endpoints,
      webhookPartitions.deliveries,
    ],
  },
  {
    actions: ["BatchWriteItem"],
    leadingKeys: [webhookPartitions.secrets, webhookPartitions.health, webhookPartitions.counts],
  },
  { actions: ["Query", "DeleteItem"], leadingKeys: [companyPartitions.companies] },
];

export const operations = {
  register: operation({
    id: "partners.register",
    method: "POST",
    path: "/v1/partners",
    tag: "Partners",
    summary: "Register a partner",
    description:
      "Creates a partner. The response shows its client secret once. E-mail addresses are compared case-insensitively.",
    access: byAdministrator,
    request: {
      body: registration,
      bodyExample: {
        name: "Blue Bicycle",
        websiteUrl: "https://bluebicycle.example",
        email: "api@bluebicycle.example",
      },
    },
    success: {
      status: 201,
      description: "The partner with its client secret",
      body: partnerSchema.extend({
        clientId,
        clientSecret: z.string().optional().meta({ description: "Shown once. Absent from a replayed response" }),
      }),
      example: { ...partnerExample, clientId: partnerExample.id, clientSecret: exampleSecret },
      secretMembers: ["clientSecret"],
    },
    problems: ["partner_email_taken"],
    idempotent: true,
    sensitive: true,
    audited: true,
    table: [
      {
        actions: ["PutItem"],
        leadingKeys: [
          partnerPartitions.partners,
          partnerPartitions.partnerEmails,
          identityPartitions.principals,
          identityPartitions.credentials,
          eventPartitions.events,
        ],
      },
    ],
    secrets: ["clientSecretKey"],
  }),

  list: operation({
    id: "partners.list",
    method: "GET",
    path: "/v1/partners",
    tag: "Partners",
    summary: "List partners",
    description:
      "Lists all live partners, newest first or in the order that `sort` names; or those that `search` finds. A search and a sorted list " +
      "may lag behind a change for a moment. Sandboxes are not listed, but a search by id finds them; each partner names its own.",
    access: byAdministrator,
    request: { query: listQuery },
    success: {
      status: 200,
      description: "A page of partners",
      body: pageOf(partnerSchema),
      example: { items: [partnerExample], nextCursor: null },
    },
    problems: ["cursor_invalid"],
    table: [
      { actions: ["Query", "BatchGetItem"], leadingKeys: [partnerPartitions.partners] },
      {
        actions: ["Query"],
        leadingKeys: [partnerPartitions.partnersByName, partnerPartitions.partnersByEmail],
        index: "gsi1",
      },
    ],
    secrets: ["cursorKey"],
  }),

  self: operation({
    id: "partners.self",
    method: "GET",
    path: "/v1/partners/me",
    tag: "Partners",
    summary: "Read the calling partner",
    description: "Returns the partner that the access token belongs to.",
    access: { partner: {} },
    request: {},
    success: { status: 200, description: "The partner", body: partnerSchema, example: partnerExample },
    problems: [],
    table: [{ actions: ["GetItem"], leadingKeys: [partnerPartitions.partners] }],
  }),

  read: operation({
    id: "partners.read",
    method: "GET",
    path: "/v1/partners/{partnerId}",
    tag: "Partners",
    summary: "Read a partner",
    description: "Returns one partner by its id.",
    access: byAdministrator,
    request: { path: partnerPath },
    success: { status: 200, description: "The partner", body: partnerSchema, example: partnerExample },
    problems: [],
    table: [{ actions: ["GetItem"], leadingKeys: [partnerPartitions.partners] }],
  }),

  change: operation({
    id: "partners.change",
    method: "PATCH",
    path: "/v1/partners/{partnerId}",
    tag: "Partners",
    summary: "Change a partner",
    description:
      "Changes the given fields (RFC 7396). A suspension revokes the partner's tokens at once, and so do a change of the token " +
      "policy from `many` to `single` and the step to bound tokens. A sandbox has no e-mail address and takes the status of its live " +
      "partner, in the same moment. A partner may change `dpopBoundAccessTokens` and `expiryNotice` of itself.",
    access: byAdministratorOrItself,
    request: { path: partnerPath, body: patch, bodyExample: { status: "suspended" } },
    success: {
      status: 200,
      description: "The changed partner",
      body: partnerSchema,
      example: { ...partnerExample, status: "suspended", etag: '"2"' },
    },
    problems: ["partner_email_taken"],
    conditional: true,
    sensitive: true,
    audited: true,
    table: [
      { actions: ["GetItem", "PutItem"], leadingKeys: [partnerPartitions.partners] },
      { actions: ["GetItem", "PutItem", "DeleteItem"], leadingKeys: [partnerPartitions.partnerEmails] },
      eventRight,
      {
        actions: ["UpdateItem"],
        leadingKeys: [identityPartitions.principals],
        attributes: principalAttributes.changingPartner,
      },
      {
        actions: ["UpdateItem", "DeleteItem"],
        leadingKeys: [identityPartitions.creationLocks],
        attributes: creationLockAttributes.stopping,
      },
    ],
  }),

  offBoard: operation({
    id: "partners.off-board",
    method: "POST",
    path: "/v1/partners/{partnerId}/off-board",
    tag: "Partners",
    summary: "Off-board a partner",
    description:
      "Suspends a partner with its sandbox, cancels its live subscriptions and deletes its companies, at most 500 of each in a call. Repeat the " +
      "request until `done` is true; then the partner can be deleted. A repetition is always safe, also after a 503; with the " +
      "same idempotency key it replays the first answer and does not continue.",
    access: byAdministrator,
    request: { path: partnerPath, body: z.strictObject({}), bodyOptional: true },
    success: {
      status: 200,
      description: "What this call has done",
      body: offBoardingSchema,
      example: { subscriptionsCancelled: 37, companiesDeleted: 2, done: true },
    },
    problems: ["live_partner_required"],
    idempotent: true,
    sensitive: true,
    audited: true,
    table: [
      { actions: ["GetItem", "PutItem"], leadingKeys: [partnerPartitions.partners] },
      {
        actions: ["UpdateItem"],
        leadingKeys: [identityPartitions.principals],
        attributes: principalAttributes.changingPartner,
      },
      {
        actions: ["UpdateItem"],
        leadingKeys: [identityPartitions.creationLocks],
        attributes: creationLockAttributes.stopping,
      },
      { actions: ["Query", "PutItem"], leadingKeys: [subscriptionPartitions.subscriptions] },
      { actions: ["PutItem"], leadingKeys: [subscriptionPartitions.histories, eventPartitions.events] },
      { actions: ["Query", "DeleteItem"], leadingKeys: [companyPartitions.companies] },
    ],
    timeoutSeconds: 29,
  }),

  delete: operation({
    id: "partners.delete",
    method: "DELETE",
    path: "/v1/partners/{partnerId}",
    tag: "Partners",
    summary: "Delete a partner",
    description:
      "Deletes a partner that has neither live subscriptions nor companies, with its ended subscriptions and their history, its webhook endpoints, and its " +
      "sandbox with everything in it. Only the partner itself deletes its sandbox alone. Its e-mail address becomes available again. If the time is up before everything is removed, the response is 503; send the " +
      "request again to continue.",
    access: byAdministrator,
    request: { path: partnerPath },
    success: { status: 204, description: "The partner is deleted" },
    problems: ["partner_in_use", "live_partner_required"],
    conditional: true,
    audited: true,
    table: [
      { actions: ["GetItem", "DeleteItem"], leadingKeys: [partnerPartitions.partners] },
      { actions: ["DeleteItem"], leadingKeys: [partnerPartitions.partnerEmails, identityPartitions.credentials] },
      {
        actions: ["GetItem", "UpdateItem", "DeleteItem"],
        leadingKeys: [identityPartitions.principals],
        attributes: principalAttributes.deleting,
      },
      {
        actions: ["UpdateItem"],
        leadingKeys: [identityPartitions.creationLocks],
        attributes: creationLockAttributes.holding,
      },
      // The partner itself has no companies any more.
      ...sandboxRemovalRights,
      eventRight,
    ],
    timeoutSeconds: 29,
  }),

  newSecret: operation({
    id: "partners.new-secret",
    method: "POST",
    path: "/v1/partners/{partnerId}/secret",
    tag: "Partners",
    summary: "Issue a new client secret",
    description:
      "Replaces the client secret. The response shows the new one once. The previous secret stays valid for `gracePeriod`; older " +
      "ones become invalid at once. Access tokens stay valid: revoke them as well if the secret has leaked.",
    access: byAdministratorOrItself,
    request: {
      path: partnerPath,
      body: newSecretBody,
      bodyOptional: true,
      bodyExample: { gracePeriod: "P1D" },
    },
    success: {
      status: 200,
      description: "The new client secret",
      body: newSecretAnswer,
      example: {
        clientId: partnerExample.id,
        clientSecret: exampleSecret,
        previousValidUntil: "2026-11-21T12:00:00.000Z",
      },
      secretMembers: ["clientSecret"],
    },
    problems: [],
    idempotent: true,
    sensitive: true,
    audited: true,
    table: [{ actions: ["GetItem", "PutItem"], leadingKeys: [identityPartitions.credentials] }],
    secrets: ["clientSecretKey"],
  }),

  secretState: operation({
    id: "partners.secret-state",
    method: "GET",
    path: "/v1/partners/{partnerId}/secret",
    tag: "Partners",
    summary: "Read the age of the client secret",
    description:
      "Tells when the client secret was issued, until when the previous one is valid, and when the last access token was issued. Nobody " +
      "can read the secret.",
    access: byAdministratorOrItself,
    request: { path: partnerPath },
    success: {
      status: 200,
      description: "The age of the client secret",
      body: secretStateSchema,
      example: {
        issuedAt: "2026-11-20T12:00:00.000Z",
        previousValidUntil: "2026-11-21T12:00:00.000Z",
        lastTokenIssuedAt: "2026-11-20T18:30:00.000Z",
      },
    },
    problems: [],
    table: [{ actions: ["GetItem"], leadingKeys: [identityPartitions.credentials, identityPartitions.principals] }],
  }),

  revokeTokens: operation({
    id: "partners.revoke-tokens",
    method: "POST",
    path: "/v1/partners/{partnerId}/revoke-tokens",
    tag: "Partners",
    summary: "Revoke a partner's tokens",
    description: "Revokes all access tokens of the partner. The very next request with one of them is refused.",
    access: byAdministratorOrItself,
    request: { path: partnerPath, body: z.strictObject({}), bodyOptional: true },
    success: { status: 204, description: "The tokens are revoked" },
    problems: [],
    idempotent: true,
    sensitive: true,
    audited: true,
    table: [
      {
        actions: ["GetItem", "UpdateItem"],
        leadingKeys: [identityPartitions.principals],
        attributes: principalAttributes.revokingTokens,
      },
    ],
  }),
};
