/**
 * The single table: reads, and changes that hold together or not at all. Only this folder and the areas' `store.ts` know
 * DynamoDB; its exceptions end here.
 */
import { randomUUID } from "node:crypto";
import { ConditionalCheckFailedException, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import {
  BatchGetCommand,
  BatchWriteCommand,
  DynamoDBDocumentClient,
  GetCommand,
  QueryCommand,
  TransactWriteCommand,
  UpdateCommand,
  type QueryCommandInput,
  type TransactWriteCommandInput,
} from "@aws-sdk/lib-dynamodb";
import { unmarshall, type NativeAttributeValue } from "@aws-sdk/util-dynamodb";
import { Problem } from "../domain/problems.ts";
import { isTransient, retrying, type Deadline } from "./retry.ts";
import type { Key } from "./key.ts";

export type Item = Record<string, NativeAttributeValue>;

/** A condition or update with the names and values that it uses. */
export interface Expression {
  readonly expression: string;
  readonly names?: Readonly<Record<string, string>>;
  readonly values?: Readonly<Record<string, NativeAttributeValue>>;
}

/**
 * One item's part in a change. `onConditionFailed` says what a failed condition means: a refusal, or that the decision was made on
 * a stale reading.
 */
export type Write = (
  | { readonly put: Item & Key; readonly condition?: Expression }
  | UpdateOfItem
  | { readonly delete: Key; readonly condition?: Expression }
  | { readonly check: Key; readonly condition: Expression }
) & {
  /**
   * The error that a failed condition is thrown as, given the item as it stands in the table.
   *
   * @param alsoFailed whether the condition on another item of the change failed as well
   */
  readonly onConditionFailed?: (existing: Item | undefined, alsoFailed: (key: Key) => boolean) => Error;
  /** What it means that this item was in other transactions until the time was up; default `unavailable`. */
  readonly onContention?: () => Problem;
};

interface UpdateOfItem {
  readonly update: Key;
  readonly set: Expression;
  readonly condition?: Expression;
}

/** A write that updates an item. */
export type UpdateWrite = Extract<Write, UpdateOfItem>;

/** What has to happen all or nothing: at most 100 writes, none twice on one item. */
export type Change = readonly Write[];

/** A page of a query, in the order of the sort key. */
export interface Page {
  readonly items: readonly Item[];
  /** The sort key after which the next page begins; undefined on the last page. */
  readonly lastKey?: string;
}

/** A part of a partition, in the order of its sort key. */
export type QueryRange = {
  readonly pk: string;
  /** Begin after this sort key (in the direction of reading). */
  readonly after?: string | undefined;
  /** How many items at the most. */
  readonly limit: number;
  /** Reads the index instead of the table: eventually consistent. */
  readonly index?: "gsi1";
} & (
  | {
      readonly descending?: false;
      /** The first sort key to read. */
      readonly from?: string | undefined;
      /** The last sort key to read. */
      readonly to?: string | undefined;
    }
  | { readonly descending: true }
);

export interface Table {
  /** The item, read consistently. @throws Problem `unavailable` */
  get(key: Key): Promise<Item | undefined>;
  /**
   * The items in the order of their keys, each read consistently, undefined where there is none. Side by side, a hundred in
   * each call; not one snapshot: of what a transaction writes at this moment a part may be seen.
   *
   * @param keys in any number; one may be there twice
   * @throws Problem `unavailable`
   */
  getAll(keys: readonly Key[]): Promise<readonly (Item | undefined)[]>;
  /** A page of a partition, read consistently unless an index is named. @throws Problem `unavailable` */
  query(range: QueryRange): Promise<Page>;
  /**
   * Makes the change in one transaction. Trying again after a lost answer is safe: all attempts of one commit have the same
   * client token and the same parameters, by which DynamoDB recognises them. Another commit has another token.
   *
   * @throws Problem the refusal of the first write (in the order given) whose condition failed, or `unavailable`
   * @throws ConcurrencyConflict when that write's condition says so
   */
  commit(change: Change): Promise<void>;
  /**
   * Updates one item outside of a transaction, which is cheaper and never collides, and returns it as it is afterwards.
   * After a lost answer it is done again: only for updates that may happen twice.
   *
   * @throws Error what the failed condition means, or Problem `unavailable`
   */
  update(write: UpdateWrite): Promise<Item>;
  /** Removes items without conditions, in any number. @throws Problem `unavailable`; some may then be gone already */
  remove(keys: readonly Key[]): Promise<void>;
}

/** One client for the life of the process. Its own retries are off, and how long a call may take is said with each call. */
export function createDocumentClient(): DynamoDBDocumentClient {
  const client = new DynamoDBClient({
    maxAttempts: 1,
    requestHandler: { connectionTimeout: 1000 },
  });
  return DynamoDBDocumentClient.from(client, { marshallOptions: { removeUndefinedValues: true } });
}

/**
 * The table within one invocation.
 *
 * @param deadline no attempt begins after it, none lasts longer
 */
export function openTable(client: DynamoDBDocumentClient, tableName: string, deadline: Deadline): Table {
  const persistently = <Result>(attempt: (options: { abortSignal: AbortSignal }) => Promise<Result>) =>
    retrying(deadline, isTransient, (abortSignal) => attempt({ abortSignal }));

  /** Sends a part of a batch after another until nothing is left of it. @param send returns what is left */
  const batched = async <Part>(parts: readonly Part[], send: BatchAttempt<Part>): Promise<void> => {
    let left = parts;
    await retrying(
      deadline,
      (error) => error instanceof Unprocessed || isTransient(error),
      async (abortSignal) => {
        left = await send(left, { abortSignal });
        if (left.length > 0) throw new Unprocessed();
      },
    );
  };

  return {
    async get(key) {
      const { Item } = await persistently((options) =>
        client.send(new GetCommand({ TableName: tableName, Key: key, ConsistentRead: true }), options),
      );
      return Item;
    },

    async getAll(keys) {
      const found = new Map<string, Item>();
      const distinct = [...new Map(keys.map((key) => [nameOf(key), key])).values()];
      await Promise.all(
        slicesOf(distinct, 100).map((slice) =>
          batched(slice, async (left, options) => {
            const { Responses, UnprocessedKeys } = await client.send(
              new BatchGetCommand({ RequestItems: { [tableName]: { Keys: [...left], ConsistentRead: true } } }),
              options,
            );
            for (const item of Responses?.[tableName] ?? []) found.set(nameOf(item as Key), item);
            return (UnprocessedKeys?.[tableName]?.Keys ?? []) as (Item & Key)[];
          }),
        ),
      );
      return keys.map((key) => found.get(nameOf(key)));
    },

    async query(range) {
      // DynamoDB refuses a BETWEEN with its ends the wrong way round; here it is just an empty range.
      if (range.descending !== true && isEmpty(range)) return { items: [] };
      const input = queryInput(tableName, range);
      const { Items = [], LastEvaluatedKey } = await persistently((options) =>
        client.send(new QueryCommand(input), options),
      );
      const lastKey = LastEvaluatedKey?.[range.index === undefined ? "sk" : "gsi1sk"] as string | undefined;
      return { items: Items, ...(lastKey !== undefined && { lastKey }) };
    },

    async commit(change) {
      const input: TransactWriteCommandInput = {
        TransactItems: change.map((write) => transactItem(tableName, write)),
        ClientRequestToken: randomUUID(),
      };
      try {
        await persistently((options) => client.send(new TransactWriteCommand(input), options));
      } catch (error) {
        throw meaningOf(change, error) ?? error;
      }
    },

    async update(write) {
      const { Update: input } = transactItem(tableName, write);
      try {
        const { Attributes = {} } = await persistently((options) =>
          client.send(
            new UpdateCommand({ ...input, TableName: tableName, Key: write.update, ReturnValues: "ALL_NEW" }),
            options,
          ),
        );
        return Attributes;
      } catch (error) {
        if (!(error instanceof ConditionalCheckFailedException)) throw error;
        throw write.onConditionFailed?.(error.Item && unmarshall(error.Item), () => false) ?? error;
      }
    },

    async remove(keys) {
      for (const slice of slicesOf(keys, 25)) {
        const requests = slice.map((key) => ({ DeleteRequest: { Key: key } }));
        await batched(requests, async (left, options) => {
          const { UnprocessedItems } = await client.send(
            new BatchWriteCommand({ RequestItems: { [tableName]: [...left] } }),
            options,
          );
          return (UnprocessedItems?.[tableName] ?? []) as typeof requests;
        });
      }
    },
  };
}

type BatchAttempt<Part> = (
  parts: readonly Part[],
  options: { readonly abortSignal: AbortSignal },
) => Promise<readonly Part[]>;

function slicesOf<Part>(parts: readonly Part[], length: number): readonly (readonly Part[])[] {
  return Array.from({ length: Math.ceil(parts.length / length) }, (_, index) =>
    parts.slice(index * length, (index + 1) * length),
  );
}

/** A key in one text; no key has a NUL. */
const nameOf = ({ pk, sk }: Key): string => `${pk}\u0000${sk}`;

/** DynamoDB did only a part of a batch and wants the rest later. */
class Unprocessed extends Error {}

function queryInput(tableName: string, range: QueryRange): QueryCommandInput {
  const index = range.index !== undefined;
  const { text, values } = sortKeyCondition(range);
  return {
    TableName: tableName,
    ...(index ? { IndexName: range.index } : { ConsistentRead: true }),
    KeyConditionExpression: `#pk = :pk${text}`,
    ExpressionAttributeNames: {
      "#pk": index ? "gsi1pk" : "pk",
      ...(text !== "" && { "#sk": index ? "gsi1sk" : "sk" }),
    },
    ExpressionAttributeValues: { ":pk": range.pk, ...values },
    ScanIndexForward: range.descending !== true,
    Limit: range.limit,
  };
}

function isEmpty({ after, from, to }: Extract<QueryRange, { descending?: false }>): boolean {
  return to !== undefined && ((from !== undefined && from > to) || (after !== undefined && after >= to));
}

/** A key condition takes one condition on the sort key, so both ends have to be said in one. */
function sortKeyCondition(range: QueryRange): { readonly text: string; readonly values: Record<string, string> } {
  if (range.descending === true) {
    return range.after === undefined
      ? { text: "", values: {} }
      : { text: " AND #sk < :to", values: { ":to": range.after } };
  }
  // NUL is the lowest character: no key lies between a key and the same key with a NUL behind it.
  const from = range.after === undefined ? range.from : `${range.after}\u0000`;
  const { to } = range;
  if (from !== undefined && to !== undefined) {
    return { text: " AND #sk BETWEEN :from AND :to", values: { ":from": from, ":to": to } };
  }
  if (from !== undefined) return { text: " AND #sk >= :from", values: { ":from": from } };
  if (to !== undefined) return { text: " AND #sk <= :to", values: { ":to": to } };
  return { text: "", values: {} };
}

function transactItem(
  tableName: string,
  write: Write,
): NonNullable<TransactWriteCommandInput["TransactItems"]>[number] {
  const { condition } = write;
  const set = "update" in write ? write.set : undefined;
  const names = { ...condition?.names, ...set?.names };
  const values = { ...condition?.values, ...set?.values };
  const common = {
    TableName: tableName,
    ...(Object.keys(names).length > 0 && { ExpressionAttributeNames: names }),
    ...(Object.keys(values).length > 0 && { ExpressionAttributeValues: values }),
    ReturnValuesOnConditionCheckFailure: "ALL_OLD" as const,
  };
  const conditional = condition && { ConditionExpression: condition.expression };
  if ("put" in write) return { Put: { ...common, ...conditional, Item: write.put } };
  if ("update" in write) {
    return { Update: { ...common, ...conditional, Key: write.update, UpdateExpression: write.set.expression } };
  }
  if ("delete" in write) return { Delete: { ...common, ...conditional, Key: write.delete } };
  return { ConditionCheck: { ...common, Key: write.check, ConditionExpression: write.condition.expression } };
}

function keyOf(write: Write): Key {
  if ("put" in write) return write.put;
  if ("update" in write) return write.update;
  return "delete" in write ? write.delete : write.check;
}

interface CancellationReason {
  readonly Code?: string;
  readonly Item?: Parameters<typeof unmarshall>[0];
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
  const meaning = change[failedAt]?.onConditionFailed?.(existing && unmarshall(existing), alsoFailed);
  if (meaning !== undefined) return meaning;
  const contended = error instanceof Problem ? reasonsOf(error.cause) : [];
  return change[contended.findIndex(({ Code }) => Code === "TransactionConflict")]?.onContention?.();
}

function reasonsOf(error: unknown): readonly CancellationReason[] {
  if (!(error instanceof Error) || error.name !== "TransactionCanceledException") return [];
  return (error as { CancellationReasons?: readonly CancellationReason[] }).CancellationReasons ?? [];
}
