/** Exports what Portico keeps of a user, in pages that go from one kind of data to the next. */
import { listRedemptions } from "../coupons/store.ts";
import { viewRedemption } from "../coupons/view.ts";
import { notFound } from "../domain/problems.ts";
import { findSecondFactor } from "../identity/second-factor-store.ts";
import type { Environment } from "../runtime/environment.ts";
import { padded } from "../runtime/key.ts";
import type { Table } from "../runtime/table.ts";
import type { Thread } from "../threads/model.ts";
import { findThread, listMessages, listThreadIds } from "../threads/store.ts";
import { listSessions } from "../users/list-sessions.ts";
import { findUser, isDeletedUser, listMovements } from "../users/store.ts";
import { viewMovement, viewSelf } from "../users/view.ts";
import type { UserExportView } from "./contract.ts";

type UserData = Omit<UserExportView, "nextCursor">;

interface ExportRequest {
  readonly userId: string;
  /** Where the page begins; undefined for the first one. */
  readonly after: string | undefined;
  readonly environment: Environment;
  readonly now: Date;
}

/** A part of the export, and where the next part begins; undefined after the last one. */
interface Part {
  readonly data: Partial<UserData>;
  readonly next: string | undefined;
}

/** A page ends with the part that reaches this number of entries; a part has at most as many. */
const entriesPerPage = 100;

/** The maximum number of parts of a page: it ends in time even if no message of a long thread is the user's own. */
const maxParts = 30;

/**
 * A page of a user's data. Every part is bounded, so a page is far below the 6 MB that a Lambda answer may have.
 *
 * @throws Problem `not_found` for a user that never existed
 */
export async function exportUser(
  table: Table,
  request: ExportRequest,
): Promise<{ readonly data: UserData; readonly lastKey: string | undefined }> {
  const first = request.after === undefined ? await profileAndSessions(table, request) : undefined;
  const parts: Partial<UserData>[] = first === undefined ? [] : [first.data];
  let place = first === undefined ? request.after : first.next;
  while (place !== undefined && parts.length < maxParts && entriesOf(parts) < entriesPerPage) {
    const { data, next }: Part = await partAt(table, request.userId, place);
    parts.push(data);
    place = next;
  }
  return { data: joined(parts), lastKey: place };
}

async function profileAndSessions(table: Table, { userId, environment, now }: ExportRequest): Promise<Part> {
  const next = "movements";
  const [user, factor] = await Promise.all([findUser(table, userId), findSecondFactor(table, userId)]);
  if (user === undefined) {
    if (!(await isDeletedUser(table, userId))) throw notFound();
    return { data: {}, next };
  }
  const listed = await listSessions(table, userId, "", { environment, now });
  const sessions = listed.map(({ current: _current, ...session }) => session);
  return { data: { profile: viewSelf(user, factor), sessions }, next };
}

/** @param place a kind of data and, behind a colon, the last key that was read of it */
async function partAt(table: Table, userId: string, place: string): Promise<Part> {
  const [kind, after] = place.split(":");
  const page = { limit: entriesPerPage, after };
  if (kind === "movements") {
    const { movements, lastKey } = await listMovements(table, userId, page);
    return {
      data: { creditMovements: movements.map(viewMovement) },
      next: following("movements", lastKey, "redemptions"),
    };
  }
  if (kind === "redemptions") {
    const { items, lastKey } = await listRedemptions(table, userId, page);
    return { data: { redemptions: items.map(viewRedemption) }, next: following("redemptions", lastKey, "thread") };
  }
  return kind === "thread" ? await threadAfter(table, userId, after) : await messagesAfter(table, userId, after ?? "");
}

function following(kind: string, lastKey: string | undefined, nextKind: string): string {
  return lastKey === undefined ? nextKind : `${kind}:${lastKey}`;
}

/** The next thread of the user; its messages are the next part. */
async function threadAfter(table: Table, userId: string, after: string | undefined): Promise<Part> {
  const [threadId] = await listThreadIds(table, userId, { limit: 1, after });
  if (threadId === undefined) return { data: {}, next: undefined };
  const thread = await findThread(table, threadId);
  const next = `messages:${threadId}#${padded(0)}`;
  return { data: { threads: thread === undefined ? [] : [viewThread(thread, userId)] }, next };
}

/** @param place a thread and the number of its last message that was read */
async function messagesAfter(table: Table, userId: string, place: string): Promise<Part> {
  const [threadId = "", sequence] = place.split("#");
  const page = { limit: entriesPerPage, after: Number(sequence) };
  const { messages, next } = await listMessages(table, threadId, page);
  const own = messages
    .filter(({ sender }) => sender === userId)
    .map(({ id, sequence, text: message, createdAt }) => ({ id, threadId, sequence, message, createdAt }));
  const nextPlace = next === undefined ? `thread:${threadId}` : `messages:${threadId}#${padded(next)}`;
  return { data: { messages: own }, next: nextPlace };
}

function viewThread({ id, createdAt, createdBy }: Thread, userId: string): UserData["threads"][number] {
  return { id, createdAt, isCreator: createdBy === userId };
}

function joined(parts: readonly Partial<UserData>[]): UserData {
  return {
    profile: parts[0]?.profile ?? null,
    sessions: parts.flatMap(({ sessions = [] }) => sessions),
    creditMovements: parts.flatMap(({ creditMovements = [] }) => creditMovements),
    redemptions: parts.flatMap(({ redemptions = [] }) => redemptions),
    threads: parts.flatMap(({ threads = [] }) => threads),
    messages: parts.flatMap(({ messages = [] }) => messages),
  };
}

function entriesOf(parts: readonly Partial<UserData>[]): number {
  const { sessions, creditMovements, redemptions, threads, messages } = joined(parts);
  return [sessions, creditMovements, redemptions, threads, messages].flat().length;
}
