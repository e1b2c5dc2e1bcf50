/** Operations on partners: who they are, what they prove themselves with, and their end. */
import * as z from "zod";
import { administrators } from "../domain/access.ts";
import { operation } from "../contract/operation.ts";
import { email, etag, id, pageOf, pageQuery, shownInstant, text } from "../contract/schemas.ts";
import { tokenPolicies } from "../identity/store.ts";
import { tableKeys } from "../runtime/key.ts";
import { isWebsiteUrl, parseGracePeriod } from "./rules.ts";

const partnerStatuses = ["active", "suspended"] as const;

const websiteUrl = z
  .string()
  .max(2048, "must have at most 2048 characters")
  .refine(isWebsiteUrl, "must be a URL that begins with https://")
  .meta({ format: "uri" });

/** RFC 6749 §A.2 allows blanks, too; without them no reader of a Basic header can take a `+` for one. */
const clientSecret = z.string().regex(/^[\x21-\x7e]{16,128}$/, "must have 16 to 128 visible ASCII characters");

const partnerSchema = z
  .object({
    id: id("ptr_"),
    name: z.string(),
    websiteUrl: z.string().meta({ format: "uri" }),
    email: z.string(),
    status: z.enum(partnerStatuses),
    tokenPolicy: z.enum(tokenPolicies),
    createdAt: shownInstant,
    updatedAt: shownInstant,
    etag,
  })
  .meta({ id: "Partner" });

export type Partner = z.output<typeof partnerSchema>;

const partnerExample: Partner = {
  id: "ptr_01JD3Y5W8Q4T6V2X9ZB7C1D3EF",
  name: "Blue Bicycle",
  websiteUrl: "https://bluebicycle.example",
  email: "api@bluebicycle.example",
  status: "active",
  tokenPolicy: "single",
  createdAt: "2026-11-20T12:00:00.000Z",
  updatedAt: "2026-11-20T12:00:00.000Z",
  etag: '"1"',
};

const partnerPath = z.strictObject({ partnerId: id("ptr_") });
const byAdministrator = { user: { roles: administrators } };
/** An administrator, or a partner for itself; another partner's id is hidden from it. */
const byAdministratorOrItself = { user: { roles: administrators }, partner: {} };

const registration = z.strictObject({
  name: text(1, 100),
  websiteUrl,
  email,
  secret: clientSecret.optional().meta({ description: "Without it one of 256 random bits is made" }),
});

const patch = z
  .strictObject({
    name: text(1, 100),
    websiteUrl,
    email,
    tokenPolicy: z.enum(tokenPolicies),
    status: z.enum(partnerStatuses),
  })
  .partial();

export type Registration = z.output<typeof registration>;
export type PartnerPatch = z.output<typeof patch>;

const exampleSecret = "Zk3mY0vQx1lT7cN5sR9wB2hJ8dF4gK6pA1uE3iO5yTc";

export const operations = {
  register: operation({
    id: "partners.register",
    method: "POST",
    path: "/v1/partners",
    tag: "Partners",
    summary: "Register a partner",
    description:
      "Creates a partner. The answer shows its client secret this once. E-mail addresses are compared without regard to case.",
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
        clientId: z.string(),
        clientSecret: z.string().optional().meta({ description: "Absent when the answer is replayed" }),
      }),
      example: { ...partnerExample, clientId: partnerExample.id, clientSecret: exampleSecret },
      secretMembers: ["clientSecret"],
    },
    problems: ["partner_email_taken"],
    idempotent: true,
    table: [
      {
        actions: ["PutItem"],
        leadingKeys: [tableKeys.partners, tableKeys.partnerEmails, tableKeys.principals, tableKeys.credentials],
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
    description: "All partners, newest first.",
    access: byAdministrator,
    request: { query: z.strictObject(pageQuery) },
    success: {
      status: 200,
      description: "A page of partners",
      body: pageOf(partnerSchema),
      example: { items: [partnerExample], nextCursor: null },
    },
    problems: ["cursor_invalid"],
    table: [{ actions: ["Query"], leadingKeys: [tableKeys.partners] }],
    secrets: ["cursorKey"],
  }),

  self: operation({
    id: "partners.self",
    method: "GET",
    path: "/v1/partners/me",
    tag: "Partners",
    summary: "Read the calling partner",
    description: "The partner whose token is used.",
    access: { partner: {} },
    request: {},
    success: { status: 200, description: "The partner", body: partnerSchema, example: partnerExample },
    problems: [],
    table: [{ actions: ["GetItem"], leadingKeys: [tableKeys.partners] }],
  }),

  read: operation({
    id: "partners.read",
    method: "GET",
    path: "/v1/partners/{partnerId}",
    tag: "Partners",
    summary: "Read a partner",
    description: "One partner by its id.",
    access: byAdministrator,
    request: { path: partnerPath },
    success: { status: 200, description: "The partner", body: partnerSchema, example: partnerExample },
    problems: [],
    table: [{ actions: ["GetItem"], leadingKeys: [tableKeys.partners] }],
  }),

  change: operation({
    id: "partners.change",
    method: "PATCH",
    path: "/v1/partners/{partnerId}",
    tag: "Partners",
    summary: "Change a partner",
    description:
      "Changes the given fields (RFC 7396). Suspending ends the partner's tokens at once, and so does going back to the token " +
      "policy `single`.",
    access: byAdministrator,
    request: { path: partnerPath, body: patch, bodyExample: { status: "suspended" } },
    success: {
      status: 200,
      description: "The partner as it is now",
      body: partnerSchema,
      example: { ...partnerExample, status: "suspended", etag: '"2"' },
    },
    problems: ["partner_email_taken"],
    conditional: true,
    table: [
      { actions: ["GetItem", "PutItem"], leadingKeys: [tableKeys.partners] },
      { actions: ["PutItem", "DeleteItem"], leadingKeys: [tableKeys.partnerEmails] },
      { actions: ["UpdateItem"], leadingKeys: [tableKeys.principals] },
    ],
  }),

  delete: operation({
    id: "partners.delete",
    method: "DELETE",
    path: "/v1/partners/{partnerId}",
    tag: "Partners",
    summary: "Delete a partner",
    description:
      "Deletes a partner that has neither live subscriptions nor companies, with its ended subscriptions and their history. Its e-mail address is " +
      "free again. If the time is not enough to remove everything, the answer is 503; the same call again goes on.",
    access: byAdministrator,
    request: { path: partnerPath },
    success: { status: 204, description: "The partner is deleted" },
    problems: ["partner_in_use"],
    conditional: true,
    table: [
      { actions: ["GetItem", "DeleteItem"], leadingKeys: [tableKeys.partners] },
      { actions: ["DeleteItem"], leadingKeys: [tableKeys.partnerEmails, tableKeys.credentials] },
      { actions: ["GetItem", "UpdateItem", "DeleteItem"], leadingKeys: [tableKeys.principals] },
      { actions: ["Query", "BatchWriteItem"], leadingKeys: [tableKeys.subscriptions, tableKeys.subscriptionHistories] },
      { actions: ["Query"], leadingKeys: [tableKeys.companies] },
    ],
    timeoutSeconds: 29,
  }),

  newSecret: operation({
    id: "partners.new-secret",
    method: "POST",
    path: "/v1/partners/{partnerId}/secret",
    tag: "Partners",
    summary: "Make a new client secret",
    description:
      "Replaces the client secret; the answer shows the new one this once. The secret before works on for `gracePeriod`; older " +
      "ones end at once. Access tokens stay valid: revoke them, too, if the secret has leaked.",
    access: byAdministratorOrItself,
    request: {
      path: partnerPath,
      body: z.strictObject({
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
          .meta({ type: "string", format: "duration" })
          .default(0),
        secret: clientSecret.optional().meta({ description: "Without it one of 256 random bits is made" }),
      }),
      bodyOptional: true,
      bodyExample: { gracePeriod: "P1D" },
    },
    success: {
      status: 200,
      description: "The new client secret",
      body: z.object({
        clientId: z.string(),
        clientSecret: z.string().optional().meta({ description: "Absent when the answer is replayed" }),
        previousValidUntil: shownInstant,
      }),
      example: {
        clientId: partnerExample.id,
        clientSecret: exampleSecret,
        previousValidUntil: "2026-11-21T12:00:00.000Z",
      },
      secretMembers: ["clientSecret"],
    },
    problems: [],
    idempotent: true,
    table: [{ actions: ["GetItem", "PutItem"], leadingKeys: [tableKeys.credentials] }],
    secrets: ["clientSecretKey"],
  }),

  revokeTokens: operation({
    id: "partners.revoke-tokens",
    method: "POST",
    path: "/v1/partners/{partnerId}/revoke-tokens",
    tag: "Partners",
    summary: "Revoke a partner's tokens",
    description: "Ends all access tokens of the partner: the very next request with one of them is refused.",
    access: byAdministratorOrItself,
    request: { path: partnerPath, body: z.strictObject({}), bodyOptional: true },
    success: { status: 204, description: "The tokens are revoked" },
    problems: [],
    idempotent: true,
    table: [{ actions: ["GetItem", "UpdateItem"], leadingKeys: [tableKeys.principals] }],
  }),
};
