/** Operations on the usage of partners. */
import * as z from "zod";
import { operation, type TableRight } from "../contract/operation.ts";
import { id } from "../contract/schemas.ts";
import { administrators } from "../domain/access.ts";
import { countedAttributes, eventPartitions } from "../events/keys.ts";
import { limitPartitions } from "../limits/keys.ts";
import { partnerPartitions } from "../partners/keys.ts";
import { countDays } from "../runtime/day-counts.ts";
import { webhookPartitions } from "../webhooks/keys.ts";
import { usagePartitions } from "./keys.ts";
import { defaultRangeDays, maxRangeDays, usagePath } from "./model.ts";

const day = z.iso.date("must be a date such as 2026-11-20");
const count = z.int().min(0);

const subscriptionsOfDay = z
  .object({
    sold: count.describe("Subscriptions that were created"),
    extended: count.describe("Extensions"),
    cancelled: count.describe("Cancellations"),
    expired: count.describe("Subscriptions whose expiry was announced"),
    live: count
      .nullable()
      .describe(
        "Scheduled and active subscriptions at the end of the day, or now; null for a day that is too long ago",
      ),
  })
  .meta({ id: "SubscriptionsOfDay", description: "What has happened to subscriptions in a day of UTC" });

export type SubscriptionsOfDay = z.output<typeof subscriptionsOfDay>;

const deliveriesOfDay = z
  .object({
    succeeded: count.describe("Attempts that the endpoint answered with a status from 200 to 299"),
    failed: count.describe("All other attempts"),
  })
  .describe("Attempts to deliver webhooks");

const usageSchema = z
  .object({
    from: day.describe("First day of the answer"),
    to: day.describe("Last day of the answer"),
    month: z
      .object({
        month: z.string().describe("The present calendar month of UTC: YYYY-MM"),
        requests: count.describe("Requests that count to the quota; a few may be reserved and not made yet"),
        quota: count.describe("Requests that the partner may send in the month"),
      })
      .describe("The monthly quota"),
    days: z
      .array(
        z.object({
          day: day.describe("Day of UTC: YYYY-MM-DD"),
          requests: count.describe("Requests that were served, whatever their answer was"),
          refused: count.describe("Requests that were refused because a limit was reached"),
          routes: z
            .array(
              z.object({
                method: z.string().describe("Method of the operation"),
                path: z.string().describe("Path of the operation, with the names of its parameters"),
                requests: count.describe("Requests to the operation"),
              }),
            )
            .describe("The requests by operation, the most frequent ones first"),
          subscriptions: subscriptionsOfDay,
          deliveries: deliveriesOfDay,
        }),
      )
      .describe("Every day of the range, the first one first"),
  })
  .meta({ id: "Usage", description: "How much a partner has used the API" });

export type UsageView = z.output<typeof usageSchema>;

const example: UsageView = {
  from: "2026-11-20",
  to: "2026-11-20",
  month: { month: "2026-11", requests: 48_211, quota: 5_000_000 },
  days: [
    {
      day: "2026-11-20",
      requests: 1204,
      refused: 3,
      routes: [
        { method: "GET", path: "/v1/subscriptions/{externalUserId}", requests: 1102 },
        { method: "POST", path: "/v1/subscriptions", requests: 102 },
      ],
      subscriptions: { sold: 98, extended: 41, cancelled: 7, expired: 12, live: 2310 },
      deliveries: { succeeded: 158, failed: 2 },
    },
  ],
};

const usageOfAllSchema = z
  .object({
    from: day.describe("First day of the answer"),
    to: day.describe("Last day of the answer"),
    days: z
      .array(
        z.object({
          day: day.describe("Day of UTC: YYYY-MM-DD"),
          requests: count.describe("Requests of partners that were served, whatever their answer was"),
          refused: count.describe("Requests of partners that were refused because a limit was reached"),
          subscriptions: subscriptionsOfDay,
        }),
      )
      .describe("Every day of the range, the first one first"),
  })
  .meta({ id: "UsageOfAll", description: "What all partners together have sold, and how much they have used the API" });

export type UsageOfAllView = z.output<typeof usageOfAllSchema>;

const exampleOfAll: UsageOfAllView = {
  from: "2026-11-20",
  to: "2026-11-20",
  days: [
    {
      day: "2026-11-20",
      requests: 96_310,
      refused: 41,
      subscriptions: { sold: 1204, extended: 530, cancelled: 61, expired: 144, live: 40_871 },
    },
  ],
};

const query = z.strictObject({
  from: day.optional().describe(`First day (UTC); by default ${defaultRangeDays} days end with \`to\``),
  to: day.optional().describe("Last day (UTC); by default today"),
});

const details =
  `by day and operation, with the subscriptions that were sold and the attempts to deliver webhooks, for at most ${maxRangeDays} ` +
  `days; counts are kept for ${countDays} days. They may lag behind by some seconds. Requests may lack the last ones of a server ` +
  "that has ended; subscriptions and attempts add up with the events and the deliveries.";

const table = [
  { actions: ["GetItem"], leadingKeys: [partnerPartitions.partners, limitPartitions.limits] },
  {
    actions: ["Query"],
    leadingKeys: [usagePartitions.usage, usagePartitions.subscriptions, webhookPartitions.attemptCounts],
  },
] as const;

export const operations = {
  read: operation({
    id: "usage.read",
    method: "GET",
    path: usagePath,
    tag: "Usage",
    summary: "Read the usage",
    description: `Returns the partner's requests ${details}`,
    access: { partner: {} },
    request: { query },
    success: { status: 200, description: "The usage", body: usageSchema, example },
    problems: [],
    table,
  }),

  readOfPartner: operation({
    id: "usage.read-of-partner",
    method: "GET",
    path: "/v1/partners/{partnerId}/usage",
    tag: "Usage",
    summary: "Read a partner's usage",
    description: `Returns a partner's requests for administrators, ${details}`,
    access: { user: { roles: administrators } },
    request: { path: z.strictObject({ partnerId: id("ptr_") }), query },
    success: { status: 200, description: "The usage", body: usageSchema, example },
    problems: [],
    table,
  }),

  readOfAll: operation({
    id: "usage.read-of-all",
    method: "GET",
    path: "/v1/usage/all-partners",
    tag: "Usage",
    summary: "Read the usage of all partners",
    description:
      "Returns the subscriptions that all partners together have sold and their requests, for administrators, by day, for at most " +
      `${maxRangeDays} days; counts are kept for ${countDays} days, and may lag behind by some seconds. Sandboxes do not count. ` +
      "Requests may lack the last ones of a server that has ended.",
    access: { user: { roles: administrators } },
    request: { query },
    success: { status: 200, description: "The usage", body: usageOfAllSchema, example: exampleOfAll },
    problems: [],
    table: [{ actions: ["Query"], leadingKeys: [usagePartitions.usage, usagePartitions.subscriptions] }],
  }),
};

/** The function `usage-count` marks events as counted, and adds them to the counts. */
export const countRights: readonly TableRight[] = [
  { actions: ["UpdateItem"], leadingKeys: [eventPartitions.events], attributes: countedAttributes },
  { actions: ["UpdateItem"], leadingKeys: [usagePartitions.subscriptions] },
];
