/** The operation that shows administrators who has changed what. */
import * as z from "zod";
import { auditDays } from "../contract/audit-record.ts";
import { operation } from "../contract/operation.ts";
import { id, instant, pageOf, pageQuery, shownInstant } from "../contract/schemas.ts";
import { administrators } from "../domain/access.ts";
import { isUlid } from "../domain/ids.ts";
import { auditPartitions } from "./keys.ts";

const state = z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])).nullable();

const recordSchema = z
  .object({
    id: id("aud_"),
    at: shownInstant.describe("When it was changed: RFC 3339, UTC"),
    operation: z.string().describe("Id of the operation"),
    requestId: z.string().describe("`x-request-id` of the request"),
    actor: z
      .object({
        kind: z.enum(["partner", "user"]).describe("Whether a partner or a person"),
        id: z.string().describe("Id of the partner or the user"),
        role: z.string().nullable().describe("Role of the user at that time; null for a partner"),
        tokenId: z.string().describe("`jti` of the access token"),
        methods: z
          .array(z.string())
          .describe("How the actor has proven who it is: `client_secret`, or methods of RFC 8176; empty if unknown"),
      })
      .describe("Who has changed it"),
    network: z.string().describe("Network of the caller: 24 bits of an IPv4 address, 48 bits of an IPv6 address"),
    target: z.string().describe("Id of what was changed"),
    before: state.describe("The changed fields as they were; null for a new object, and where nothing can be shown"),
    after: state.describe(
      "The same fields after the change; null for a deleted object, and where nothing can be shown",
    ),
  })
  .meta({ id: "AuditRecord", description: "A change by an administrator, or by a partner of itself" });

export type AuditRecordView = z.output<typeof recordSchema>;

const example: AuditRecordView = {
  id: "aud_01JD3Y5W8Q4T6V2X9ZB7C1D3EF",
  at: "2026-11-20T12:00:00.000Z",
  operation: "partners.change",
  requestId: "1b2f6d3e-8c4a-4e0f-9d57-3a6b1c2d4e5f",
  actor: {
    kind: "user",
    id: "usr_01JD3Y5W8Q4T6V2X9ZB7C1D3EF",
    role: "admin",
    tokenId: "6f6c1a52-6a5c-4b7e-9a39-2d9f1c8e7b10",
    methods: ["pwd", "otp", "mfa"],
  },
  network: "203.0.113.0/24",
  target: "ptr_01JD3Y5W8Q4T6V2X9ZB7C1D3EF",
  before: { status: "active" },
  after: { status: "suspended" },
};

const anyId = z
  .string()
  .refine((value) => /^[a-z]{3}_/.test(value) && isUlid(value.slice(4)), "must be an id")
  .meta({ pattern: "^[a-z]{3}_[0-9A-HJKMNP-TV-Z]{26}$" });

export const operations = {
  list: operation({
    id: "audit.list",
    method: "GET",
    path: "/v1/audit",
    tag: "Audit",
    summary: "List the audit trail",
    description:
      "Lists the changes of people, credit, secrets, roles, coupons and settings by administrators, and by partners of themselves, " +
      `newest first, for ${auditDays} days. With a filter, a page may be short although more follow, and a record may be listed a ` +
      "moment after its change.",
    access: { user: { roles: administrators } },
    request: {
      query: z.strictObject({
        ...pageQuery,
        actor: anyId.optional().describe("Only changes by this partner or user"),
        target: anyId.optional().describe("Only changes of this object"),
        operation: z
          .string()
          .max(64)
          .regex(/^[a-z-]+\.[a-z-]+$/, "must be the id of an operation")
          .optional()
          .describe("Only changes by this operation, such as `partners.change`"),
        from: instant.optional().describe("Only changes from this RFC 3339 time on, from 1970 to 9999"),
        before: instant.optional().describe("Only changes before this RFC 3339 time, from 1970 to 9999"),
      }),
    },
    success: {
      status: 200,
      description: "A page of records",
      body: pageOf(recordSchema),
      example: { items: [example], nextCursor: null },
    },
    problems: ["cursor_invalid"],
    table: [
      { actions: ["Query"], leadingKeys: [auditPartitions.records] },
      { actions: ["Query"], leadingKeys: [auditPartitions.targets], index: "gsi1" },
      { actions: ["Query"], leadingKeys: [auditPartitions.actors], index: "gsi2" },
    ],
    secrets: ["cursorKey"],
  }),
};
