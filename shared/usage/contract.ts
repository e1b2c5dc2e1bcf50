/** Operations on the usage of partners. */
import * as z from "zod";
import { operation } from "../contract/operation.ts";
import { id } from "../contract/schemas.ts";
import { administrators } from "../domain/access.ts";
import { limitPartitions } from "../limits/keys.ts";
import { partnerPartitions } from "../partners/keys.ts";
import { usagePartitions } from "./keys.ts";
import { defaultRangeDays, maxRangeDays, usageDays } from "./model.ts";

const day = z.iso.date("must be a date such as 2026-11-20");
const count = z.int().min(0);

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
    },
  ],
};

const query = z.strictObject({
  from: day.optional().describe(`First day (UTC); by default ${defaultRangeDays} days end with \`to\``),
  to: day.optional().describe("Last day (UTC); by default today"),
});

const details =
  `by day and operation, for at most ${maxRangeDays} days; counts are kept for ${usageDays} days. They may lag behind by some ` +
  "seconds, and lack the last requests of a server that has ended.";

const table = [
  { actions: ["GetItem"], leadingKeys: [partnerPartitions.partners, limitPartitions.limits] },
  { actions: ["Query"], leadingKeys: [usagePartitions.usage] },
] as const;

export const operations = {
  read: operation({
    id: "usage.read",
    method: "GET",
    path: "/v1/usage",
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
};
