/** Operations on threads and their messages. */
import * as z from "zod";
import { roles } from "../domain/access.ts";
import { operation } from "../contract/operation.ts";
import { codePoints, id, pageOf, pageQuery, shownInstant, username } from "../contract/schemas.ts";
import { tableKeys } from "../runtime/key.ts";
import { maxParticipants, repetitionsOf } from "./rules.ts";

const shownUsername = z.string().meta({ description: "`deleted` for a user that was deleted" });

const threadSchema = z
  .object({
    id: id("thr_"),
    participants: z.array(shownUsername),
    createdBy: shownUsername,
    createdAt: shownInstant,
    lastMessageAt: shownInstant.nullable(),
    lastSequence: z.int().min(0).meta({ description: "How many messages the thread has" }),
  })
  .meta({ id: "Thread" });

export type ThreadView = z.output<typeof threadSchema>;

const threadExample: ThreadView = {
  id: "thr_01JD3Y5W8Q4T6V2X9ZB7C1D3EF",
  participants: ["ada", "grace"],
  createdBy: "ada",
  createdAt: "2026-11-20T12:00:00.000Z",
  lastMessageAt: "2026-11-20T12:01:00.000Z",
  lastSequence: 7,
};

const messageSchema = z
  .object({
    id: id("msg_"),
    sequence: z.int().min(1),
    sender: shownUsername,
    message: z.string(),
    createdAt: shownInstant,
  })
  .meta({ id: "Message" });

export type MessageView = z.output<typeof messageSchema>;

const messageExample: MessageView = {
  id: "msg_01JD3Y7PRQ4T6V2X9ZB7C1D3EF",
  sequence: 7,
  sender: "grace",
  message: "See you at noon.",
  createdAt: "2026-11-20T12:01:00.000Z",
};

const participants = z
  .array(username)
  .min(1, "must name somebody")
  .max(maxParticipants, `must name at most ${maxParticipants} users`)
  .superRefine((usernames, context) => {
    for (const index of repetitionsOf(usernames)) {
      context.addIssue({ code: "custom", path: [index], message: "is there twice; upper and lower case are the same" });
    }
  });

/** Control characters but for tab, line feed and carriage return. */
const unsightly = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/u;

/** Counted as it is kept: in NFC, by code points. */
const messageText = z
  .string()
  .normalize("NFC")
  .refine((text) => codePoints(text) >= 2 && codePoints(text) <= 280, "must have 2 to 280 characters")
  .refine((text) => !unsightly.test(text), "must not have control characters but line breaks and tabs")
  .meta({ minLength: 2, maxLength: 280 });

const afterSequence = z
  .string()
  .regex(/^(0|[1-9]\d{0,11})$/, "must be a whole number of at most 12 digits")
  .transform(Number)
  .meta({ type: "integer", minimum: 0, maximum: 999_999_999_999, description: "Only messages with a higher number" })
  .default(0);

const threadPath = z.strictObject({ threadId: id("thr_") });
const byAnyUser = { user: { roles } };

export const operations = {
  create: operation({
    id: "threads.create",
    method: "POST",
    path: "/v1/threads",
    tag: "Threads",
    summary: "Begin a thread",
    description:
      "Begins a thread of 2 to 100 people: the caller, who may be named or not, and others by their usernames. All of them are active " +
      "users and in the thread, or there is none.",
    access: byAnyUser,
    request: { body: z.strictObject({ participants }), bodyExample: { participants: ["grace"] } },
    success: {
      status: 201,
      description: "The thread",
      body: threadSchema,
      example: { ...threadExample, lastMessageAt: null, lastSequence: 0 },
    },
    problems: ["participants_unknown"],
    idempotent: true,
    table: [
      { actions: ["BatchGetItem"], leadingKeys: [tableKeys.usernames] },
      { actions: ["BatchGetItem"], leadingKeys: [tableKeys.users] },
      { actions: ["PutItem"], leadingKeys: [tableKeys.threads, tableKeys.threadMemberships] },
    ],
  }),

  list: operation({
    id: "threads.list",
    method: "GET",
    path: "/v1/threads",
    tag: "Threads",
    summary: "List one's threads",
    description: "The threads that the caller is in, newest thread first, each with the time of its last message.",
    access: byAnyUser,
    request: { query: z.strictObject(pageQuery) },
    success: {
      status: 200,
      description: "A page of threads",
      body: pageOf(threadSchema),
      example: { items: [threadExample], nextCursor: null },
    },
    problems: ["cursor_invalid"],
    table: [
      { actions: ["Query"], leadingKeys: [tableKeys.threadMemberships] },
      { actions: ["Query"], leadingKeys: [tableKeys.threadMemberships], index: "gsi1" },
      { actions: ["BatchGetItem"], leadingKeys: [tableKeys.threads] },
      { actions: ["BatchGetItem"], leadingKeys: [tableKeys.users] },
    ],
    secrets: ["cursorKey"],
  }),

  read: operation({
    id: "threads.read",
    method: "GET",
    path: "/v1/threads/{threadId}",
    tag: "Threads",
    summary: "Read a thread",
    description: "Who is in it, and when it was last written to. Only participants see a thread.",
    access: byAnyUser,
    request: { path: threadPath },
    success: { status: 200, description: "The thread", body: threadSchema, example: threadExample },
    problems: [],
    table: [
      { actions: ["BatchGetItem"], leadingKeys: [tableKeys.threads] },
      { actions: ["BatchGetItem"], leadingKeys: [tableKeys.users] },
    ],
  }),

  post: operation({
    id: "threads.post",
    method: "POST",
    path: "/v1/threads/{threadId}/messages",
    tag: "Threads",
    summary: "Post a message",
    description:
      "Adds a message of the caller. The messages of a thread are numbered 1, 2, 3 and so on, without gaps, in the order in which they " +
      "were accepted. Send an `Idempotency-Key` to make a repetition safe.",
    access: byAnyUser,
    request: {
      path: threadPath,
      body: z.strictObject({ message: messageText }),
      bodyExample: { message: "See you at noon." },
    },
    success: { status: 201, description: "The message", body: messageSchema, example: messageExample },
    problems: [],
    idempotent: true,
    table: [
      { actions: ["BatchGetItem", "PutItem"], leadingKeys: [tableKeys.threads] },
      { actions: ["GetItem"], leadingKeys: [tableKeys.users] },
      { actions: ["PutItem"], leadingKeys: [tableKeys.messages] },
    ],
  }),

  messages: operation({
    id: "threads.messages",
    method: "GET",
    path: "/v1/threads/{threadId}/messages",
    tag: "Threads",
    summary: "List the messages of a thread",
    description:
      "The messages of a thread, oldest first. A client that asks again and again with the highest number that it has seen in `after` " +
      "misses none and sees none twice.",
    access: byAnyUser,
    request: { path: threadPath, query: z.strictObject({ ...pageQuery, after: afterSequence }) },
    success: {
      status: 200,
      description: "A page of messages",
      body: pageOf(messageSchema),
      example: { items: [messageExample], nextCursor: null },
    },
    problems: ["cursor_invalid"],
    table: [
      { actions: ["GetItem"], leadingKeys: [tableKeys.threads] },
      { actions: ["Query"], leadingKeys: [tableKeys.messages] },
      { actions: ["BatchGetItem"], leadingKeys: [tableKeys.users] },
    ],
    secrets: ["cursorKey"],
  }),
};
