/** Operations on the sandbox of a partner, and on its test clock. */
import * as z from "zod";
import { operation } from "../contract/operation.ts";
import { createdAt, id, instant, shownInstant } from "../contract/schemas.ts";
import { eventPartitions } from "../events/keys.ts";
import { creationLockAttributes, identityPartitions, principalAttributes } from "../identity/keys.ts";
import { newSecretAnswer, newSecretBody, sandboxRemovalRights } from "../partners/contract.ts";
import { partnerPartitions } from "../partners/keys.ts";
import { partnerStatuses } from "../partners/model.ts";
import { subscriptionPartitions } from "../subscriptions/keys.ts";
import { parseAdvance } from "./model.ts";

const exampleId = "ptr_01JD41H2K7M9P3R5T8V0X2Z4AC";
const exampleSecret = "Zk3mY0vQx1lT7cN5sR9wB2hJ8dF4gK6pA1uE3iO5yTc";

const clock = z.object({
  time: shownInstant.describe("What the clock shows: RFC 3339, UTC. It stands still until it is advanced"),
  status: z
    .enum(["ready", "advancing"])
    .describe("`ready`: everything that was due by `time` has been announced. `advancing`: advance again to go on"),
});

const clockSchema = clock.meta({ id: "TestClock", description: "The clock of a sandbox" });

export type TestClockView = z.output<typeof clockSchema>;

const clockExample: TestClockView = { time: "2026-11-20T12:00:00.000Z", status: "ready" };

const sandboxSchema = z
  .object({
    id: id("ptr_").describe("Id of the sandbox, which is a partner of its own"),
    clientId: z.string().meta({ description: "Client id: the id of the sandbox", examples: [exampleId] }),
    status: z.enum(partnerStatuses).describe("The status of the live partner, which the sandbox follows"),
    testClock: clockSchema.describe("The clock of the sandbox"),
    createdAt,
  })
  .meta({ id: "Sandbox", description: "A partner beside a live one, for tests" });

export type SandboxView = z.output<typeof sandboxSchema>;

const sandboxExample: SandboxView = {
  id: exampleId,
  clientId: exampleId,
  status: "active",
  testClock: clockExample,
  createdAt: "2026-11-20T12:00:00.000Z",
};

const creation = z.strictObject({
  time: instant.optional().describe("What the test clock shows at first: RFC 3339, from 1970 to 9999. Default now"),
});

const advance = z
  .strictObject({
    to: instant.optional().describe("The time to show: not before the present one, and at most two years after it"),
    by: z
      .string()
      .transform((value, context) => {
        const step = parseAdvance(value);
        if (step !== undefined) return step;
        const message =
          "must be an ISO 8601 duration from PT1S to P7D, or a period of whole days, weeks, months or years";
        context.issues.push({ code: "custom", input: value, message });
        return z.NEVER;
      })
      .meta({
        type: "string",
        format: "duration",
        description:
          "How far to move: an ISO 8601 duration from PT1S to P7D, or a period of whole days, weeks, months or years, at most two years",
        examples: ["P1M"],
      })
      .optional(),
  })
  .refine(({ to, by }) => (to === undefined) !== (by === undefined), {
    path: ["to"],
    message: "must be sent, or else by: exactly one of them",
  })
  .meta({ minProperties: 1, not: { required: ["to", "by"] } });

export type AdvanceRequest = z.output<typeof advance>;

/** Any token of the partner may read; a change needs the right over the partner itself. */
const byPartner = { partner: {} } as const;
const byManager = { partner: { scope: "partner:manage" } } as const;

export const operations = {
  create: operation({
    id: "sandbox.create",
    method: "POST",
    path: "/v1/sandbox",
    tag: "Sandbox",
    summary: "Create the sandbox",
    description:
      "Creates the sandbox of the calling partner: a partner of its own for tests, whose data, events, webhooks, limits and usage are " +
      "apart from the live ones, and whose subscriptions live by a test clock. The response shows its client secret once.",
    access: byManager,
    request: { body: creation, bodyOptional: true, bodyExample: { time: "2027-01-01T00:00:00Z" } },
    success: {
      status: 201,
      description: "The sandbox with its client secret",
      body: sandboxSchema.extend({
        clientSecret: z.string().optional().meta({ description: "Shown once. Absent from a replayed response" }),
      }),
      example: { ...sandboxExample, clientSecret: exampleSecret },
      secretMembers: ["clientSecret"],
    },
    problems: ["sandbox_exists", "live_partner_required"],
    idempotent: true,
    // Not `sensitive`: it changes the caller's own state, on the condition that its profile is as it was read.
    audited: true,
    table: [
      { actions: ["GetItem", "PutItem"], leadingKeys: [partnerPartitions.partners] },
      {
        actions: ["PutItem"],
        leadingKeys: [identityPartitions.principals, identityPartitions.credentials, eventPartitions.events],
      },
      {
        actions: ["UpdateItem"],
        leadingKeys: [identityPartitions.principals],
        attributes: principalAttributes.namingSandbox,
      },
    ],
    secrets: ["clientSecretKey"],
  }),

  read: operation({
    id: "sandbox.read",
    method: "GET",
    path: "/v1/sandbox",
    tag: "Sandbox",
    summary: "Read the sandbox",
    description: "Returns the sandbox of the calling partner.",
    access: byPartner,
    request: {},
    success: { status: 200, description: "The sandbox", body: sandboxSchema, example: sandboxExample },
    problems: ["not_found", "live_partner_required"],
    table: [{ actions: ["GetItem"], leadingKeys: [partnerPartitions.partners, identityPartitions.principals] }],
  }),

  delete: operation({
    id: "sandbox.delete",
    method: "DELETE",
    path: "/v1/sandbox",
    tag: "Sandbox",
    summary: "Delete the sandbox",
    description:
      "Deletes the sandbox of the calling partner, whatever it holds: its credentials and tokens, its clock, its subscriptions, companies " +
      "and webhook endpoints. Its events expire. Afterwards a new sandbox can be created. If the time is up before everything is removed, " +
      "the response is 503; send the request again to continue.",
    access: byManager,
    request: {},
    success: { status: 204, description: "The sandbox is deleted" },
    problems: ["not_found", "live_partner_required"],
    sensitive: true,
    audited: true,
    table: [
      { actions: ["GetItem", "PutItem", "DeleteItem"], leadingKeys: [partnerPartitions.partners] },
      { actions: ["DeleteItem"], leadingKeys: [identityPartitions.credentials] },
      {
        actions: ["UpdateItem", "DeleteItem"],
        leadingKeys: [identityPartitions.principals],
        attributes: principalAttributes.namingSandbox,
      },
      {
        actions: ["UpdateItem"],
        leadingKeys: [identityPartitions.creationLocks],
        attributes: creationLockAttributes.stopping,
      },
      ...sandboxRemovalRights,
      { actions: ["PutItem"], leadingKeys: [eventPartitions.events] },
    ],
    timeoutSeconds: 29,
  }),

  newSecret: operation({
    id: "sandbox.new-secret",
    method: "POST",
    path: "/v1/sandbox/secret",
    tag: "Sandbox",
    summary: "Issue a new client secret of the sandbox",
    description:
      "Replaces the client secret of the sandbox of the calling partner. The response shows the new one once. The previous secret stays " +
      "valid for `gracePeriod`; older ones become invalid at once.",
    access: byManager,
    request: { body: newSecretBody, bodyOptional: true, bodyExample: { gracePeriod: "P1D" } },
    success: {
      status: 200,
      description: "The new client secret",
      body: newSecretAnswer,
      example: { clientId: exampleId, clientSecret: exampleSecret, previousValidUntil: "2026-11-21T12:00:00.000Z" },
      secretMembers: ["clientSecret"],
    },
    problems: ["not_found", "live_partner_required"],
    idempotent: true,
    sensitive: true,
    audited: true,
    table: [
      { actions: ["GetItem"], leadingKeys: [partnerPartitions.partners] },
      { actions: ["GetItem", "PutItem"], leadingKeys: [identityPartitions.credentials] },
    ],
    secrets: ["clientSecretKey"],
  }),
};

export const testClockOperations = {
  read: operation({
    id: "test-clock.read",
    method: "GET",
    path: "/v1/test-clock",
    tag: "Sandbox",
    summary: "Read the test clock",
    description: "Returns the clock of the calling sandbox.",
    access: byPartner,
    request: {},
    success: { status: 200, description: "The test clock", body: clockSchema, example: clockExample },
    problems: ["sandbox_required"],
    table: [{ actions: ["GetItem"], leadingKeys: [identityPartitions.principals] }],
  }),

  advance: operation({
    id: "test-clock.advance",
    method: "POST",
    path: "/v1/test-clock/advance",
    tag: "Sandbox",
    summary: "Advance the test clock",
    description:
      "Moves the clock of the calling sandbox forward, and announces what becomes due by that: `subscription.expiring` and " +
      "`subscription.expired`, in the order of their moments, at most 500 in a call. While `status` is `advancing`, send `to` with the " +
      "returned `time` to go on; with the same idempotency key a request replays the first answer and does not continue.",
    access: byManager,
    request: { body: advance, bodyExample: { by: "P1M" } },
    success: {
      status: 200,
      description: "The test clock",
      body: clockSchema,
      example: { time: "2026-12-20T12:00:00.000Z", status: "ready" },
    },
    problems: ["sandbox_required"],
    idempotent: true,
    replaysFirst: true,
    audited: true,
    table: [
      {
        actions: ["GetItem", "UpdateItem"],
        leadingKeys: [identityPartitions.principals],
        attributes: principalAttributes.movingClock,
      },
      { actions: ["Query"], leadingKeys: [subscriptionPartitions.subscriptions] },
      {
        actions: ["UpdateItem"],
        leadingKeys: [subscriptionPartitions.subscriptions],
        attributes: ["notice", "revision", "inLiveCount"],
      },
      { actions: ["PutItem"], leadingKeys: [eventPartitions.events] },
    ],
    timeoutSeconds: 29,
  }),
};
