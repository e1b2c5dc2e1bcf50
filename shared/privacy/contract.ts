/** Operations that export the data of a person. */
import * as z from "zod";
import { operation } from "../contract/operation.ts";
import { id, pageQuery, shownInstant } from "../contract/schemas.ts";
import { couponPartitions } from "../coupons/keys.ts";
import { redemptionExample, redemptionSchema } from "../coupons/contract.ts";
import { administrators } from "../domain/access.ts";
import { identityPartitions } from "../identity/keys.ts";
import {
  externalUserId,
  historyEntrySchema,
  historyExample,
  subscriptionExample,
  subscriptionSchema,
} from "../subscriptions/contract.ts";
import { subscriptionPartitions } from "../subscriptions/keys.ts";
import { threadPartitions } from "../threads/keys.ts";
import {
  movementExample,
  movementSchema,
  selfExample,
  selfSchema,
  sessionExample,
  sessionSchema,
} from "../users/contract.ts";
import { userPartitions } from "../users/keys.ts";

const nextCursor = z.string().nullable().describe("`cursor` of the next page; null on the last page");

const userExportSchema = z
  .object({
    profile: selfSchema
      .nullable()
      .meta({ description: "The profile; null for a deleted user, and after the first page" }),
    sessions: z.array(sessionSchema.omit({ current: true })).describe("The user's sessions"),
    creditMovements: z.array(movementSchema).describe("Movements of the user's credit"),
    redemptions: z.array(redemptionSchema).describe("Coupons that the user redeemed"),
    threads: z
      .array(
        z.object({
          id: id("thr_"),
          createdAt: shownInstant,
          isCreator: z.boolean().meta({ description: "Whether the user began the thread" }),
        }),
      )
      .describe("Threads in which the user takes part"),
    messages: z
      .array(
        z.object({
          id: id("msg_"),
          threadId: id("thr_"),
          sequence: z.int().min(1).describe("Number of the message in its thread, from 1"),
          message: z.string().describe("Text of the message"),
          createdAt: shownInstant,
        }),
      )
      .meta({ description: "The user's own messages" }),
    nextCursor,
  })
  .meta({ id: "UserExport", description: "A page of what is kept of a user" });

export type UserExportView = z.output<typeof userExportSchema>;

const { current: _current, ...exportedSession } = sessionExample;

const threadId = "thr_01JD3Y5W8Q4T6V2X9ZB7C1D3EF";

const userExportExample: UserExportView = {
  profile: selfExample,
  sessions: [exportedSession],
  creditMovements: [movementExample],
  redemptions: [redemptionExample],
  threads: [{ id: threadId, createdAt: "2026-11-20T12:00:00.000Z", isCreator: true }],
  messages: [
    {
      id: "msg_01JD3Y7PRQ4T6V2X9ZB7C1D3EF",
      threadId,
      sequence: 7,
      message: "See you at noon.",
      createdAt: "2026-11-20T12:01:00.000Z",
    },
  ],
  nextCursor: null,
};

const externalUserExportSchema = z
  .object({
    subscription: subscriptionSchema,
    history: z.array(historyEntrySchema).describe("Changes of the subscription, oldest first"),
    nextCursor,
  })
  .meta({ id: "ExternalUserExport", description: "A page of what is kept of a partner's user" });

const byAdministrator = { user: { roles: administrators } };

export const operations = {
  exportUser: operation({
    id: "privacy.export-user",
    method: "GET",
    path: "/v1/users/{userId}/export",
    tag: "Personal data",
    summary: "Export the data of a user",
    description:
      "Returns what Portico keeps of a user, page by page: append the lists of all pages. Secrets, hashes and the messages of " +
      "others are left out. A deleted user has what its deletion keeps.",
    access: byAdministrator,
    request: { path: z.strictObject({ userId: id("usr_") }), query: z.strictObject({ cursor: pageQuery.cursor }) },
    success: {
      status: 200,
      description: "A page of the user's data",
      body: userExportSchema,
      example: userExportExample,
    },
    problems: ["cursor_invalid"],
    table: [
      {
        actions: ["GetItem"],
        leadingKeys: [
          userPartitions.users,
          userPartitions.deletedUsers,
          identityPartitions.principals,
          identityPartitions.secondFactors,
          threadPartitions.threads,
        ],
      },
      {
        actions: ["Query"],
        leadingKeys: [
          identityPartitions.sessions,
          userPartitions.creditMovements,
          couponPartitions.redemptions,
          threadPartitions.threadMemberships,
          threadPartitions.messages,
        ],
      },
      { actions: ["Query"], leadingKeys: [threadPartitions.threadMemberships], index: "gsi1" },
    ],
    secrets: ["cursorKey"],
  }),

  exportExternalUser: operation({
    id: "privacy.export-external-user",
    method: "GET",
    path: "/v1/partners/{partnerId}/subscriptions/{externalUserId}/export",
    tag: "Personal data",
    summary: "Export the data of a partner's external user",
    description:
      "Returns the latest subscription of an external user of a partner, and a page of its history, oldest first.",
    access: byAdministrator,
    request: {
      path: z.strictObject({ partnerId: id("ptr_"), externalUserId }),
      query: z.strictObject(pageQuery),
    },
    success: {
      status: 200,
      description: "The subscription and a page of its history",
      body: externalUserExportSchema,
      example: { subscription: subscriptionExample, history: [historyExample], nextCursor: null },
    },
    problems: ["cursor_invalid"],
    table: [
      { actions: ["GetItem"], leadingKeys: [subscriptionPartitions.subscriptions, identityPartitions.principals] },
      { actions: ["Query"], leadingKeys: [subscriptionPartitions.histories] },
    ],
    secrets: ["cursorKey"],
  }),
};
