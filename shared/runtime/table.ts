/**
 * The single table: typed reads, and changes that hold together or not at all. Only this file and the areas' `store.ts`
 * know DynamoDB; its exceptions end here.
 */
import { randomUUID } from "node:crypto";
import type {
  AttributeValue,
  BatchGetItemOutput,
  BatchWriteItemOutput,
  GetItemOutput,
  QueryInput,
  QueryOutput,
  TransactWriteItem,
  UpdateItemOutput,
  WriteRequest,
} from "@aws-sdk/client-dynamodb";
import { marshall, unmarshall, type NativeAttributeValue } from "@aws-sdk/util-dynamodb";
import { Problem } from "../domain/problems.ts";
import { AwsError, AwsJson, dynamoDb } from "./aws-json.ts";
import { isTransient, retrying, type Deadline } from "./retry.ts";
import type { Key, Partition, ShapeOf } from "./key.ts";

export type Item = Record<string, NativeAttributeValue>;

/** A condition or update with the names and values that it uses. */
export interface Expression {
  readonly expression: string;
  readonly names?: Readonly<Record<string, string>>;
  readonly values?: Readonly<Record<string, NativeAttributeValue>>;
}

/**
 * The error that a failed condition is thrown as: a refusal, or `ConcurrencyConflict` for a decision on stale data.
 *
 * @param existing the item as it stands in the table
 * @param alsoFailed whether the condition on another item of the change failed as well
 */
export type OnConditionFailed = (existing: Item | undefined, alsoFailed: (key: Key) => boolean) => Error;

interface Guarded {
  readonly condition: Expression;
  readonly onConditionFailed: OnConditionFailed;
}

interface Unguarded {
  readonly condition?: undefined;
  readonly onConditionFailed?: undefined;
}

type Target =
  { readonly put: Item & Key } | { readonly update: Key; readonly set: Expression } | { readonly delete: Key };

interface Contention {
  /** The error when other transactions held this item until the time was up; default `unavailable`. */
  readonly onContention?: () => Problem;
}

/** One item's part in a change. Every condition says what its failure means. */
export type Write = ((Target & (Guarded | Unguarded)) | ({ readonly check: Key } & Guarded)) & Contention;

/** A write with a condition. */
export type ConditionalWrite = Extract<Write, Guarded>;

/** A write that updates an item of this shape. */
export type UpdateWrite<Shape = unknown> = { readonly update: Key<Shape>; readonly set: Expression } & (
  Guarded | Unguarded
);

/** An update with a condition. */
export type ConditionalUpdate<Shape = unknown> = UpdateWrite<Shape> & Guarded;

/** The writes of one transaction: at most 100, no item twice. */
export type Change = readonly Write[];

/** A page of a query, in the order of the sort key. */
export interface Page<Shape> {
  readonly items: readonly Shape[];
  /** The sort keys of the items, in the table or in the index that was read. */
  readonly sortKeys: readonly string[];
  /** The sort key after which the next page begins; undefined on the last page. */
  readonly lastKey?: string;
}

/** A part of a partition, in the order of its sort key. */
export type QueryRange<Shape = unknown> = {
  /** Any key of the partition. */
  readonly partition: Partition<Shape>;
  /** Begin after this sort key (in the direction of reading). */
  readonly after?: string | undefined;
  /** The maximum number of items. */
  readonly limit: number;
  /** Reads the index instead of the table: eventually consistent. */
  readonly index?: "gsi1" | "gsi2";
  /** The lowest sort key to read. */
  readonly from?: string | undefined;
} & (
  | {
      readonly descending?: false;
      /** The last sort key to read. */
      readonly to?: string | undefined;
    }
  | { readonly descending: true }
);

/** A part of a list, as callers ask for it. */
export type PageRequest = Pick<QueryRange, "after" | "limit">;

/** One client for the life of the process. */
export function createTableClient(): AwsJson {
  return new AwsJson(dynamoDb);
}

type StoredItem = Record<string, AttributeValue>;

/** In DynamoDB's form. Items have no binary values. */
const stored = (item: Item): StoredItem => marshall(item, { removeUndefinedValues: true });

/** The table within one invocation. Items are returned without the attributes of their keys. */
export class Table {
  readonly #client: AwsJson;
  readonly #name: string;
  readonly #deadline: Deadline;

  /** @param deadline no attempt begins after it, none lasts longer */
  constructor(client: AwsJson, name: string, deadline: Deadline) {
    this.#client = client;
    this.#name = name;
    this.#deadline = deadline;
  }

  /** The same table for work that has less time. */
  until(deadline: Deadline): Table {
    return new Table(this.#client, this.#name, Math.min(this.#deadline, deadline));
  }

  /** The item, read consistently. @throws Problem `unavailable` */
  async get<Shape>(key: Key<Shape>): Promise<Shape | undefined> {
    const input = { TableName: this.#name, Key: stored(key), ConsistentRead: true };
    const { Item } = await this.#call<GetItemOutput>("GetItem", input);
    return Item && (contentOf(unmarshall(Item)) as Shape);
  }

  /**
   * The items in the order of their keys, each read consistently, undefined where there is none. The read is no snapshot:
   * it may see a part of what a transaction writes at the same moment.
   *
   * @param keys any number, duplicates allowed; read in parallel batches of a hundred
   * @throws Problem `unavailable`
   */
  async getAll<const Keys extends readonly Key[]>(
    keys: Keys,
  ): Promise<{ readonly [Place in keyof Keys]: ShapeOf<Keys[Place]> | undefined }> {
    const found = new Map<string, unknown>();
    const distinct = [...new Map(keys.map((key) => [nameOf(key), key])).values()];
    const readSlice = (slice: readonly Key[]) =>
      this.#inBatches(slice.map(stored), async (left, abortSignal) => {
        const input = { RequestItems: { [this.#name]: { Keys: left, ConsistentRead: true } } };
        const answer = await this.#client.call<BatchGetItemOutput>("BatchGetItem", input, abortSignal);
        for (const item of (answer.Responses?.[this.#name] ?? []).map((one) => unmarshall(one))) {
          found.set(nameOf(item as Key), contentOf(item));
        }
        return answer.UnprocessedKeys?.[this.#name]?.Keys ?? [];
      });
    await Promise.all(slicesOf(distinct, 100).map(readSlice));
    return keys.map((key) => found.get(nameOf(key))) as {
      readonly [Place in keyof Keys]: ShapeOf<Keys[Place]> | undefined;
    };
  }

  /** A page of a partition, read consistently unless an index is named. @throws Problem `unavailable` */
  async query<Shape>(range: QueryRange<Shape>): Promise<Page<Shape>> {
    // DynamoDB refuses a BETWEEN whose ends are the wrong way round; here it is an empty range.
    if (isEmpty(range)) return { items: [], sortKeys: [] };
    const { Items = [], LastEvaluatedKey } = await this.#call<QueryOutput>("Query", queryInput(this.#name, range));
    const sortKey = range.index === undefined ? "sk" : `${range.index}sk`;
    const lastKey = LastEvaluatedKey?.[sortKey]?.S;
    const items = Items.map((item) => unmarshall(item));
    return {
      items: items.map((item) => contentOf(item) as Shape),
      sortKeys: items.map((item) => item[sortKey] as string),
      ...(lastKey !== undefined && { lastKey }),
    };
  }

  /**
   * Makes the change in one transaction. A retry after a lost answer is safe: all attempts of one commit share a client
   * token and their parameters, by which DynamoDB recognises them.
   *
   * @throws Error what the first write (in the order given) whose condition failed says: a Problem, or ConcurrencyConflict
   * @throws Problem `unavailable`
   */
  async commit(change: Change): Promise<void> {
    const input = {
      TransactItems: change.map((write) => transactItem(this.#name, write)),
      ClientRequestToken: randomUUID(),
    };
    try {
      await this.#call("TransactWriteItems", input);
    } catch (error) {
      throw meaningOf(change, error) ?? error;
    }
  }

  /**
   * Updates one item outside of a transaction, which is cheaper and never collides. A lost answer repeats the update, so it
   * must be one that may happen twice.
   *
   * @returns the item after the update
   * @throws Error what the failed condition means, or Problem `unavailable`
   */
  async update<Shape>(write: UpdateWrite<Shape>): Promise<Shape> {
    const { Update: update } = transactItem(this.#name, write);
    try {
      const input = { ...update, ReturnValues: "ALL_NEW" };
      const { Attributes = {} } = await this.#call<UpdateItemOutput>("UpdateItem", input);
      return contentOf(unmarshall(Attributes)) as Shape;
    } catch (error) {
      if (!(error instanceof AwsError) || error.name !== "ConditionalCheckFailedException") throw error;
      const { Item: existing } = error as { readonly Item?: StoredItem };
      throw write.onConditionFailed?.(existing && contentOf(unmarshall(existing)), () => false) ?? error;
    }
  }

  /** Removes any number of items without conditions. @throws Problem `unavailable`; some may be gone by then */
  async remove(keys: readonly Key[]): Promise<void> {
    for (const slice of slicesOf(keys, 25)) {
      const requests = slice.map((key): WriteRequest => ({ DeleteRequest: { Key: stored(key) } }));
      await this.#inBatches(requests, async (left, abortSignal) => {
        const input = { RequestItems: { [this.#name]: left } };
        const answer = await this.#client.call<BatchWriteItemOutput>("BatchWriteItem", input, abortSignal);
        return answer.UnprocessedItems?.[this.#name] ?? [];
      });
    }
  }

  async #call<Answer>(action: string, input: object): Promise<Answer> {
    return await retrying(this.#deadline, isTransient, (abortSignal) =>
      this.#client.call<Answer>(action, input, abortSignal),
    );
  }

  /** Sends the parts until DynamoDB has processed all of them. @param send returns the unprocessed parts */
  async #inBatches<Part>(
    parts: readonly Part[],
    send: (parts: readonly Part[], abortSignal: AbortSignal) => Promise<readonly Part[]>,
  ): Promise<void> {
    let left = parts;
    const shouldRetry = (error: unknown) => error instanceof Unprocessed || isTransient(error);
    await retrying(this.#deadline, shouldRetry, async (abortSignal) => {
      left = await send(left, abortSignal);
      if (left.length > 0) throw new Unprocessed();
    });
  }
}

/** An item without the attributes of its keys. */
function contentOf(item: Item): Item {
  const { pk: _pk, sk: _sk, gsi1pk: _gsi1pk, gsi1sk: _gsi1sk, gsi2pk: _gsi2pk, gsi2sk: _gsi2sk, ...content } = item;
  return content;
}

function slicesOf<Part>(parts: readonly Part[], length: number): readonly (readonly Part[])[] {
  return Array.from({ length: Math.ceil(parts.length / length) }, (_, index) =>
    parts.slice(index * length, (index + 1) * length),
  );
}

/** A key in one text; no key has a NUL. */
const nameOf = ({ pk, sk }: Key): string => `${pk}\u0000${sk}`;

/** DynamoDB did only a part of a batch and wants the rest later. */
class Unprocessed extends Error {}

function queryInput(tableName: string, range: QueryRange): QueryInput {
  const prefix = range.index ?? "";
  const { text, values } = sortKeyCondition(range);
  return {
    TableName: tableName,
    ...(range.index === undefined ? { ConsistentRead: true } : { IndexName: range.index }),
    KeyConditionExpression: `#pk = :pk${text}`,
    ExpressionAttributeNames: { "#pk": `${prefix}pk`, ...(text !== "" && { "#sk": `${prefix}sk` }) },
    ExpressionAttributeValues: stored({ ":pk": range.partition.pk, ...values }),
    ScanIndexForward: range.descending !== true,
    Limit: range.limit,
  };
}

function isEmpty(range: QueryRange): boolean {
  const { from, to } = boundsOf(range);
  return from !== undefined && to !== undefined && inKeyOrder(from, to) > 0;
}

/** DynamoDB sorts keys by their bytes in UTF-8; JavaScript compares UTF-16 units, which sorts emoji before other letters. */
function inKeyOrder(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other));
}

/** The sort keys to read, both ends included. */
function boundsOf(range: QueryRange): { readonly from: string | undefined; readonly to: string | undefined } {
  if (range.descending === true) {
    return { from: range.from, to: range.after === undefined ? undefined : justBefore(range.after) };
  }
  // NUL is the lowest character: no key lies between a key and the same key with a NUL behind it.
  return { from: range.after === undefined ? range.from : `${range.after}\u0000`, to: range.to };
}

/** A text before an id, and behind every id before it: ids have no character as high as U+FFFF. */
function justBefore(text: string): string {
  return `${text.slice(0, -1)}${String.fromCharCode(text.charCodeAt(text.length - 1) - 1)}\uffff`;
}

/** A key condition takes one condition on the sort key, so both ends have to be said in one. */
function sortKeyCondition(range: QueryRange): { readonly text: string; readonly values: Record<string, string> } {
  if (range.descending === true && range.from === undefined && range.after !== undefined) {
    return { text: " AND #sk < :to", values: { ":to": range.after } };
  }
  const { from, to } = boundsOf(range);
  if (from !== undefined && to !== undefined) {
    return { text: " AND #sk BETWEEN :from AND :to", values: { ":from": from, ":to": to } };
  }
  if (from !== undefined) return { text: " AND #sk >= :from", values: { ":from": from } };
  if (to !== undefined) return { text: " AND #sk <= :to", values: { ":to": to } };
  return { text: "", values: {} };
}

function transactItem(tableName: string, write: Write): TransactWriteItem {
  const { condition } = write;
  const set = "update" in write ? write.set : undefined;
  const names = { ...condition?.names, ...set?.names };
  const values = { ...condition?.values, ...set?.values };
  const common = {
    TableName: tableName,
    ...(Object.keys(names).length > 0 && { ExpressionAttributeNames: names }),
    ...(Object.keys(values).length > 0 && { ExpressionAttributeValues: stored(values) }),
    ReturnValuesOnConditionCheckFailure: "ALL_OLD" as const,
  };
  const conditional = condition && { ConditionExpression: condition.expression };
  if ("put" in write) return { Put: { ...common, ...conditional, Item: stored(write.put) } };
  if ("update" in write) {
    return { Update: { ...common, ...conditional, Key: stored(write.update), UpdateExpression: write.set.expression } };
  }
  if ("delete" in write) return { Delete: { ...common, ...conditional, Key: stored(write.delete) } };
  return { ConditionCheck: { ...common, Key: stored(write.check), ConditionExpression: write.condition.expression } };
}

function keyOf(write: Write): Key {
  if ("put" in write) return write.put;
  if ("update" in write) return write.update;
  return "delete" in write ? write.delete : write.check;
}

interface CancellationReason {
  readonly Code?: string;
  readonly Item?: StoredItem;
}

/** What the first failed condition of a cancelled transaction means, or the contention that lasted until the time was up. */
function meaningOf(change: Change, error: unknown): Error | undefined {
  const failed = reasonsOf(error);
  const failedAt = failed.findIndex(({ Code }) => Code === "ConditionalCheckFailed");
  const existing = failed[failedAt]?.Item;
  const alsoFailed = (key: Key) => {
    const place = change.findIndex((write) => nameOf(keyOf(write)) === nameOf(key));
    return failed[place]?.Code === "ConditionalCheckFailed";
  };
  const meaning = change[failedAt]?.onConditionFailed?.(existing && contentOf(unmarshall(existing)), alsoFailed);
  if (meaning !== undefined) return meaning;
  const contended = error instanceof Problem ? reasonsOf(error.cause) : [];
  return change[contended.findIndex(({ Code }) => Code === "TransactionConflict")]?.onContention?.();
}

function reasonsOf(error: unknown): readonly CancellationReason[] {
  if (!(error instanceof Error) || error.name !== "TransactionCanceledException") return [];
  return (error as { CancellationReasons?: readonly CancellationReason[] }).CancellationReasons ?? [];
}
