/** Operations on coupons. */
import * as z from "zod";
import { administrators, roles } from "../domain/access.ts";
import { operation } from "../contract/operation.ts";
import {
  createdAt,
  etag,
  id,
  instant,
  orderBy,
  pageOf,
  pageQuery,
  search,
  searchedOrSorted,
  shownInstant,
  text,
  updatedAt,
  wholeNumber,
} from "../contract/schemas.ts";
import { identityPartitions } from "../identity/keys.ts";
import { userPartitions } from "../users/keys.ts";
import { couponPartitions } from "./keys.ts";
import { maxCodeLength, maxNameLength, maxQuantity, maxValue, minCodeLength } from "./model.ts";

const couponSchema = z
  .object({
    id: id("cpn_"),
    name: z.string().describe("What it is for"),
    value: z.int().min(0).meta({ description: "The credit that a redemption takes" }),
    quantity: z.int().min(1).meta({ description: "How often it can be redeemed in total" }),
    remaining: z.int().min(0).meta({ description: "How often it can still be redeemed" }),
    active: z.boolean().describe("Whether it can be redeemed and users see it"),
    expiresAt: shownInstant.describe("When it can no longer be redeemed: RFC 3339, UTC"),
    createdAt,
    updatedAt,
    etag,
  })
  .meta({ id: "Coupon", description: "A coupon that users redeem for credit" });

export type CouponView = z.output<typeof couponSchema>;

const couponExample: CouponView = {
  id: "cpn_01JD3Y5W8Q4T6V2X9ZB7C1D3EF",
  name: "A ticket for the science museum",
  value: 40,
  quantity: 500,
  remaining: 499,
  active: true,
  expiresAt: "2027-01-01T00:00:00.000Z",
  createdAt: "2026-11-20T12:00:00.000Z",
  updatedAt: "2026-11-20T12:00:00.000Z",
  etag: '"1"',
};

export const redemptionSchema = z
  .object({
    id: id("rdm_"),
    couponId: id("cpn_"),
    value: z.int().min(0).meta({ description: "The credit that it took" }),
    creditLeft: z.int().min(0).meta({ description: "The caller's credit afterwards" }),
    redeemedAt: shownInstant.describe("When it was redeemed: RFC 3339, UTC"),
  })
  .meta({ id: "Redemption", description: "A redemption of a coupon by a user" });

export type RedemptionView = z.output<typeof redemptionSchema>;

export const redemptionExample: RedemptionView = {
  id: "rdm_01JD3Y5W8Q4T6V2X9ZB7C1D3EF",
  couponId: couponExample.id,
  value: 40,
  creditLeft: 80,
  redeemedAt: "2026-11-20T12:00:00.000Z",
};

const code = text(minCodeLength, maxCodeLength).meta({
  description: "Compared exactly; never shown in a response",
  examples: ["MUSEUM-2026"],
});
const name = text(1, maxNameLength).describe("What it is for");
const quantity = wholeNumber
  .min(1, "must be at least 1")
  .max(maxQuantity, `must be at most ${maxQuantity}`)
  .describe("How often it can be redeemed in total");
const expiresAt = instant.describe("When it can no longer be redeemed: RFC 3339 with any offset");
const active = z.boolean().describe("Whether it can be redeemed and users see it");

const creation = z.strictObject({
  name,
  value: wholeNumber.min(0, "must not be negative").max(maxValue).describe("The credit that a redemption takes"),
  code,
  quantity,
  expiresAt,
  active: active.default(true),
});

const patch = z.strictObject({ name, active, expiresAt, quantity }).partial();

export type CouponCreation = z.output<typeof creation>;
export type CouponPatch = z.output<typeof patch>;

const listQuery = searchedOrSorted(
  z.strictObject({
    ...pageQuery,
    search: search.describe("The beginning of an id or a name, in any case. A code is a secret and finds nothing"),
    sort: orderBy(["newest", "name"]).describe("The order of the whole list. Not together with `search`"),
  }),
  "newest",
);

const couponPath = z.strictObject({ couponId: id("cpn_") });
const byAdministrator = { user: { roles: administrators } };
const byAnyUser = { user: { roles } };

const couponAnswer = { body: couponSchema, example: couponExample };

export const operations = {
  create: operation({
    id: "coupons.create",
    method: "POST",
    path: "/v1/coupons",
    tag: "Coupons",
    summary: "Create a coupon",
    description:
      "Creates a coupon that can be redeemed `quantity` times, once by each user. The code is unique. It is stored as a keyed hash and " +
      "never shown again.",
    access: byAdministrator,
    request: {
      body: creation,
      bodyExample: {
        name: couponExample.name,
        value: 40,
        code: "MUSEUM-2026",
        quantity: 500,
        expiresAt: couponExample.expiresAt,
      },
    },
    success: {
      status: 201,
      description: "The coupon",
      body: couponSchema,
      example: { ...couponExample, remaining: 500 },
    },
    problems: ["coupon_code_taken"],
    idempotent: true,
    sensitive: true,
    audited: true,
    table: [
      {
        actions: ["PutItem"],
        leadingKeys: [couponPartitions.coupons, couponPartitions.couponCodes, couponPartitions.couponPieces],
      },
    ],
    secrets: ["couponCodeKey"],
  }),

  list: operation({
    id: "coupons.list",
    method: "GET",
    path: "/v1/coupons",
    tag: "Coupons",
    summary: "List coupons",
    description:
      "Lists coupons, newest first or in the order that `sort` names; or those that `search` finds. Administrators see all coupons; " +
      "other users see the active ones. The list of active coupons, a search and a sorted list may lag behind a change by a moment.",
    access: byAnyUser,
    request: { query: listQuery },
    success: {
      status: 200,
      description: "A page of coupons",
      body: pageOf(couponSchema),
      example: { items: [couponExample], nextCursor: null },
    },
    problems: ["cursor_invalid"],
    table: [
      { actions: ["Query"], leadingKeys: [couponPartitions.coupons] },
      { actions: ["Query"], leadingKeys: [couponPartitions.activeCoupons], index: "gsi1" },
      { actions: ["Query"], leadingKeys: [couponPartitions.couponsByName], index: "gsi2" },
      { actions: ["BatchGetItem"], leadingKeys: [couponPartitions.coupons, couponPartitions.couponPieces] },
    ],
    secrets: ["cursorKey"],
  }),

  read: operation({
    id: "coupons.read",
    method: "GET",
    path: "/v1/coupons/{couponId}",
    tag: "Coupons",
    summary: "Read a coupon",
    description: "Returns a coupon by its id. Only administrators see inactive coupons.",
    access: byAnyUser,
    request: { path: couponPath },
    success: { status: 200, description: "The coupon", ...couponAnswer },
    problems: [],
    table: [
      { actions: ["GetItem"], leadingKeys: [couponPartitions.coupons] },
      { actions: ["BatchGetItem"], leadingKeys: [couponPartitions.couponPieces] },
    ],
  }),

  change: operation({
    id: "coupons.change",
    method: "PATCH",
    path: "/v1/coupons/{couponId}",
    tag: "Coupons",
    summary: "Change a coupon",
    description:
      "Changes the given fields (RFC 7396). After the response, no redemption uses the old terms. The quantity cannot be less than " +
      "the number of redemptions.",
    access: byAdministrator,
    request: { path: couponPath, body: patch, bodyExample: { active: false } },
    success: {
      status: 200,
      description: "The changed coupon",
      body: couponSchema,
      example: { ...couponExample, active: false, etag: '"2"' },
    },
    problems: ["coupon_quantity_too_low"],
    conditional: true,
    audited: true,
    table: [
      { actions: ["GetItem", "PutItem"], leadingKeys: [couponPartitions.coupons] },
      { actions: ["BatchGetItem", "UpdateItem"], leadingKeys: [couponPartitions.couponPieces] },
    ],
  }),

  redeem: operation({
    id: "coupons.redeem",
    method: "POST",
    path: "/v1/coupons/redeem",
    tag: "Coupons",
    summary: "Redeem a coupon",
    description:
      "Takes the coupon's value from the caller's credit and one unit from its stock, all or nothing. Reasons for a refusal, in the order " +
      "in which they are checked: unknown code, inactive, expired, already redeemed by the caller, exhausted, insufficient credit. Ten " +
      "wrong codes within 15 minutes lead to `429 too_many_attempts` until the oldest of them is 15 minutes old.",
    access: byAnyUser,
    request: { body: z.strictObject({ code }), bodyExample: { code: "MUSEUM-2026" } },
    success: { status: 201, description: "The redemption", body: redemptionSchema, example: redemptionExample },
    problems: [
      "coupon_not_found",
      "coupon_inactive",
      "coupon_expired",
      "coupon_already_redeemed",
      "coupon_exhausted",
      "credit_insufficient",
      "too_many_attempts",
    ],
    idempotent: true,
    replaysFirst: true,
    table: [
      { actions: ["GetItem", "PutItem", "UpdateItem"], leadingKeys: [identityPartitions.attempts] },
      { actions: ["GetItem"], leadingKeys: [couponPartitions.couponCodes] },
      // A redemption completes a change of terms that was interrupted.
      { actions: ["GetItem", "PutItem"], leadingKeys: [couponPartitions.coupons] },
      { actions: ["BatchGetItem", "UpdateItem"], leadingKeys: [couponPartitions.couponPieces] },
      { actions: ["GetItem", "PutItem"], leadingKeys: [couponPartitions.redeemedCoupons, userPartitions.users] },
      { actions: ["PutItem"], leadingKeys: [couponPartitions.redemptions, userPartitions.creditMovements] },
    ],
    secrets: ["couponCodeKey"],
  }),

  redemptions: operation({
    id: "coupons.redemptions",
    method: "GET",
    path: "/v1/users/me/redemptions",
    tag: "Coupons",
    summary: "List the caller's redemptions",
    description: "Lists the redemptions of the calling user, newest first.",
    access: byAnyUser,
    request: { query: z.strictObject(pageQuery) },
    success: {
      status: 200,
      description: "A page of redemptions",
      body: pageOf(redemptionSchema),
      example: { items: [redemptionExample], nextCursor: null },
    },
    problems: ["cursor_invalid"],
    table: [{ actions: ["Query"], leadingKeys: [couponPartitions.redemptions] }],
    secrets: ["cursorKey"],
  }),
};
