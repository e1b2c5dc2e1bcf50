/**
 * What each operation asks of the table: its function and the authorizer run in this process against a real engine, and every
 * access is recorded with the item's size and its places in the indexes. So the simulation follows the code.
 */
import { readItem } from "../../../infra/local/services/table-contents.ts";
import type { AwsJson } from "../../../shared/runtime/aws-json.ts";
import { unmarshall } from "@aws-sdk/util-dynamodb";
import { setTimeout as delay } from "node:timers/promises";
import type { Interceptor, ServiceCall } from "../../../infra/local/services/service-proxy.ts";
import type { Item } from "../../../shared/runtime/table.ts";
import { transactionFactor } from "./quotas.ts";

export type Place = "table" | "gsi1" | "gsi2";

/** One item, or one partition that a query reads. */
export interface Access {
  readonly place: Place;
  readonly kind: "read" | "write";
  readonly pk: string;
  readonly sk: string;
  readonly units: number;
  /** A write that fails if the item has changed since the call read it. */
  readonly isGuarded: boolean;
}

/** One call to DynamoDB. */
export interface TableCall {
  readonly kind: "read" | "write" | "transaction";
  readonly accesses: readonly Access[];
}

/** Calls that are on their way at the same time. */
export type Step = readonly TableCall[];

type Request = Readonly<Record<string, any>>;

/** Answers are kept back this long, so that parallel calls overlap on a busy machine as well. */
const overlapMs = 100;

/** Time limits do not end while a call is recorded: on a busy machine the authorizer would go on without its counters. */
async function whileTimeStands(work: () => Promise<unknown>): Promise<void> {
  const [now, timeout] = [Date.now.bind(Date), AbortSignal.timeout.bind(AbortSignal)];
  const moment = now();
  Date.now = () => moment;
  AbortSignal.timeout = () => new AbortController().signal;
  try {
    await work();
  } finally {
    Date.now = now;
    AbortSignal.timeout = timeout;
  }
}

export class Recorder {
  readonly #client: AwsJson;
  readonly #tableName: string;
  #steps: TableCall[][] = [];
  /** The keys that the present call has read. */
  #read = new Set<string>();
  #open = 0;

  constructor(client: AwsJson, tableName: string) {
    this.#client = client;
    this.#tableName = tableName;
  }

  /** The steps of some work. */
  async record(work: () => Promise<unknown>): Promise<readonly Step[]> {
    const steps: TableCall[][] = [];
    this.#steps = steps;
    this.#read = new Set();
    await whileTimeStands(work);
    this.#steps = [];
    // Parallel calls end in any order; the simulation must be the same in every run.
    return steps.map((step) => step.toSorted((one, other) => (firstKey(one) < firstKey(other) ? -1 : 1)));
  }

  readonly intercept: Interceptor = async (call, next) => {
    if (call.service !== "dynamodb") return await next();
    if (this.#open === 0) this.#steps.push([]);
    const step = this.#steps.at(-1) as TableCall[];
    this.#open++;
    try {
      const written = writesOf(call);
      const before = await this.#items(written);
      const answer = await next();
      await delay(overlapMs);
      if (answer.status === 200) {
        const after = await this.#items(written);
        const read = readsOf(call, JSON.parse(answer.body.toString()));
        for (const { pk, sk } of read) this.#read.add(`${pk} ${sk}`);
        const kind = call.action === "TransactWriteItems" ? "transaction" : written.length > 0 ? "write" : "read";
        const changes = written.flatMap((write, at) =>
          changesOf(this.#guarded(write, kind), { before: before[at], after: after[at] }, kind),
        );
        step.push({ kind, accesses: [...read, ...changes] });
      }
      return answer;
    } finally {
      this.#open--;
    }
  };

  /** A condition on an item that the call has read makes sure that nobody has changed it since. */
  #guarded(write: Written, kind: TableCall["kind"]): Written {
    return {
      ...write,
      isGuarded: kind === "transaction" && write.isGuarded && this.#read.has(`${write.pk} ${write.sk}`),
    };
  }

  async #items(writes: readonly Written[]): Promise<readonly (Item | undefined)[]> {
    return await Promise.all(
      writes.map(async ({ pk, sk }) => await readItem(this.#client, this.#tableName, { pk, sk })),
    );
  }
}

const firstKey = ({ accesses: [first] }: TableCall): string => `${first?.pk} ${first?.sk}`;

interface Written {
  readonly pk: string;
  readonly sk: string;
  readonly isGuarded: boolean;
}

function writesOf({ action, body }: ServiceCall): readonly Written[] {
  if (action === "UpdateItem" || action === "PutItem" || action === "DeleteItem") return [writtenBy(body)];
  if (action !== "TransactWriteItems") return [];
  const parts = body["TransactItems"] as readonly Request[];
  return parts.flatMap((part) => Object.values(part)).map((write) => writtenBy(write as Request));
}

function writtenBy({ Item: item, Key: key, ConditionExpression: condition }: Request): Written {
  const { pk, sk } = unmarshall(item ?? key) as { readonly pk: string; readonly sk: string };
  return { pk, sk, isGuarded: condition !== undefined };
}

function readsOf({ action, body }: ServiceCall, answer: Request): readonly Access[] {
  if (action === "GetItem") return [getOf(unmarshall(body["Key"] as never), answer["Item"])];
  if (action === "BatchGetItem") {
    const [keys] = Object.values(body["RequestItems"] as Request).map(({ Keys }) => Keys as readonly never[]);
    const [items] = Object.values(answer["Responses"] as Request) as (readonly Request[])[];
    return (keys ?? []).map((each) => {
      const key = unmarshall(each);
      return getOf(
        key,
        items?.find(({ pk, sk }) => pk.S === key["pk"] && sk.S === key["sk"]),
      );
    });
  }
  return action === "Query" ? [queryOf(body, answer)] : [];
}

function getOf(key: Item, item: Request | undefined): Access {
  const { pk, sk } = key as { readonly pk: string; readonly sk: string };
  return { place: "table", kind: "read", pk, sk, units: readUnits(item && sizeOf(unmarshall(item))), isGuarded: false };
}

function queryOf({ IndexName: index, ExpressionAttributeValues: values }: Request, { Items: items }: Request): Access {
  const pk = unmarshall(values as never)[":pk"] as string;
  const found = (items as readonly never[]).map((item) => unmarshall(item));
  const place = (index ?? "table") as Place;
  // The index is read from a moment on, the table from an end of a partition.
  const sk = (index === undefined ? "" : (found[0]?.[`${place}sk`] ?? "")) as string;
  const units = readUnits(found.reduce((sum, item) => sum + sizeOf(item), 0));
  return { place, kind: "read", pk, sk, units: index === undefined ? units : units / 2, isGuarded: false };
}

/** The write to the table, and those to the indexes that follow from it. */
function changesOf(
  { pk, sk, isGuarded }: Written,
  { before, after }: { readonly before: Item | undefined; readonly after: Item | undefined },
  kind: TableCall["kind"],
): readonly Access[] {
  const units = Math.max(writeUnits(before), writeUnits(after)) * (kind === "transaction" ? transactionFactor : 1);
  const own: Access = { place: "table", kind: "write", pk, sk, units, isGuarded };
  return [own, ...(["gsi1", "gsi2"] as const).flatMap((place) => entryChanges(place, before, after))];
}

function entryChanges(
  place: Exclude<Place, "table">,
  before: Item | undefined,
  after: Item | undefined,
): readonly Access[] {
  const [old, next] = [entryOf(place, before), entryOf(place, after)];
  if (old === undefined && next === undefined) return [];
  const write = ({ pk, sk, item }: Entry): Access => {
    return { place, kind: "write", pk, sk, units: writeUnits(item), isGuarded: false };
  };
  if (old === undefined || next === undefined) return [write((old ?? next) as Entry)];
  if (old.pk !== next.pk || old.sk !== next.sk) return [write(old), write(next)];
  return JSON.stringify(before) === JSON.stringify(after) ? [] : [write(next)];
}

interface Entry {
  readonly pk: string;
  readonly sk: string;
  readonly item: Item;
}

function entryOf(place: Exclude<Place, "table">, item: Item | undefined): Entry | undefined {
  const pk = item?.[`${place}pk`] as string | undefined;
  return item === undefined || pk === undefined ? undefined : { pk, sk: item[`${place}sk`] as string, item };
}

const readUnits = (bytes = 0): number => Math.max(1, Math.ceil(bytes / 4096));
const writeUnits = (item: Item | undefined): number => Math.max(1, Math.ceil((item ? sizeOf(item) : 0) / 1024));

/** About what DynamoDB counts: names and values in UTF-8. */
function sizeOf(item: Item): number {
  return Buffer.byteLength(JSON.stringify(item));
}
