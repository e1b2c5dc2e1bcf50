/** Operations on threads and their messages. */
import * as z from "zod";
import { roles } from "../domain/access.ts";
import { operation } from "../contract/operation.ts";
import { codePoints, createdAt, id, pageOf, pageQuery, shownInstant, username } from "../contract/schemas.ts";
import { userPartitions } from "../users/keys.ts";
import { threadPartitions } from "./keys.ts";
import { duplicatesIn, maxMessageLength, maxParticipants, minMessageLength } from "./model.ts";

const shownUsername = z.string().meta({ description: "Username; `deleted` for a deleted user" });

const threadSchema = z
  .object({
    id: id("thr_"),
    participants: z.array(shownUsername).describe("Usernames of the participants, the creator included"),
    createdBy: shownUsername,
    createdAt,
    lastMessageAt: shownInstant.nullable().describe("When the last message was posted; null without messages"),
    lastSequence: z.int().min(0).meta({ description: "The number of messages in the thread" }),
  })
  .meta({ id: "Thread", description: "A conversation of users" });

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
    sequence: z.int().min(1).describe("Number of the message in its thread: 1, 2, 3 and so on, without gaps"),
    sender: shownUsername,
    message: z.string().describe("The text"),
    createdAt,
  })
  .meta({ id: "Message", description: "A message of a thread" });

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
  .min(1, "must name at least one user")
  .max(maxParticipants, `must name at most ${maxParticipants} users`)
  .superRefine((usernames, context) => {
    for (const index of duplicatesIn(usernames)) {
      context.addIssue({ code: "custom", path: [index], message: "is a duplicate; letter case does not matter" });
    }
  })
  .meta({ uniqueItems: true, description: "Usernames of the other participants; letter case does not matter" });

/** Control characters except tab, line feed and carriage return. */
const forbiddenCharacters = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/u;

/** Counted as it is stored: in NFC, by code points. */
const messageText = z
  .string()
  .normalize("NFC")
  .refine(
    (text) => codePoints(text) >= minMessageLength && codePoints(text) <= maxMessageLength,
    `must have ${minMessageLength} to ${maxMessageLength} characters`,
  )
  .refine((text) => !forbiddenCharacters.test(text), "must not have control characters except line breaks and tabs")
  .meta({
    minLength: minMessageLength,
    maxLength: maxMessageLength,
    pattern: "^[^\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f-\\u009f]*$",
    description: "The text. Line breaks and tabs are allowed; other control characters are not",
  });

const afterSequence = z
  .string()
  .regex(/^(0|[1-9]\d{0,11})$/, "must be a whole number of at most 12 digits")
  .transform(Number)
  .meta({
    type: "integer",
    minimum: 0,
    maximum: 999_999_999_999,
    description: "Only messages with a higher `sequence`",
  })
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
      "Begins a thread of 2 to 100 participants: the caller, who need not be named, and other users by their usernames. If any of them " +
      "is not an active user, no thread is created.",
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
      { actions: ["BatchGetItem"], leadingKeys: [userPartitions.usernames] },
      { actions: ["BatchGetItem"], leadingKeys: [userPartitions.users] },
      { actions: ["PutItem"], leadingKeys: [threadPartitions.threads, threadPartitions.threadMemberships] },
    ],
  }),

  list: operation({
    id: "threads.list",
    method: "GET",
    path: "/v1/threads",
    tag: "Threads",
    summary: "List the caller's threads",
    description: "Lists the threads of the caller, newest thread first, each with the time of its last message.",
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
      { actions: ["Query"], leadingKeys: [threadPartitions.threadMemberships] },
      { actions: ["Query"], leadingKeys: [threadPartitions.threadMemberships], index: "gsi1" },
      { actions: ["BatchGetItem"], leadingKeys: [threadPartitions.threads] },
      { actions: ["BatchGetItem"], leadingKeys: [userPartitions.users] },
    ],
    secrets: ["cursorKey"],
  }),

  read: operation({
    id: "threads.read",
    method: "GET",
    path: "/v1/threads/{threadId}",
    tag: "Threads",
    summary: "Read a thread",
    description:
      "Returns the participants of a thread and the time of its last message. Only participants see a thread.",
    access: byAnyUser,
    request: { path: threadPath },
    success: { status: 200, description: "The thread", body: threadSchema, example: threadExample },
    problems: [],
    table: [
      { actions: ["BatchGetItem"], leadingKeys: [threadPartitions.threads] },
      { actions: ["BatchGetItem"], leadingKeys: [userPartitions.users] },
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
      "were accepted. Send an `Idempotency-Key` to make retries safe.",
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
      { actions: ["BatchGetItem", "PutItem"], leadingKeys: [threadPartitions.threads] },
      { actions: ["GetItem"], leadingKeys: [userPartitions.users] },
      { actions: ["PutItem"], leadingKeys: [threadPartitions.messages] },
    ],
  }),

  messages: operation({
    id: "threads.messages",
    method: "GET",
    path: "/v1/threads/{threadId}/messages",
    tag: "Threads",
    summary: "List the messages of a thread",
    description:
      "Lists the messages of a thread, oldest first. A client that polls with the highest number that it has seen as `after` gets every " +
      "message exactly once.",
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
      { actions: ["GetItem"], leadingKeys: [threadPartitions.threads] },
      { actions: ["Query"], leadingKeys: [threadPartitions.messages] },
      { actions: ["BatchGetItem"], leadingKeys: [userPartitions.users] },
    ],
    secrets: ["cursorKey"],
  }),
};
