/** The migrations with the rights that each needs, and what the function `migration` is asked. */
import * as z from "zod";
import { companyPartitions } from "../companies/keys.ts";
import type { TableRight } from "../contract/operation.ts";
import { couponPartitions } from "../coupons/keys.ts";
import { eventPartitions } from "../events/keys.ts";
import { identityPartitions } from "../identity/keys.ts";
import { partnerPartitions } from "../partners/keys.ts";
import { liveCountAttributes, noticeAttributes, subscriptionPartitions } from "../subscriptions/keys.ts";
import { countRights } from "../usage/contract.ts";
import { usagePartitions } from "../usage/keys.ts";
import { userPartitions } from "../users/keys.ts";
import { migrationPartitions } from "./keys.ts";
import type { Segment } from "./model.ts";

interface MigrationDeclaration {
  readonly description: string;
  /** What it reads and changes. The role of the function has these rights and those on the checkpoints. */
  readonly table: readonly TableRight[];
}

const placeAttributes = ["gsi1pk", "gsi1sk"] as const;

/** A migration stays here until a release needs its result. */
export const migrations = {
  "session-start": {
    description: "adds createdAt, authenticatedAt and signInMethod to sessions that lack them",
    table: [
      { actions: ["Query"], leadingKeys: [userPartitions.userPlaces, identityPartitions.sessions] },
      { actions: ["GetItem"], leadingKeys: [userPartitions.users] },
      {
        actions: ["UpdateItem"],
        leadingKeys: [identityPartitions.sessions],
        attributes: ["createdAt", "authenticatedAt", "signInMethod"],
      },
    ],
  },
  "user-search": {
    description: "adds the places in the index by which users are found, to users from before them",
    table: [
      { actions: ["Query"], leadingKeys: [userPartitions.userPlaces] },
      { actions: ["GetItem", "ConditionCheckItem"], leadingKeys: [userPartitions.users] },
      {
        actions: ["UpdateItem"],
        leadingKeys: [userPartitions.usernames, userPartitions.userPlaces],
        attributes: placeAttributes,
      },
    ],
  },
  "partner-search": {
    description: "adds the places in the index by which partners are found, to partners from before them",
    table: [
      { actions: ["Query", "GetItem", "ConditionCheckItem"], leadingKeys: [partnerPartitions.partners] },
      {
        actions: ["UpdateItem"],
        leadingKeys: [partnerPartitions.partners],
        attributes: [...placeAttributes, "revision"],
      },
      { actions: ["UpdateItem"], leadingKeys: [partnerPartitions.partnerEmails], attributes: placeAttributes },
    ],
  },
  "coupon-search": {
    description: "adds the place in the index by which a coupon is found, to coupons from before it",
    table: [
      { actions: ["Query", "GetItem"], leadingKeys: [couponPartitions.coupons] },
      {
        actions: ["UpdateItem"],
        leadingKeys: [couponPartitions.coupons],
        attributes: ["gsi2pk", "gsi2sk", "revision"],
      },
    ],
  },
  "company-search": {
    description: "adds the place in the index by which a company is found, to companies from before it",
    table: [
      { actions: ["Query"], leadingKeys: [partnerPartitions.partners, companyPartitions.companies] },
      {
        actions: ["UpdateItem"],
        leadingKeys: [companyPartitions.companies],
        attributes: [...placeAttributes, "revision"],
      },
    ],
  },
  "expiry-notice": {
    description: "adds the notice of its expiry to live subscriptions that lack it",
    table: [
      { actions: ["Query"], leadingKeys: [partnerPartitions.partners, subscriptionPartitions.subscriptions] },
      { actions: ["GetItem"], leadingKeys: [identityPartitions.principals] },
      {
        actions: ["UpdateItem"],
        leadingKeys: [subscriptionPartitions.subscriptions],
        attributes: noticeAttributes,
      },
    ],
  },
  "live-count": {
    description: "adds subscriptions of earlier releases to the number of live ones, after `expiry-notice`",
    table: [
      { actions: ["Query"], leadingKeys: [partnerPartitions.partners, subscriptionPartitions.subscriptions] },
      {
        actions: ["UpdateItem"],
        leadingKeys: [subscriptionPartitions.subscriptions],
        attributes: liveCountAttributes,
      },
      { actions: ["UpdateItem"], leadingKeys: [usagePartitions.subscriptions] },
    ],
  },
  "event-count": {
    description: "counts the events of subscriptions that are kept and were not counted",
    table: [{ actions: ["Query"], leadingKeys: [partnerPartitions.partners, eventPartitions.events] }, ...countRights],
  },
} as const satisfies Readonly<Record<string, MigrationDeclaration>>;

export type MigrationName = keyof typeof migrations;
export const migrationNames = Object.keys(migrations) as MigrationName[];

/** The rights of the function. */
export const migrationRights: readonly TableRight[] = [
  { actions: ["Query", "PutItem"], leadingKeys: [migrationPartitions.segments] },
  ...Object.values(migrations).flatMap(({ table }): readonly TableRight[] => table),
];

/**
 * What the function is asked: `status` reads the segments, `begin` makes them, or begins a new round when all are done, and
 * `continue` works on one of them until it is done or the run has to end.
 */
export const migrationEvent = z.discriminatedUnion("action", [
  z.strictObject({ action: z.enum(["status", "begin"]), migration: z.enum(migrationNames) }),
  z.strictObject({
    action: z.literal("continue"),
    migration: z.enum(migrationNames),
    segment: z.int().min(1),
    maxEntries: z.int().min(1).max(1000).default(1000),
  }),
]);
export type MigrationEvent = z.input<typeof migrationEvent>;

/** What the function answers: all segments as they are then. */
export interface MigrationAnswer {
  readonly segments: readonly Segment[];
}
