/**
 * The partitions of a table or an index: ranges of the order of hashed partition key and sort key. Each takes what one partition takes,
 * and is split where it is hot, between the keys that make it hot.
 */
import { initialPartitions, partitionLimits, splitAbove } from "./quotas.ts";

type Kind = keyof typeof partitionLimits;

/** A place in the order of all keys. */
export type Point = string;

/** FNV-1a with a final mix: DynamoDB's own hash is not public; any even one will do. */
export function pointOf(pk: string, sk: string): Point {
  let hash = 0x811c9dc5;
  for (let index = 0; index < pk.length; index++) hash = Math.imul(hash ^ pk.charCodeAt(index), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return `${((hash ^ (hash >>> 16)) >>> 0).toString(16).padStart(8, "0")} ${pk} ${sk}`;
}

export interface Partition {
  readonly from: Point;
  readonly tokens: Record<Kind, number>;
  /** Units that callers asked for, the throttled ones included. */
  readonly asked: Record<Kind, number>;
  refilledAt: number;
  /** Points of this round; those of reads count a third, like their limit. */
  readonly samples: Point[];
  skipped: number;
}

/** Unused capacity of this long can be used at once, in seconds. */
const depthSeconds = 0.1;
const maxSamples = 300;

function newPartition(from: Point): Partition {
  // A lasting load has used up what was unused before it.
  return { from, tokens: { write: 0, read: 0 }, asked: { write: 0, read: 0 }, refilledAt: 0, samples: [], skipped: 0 };
}

export class Partitions {
  #partitions: readonly Partition[] = Array.from({ length: initialPartitions }, (_, at) =>
    newPartition(at === 0 ? "" : ((at * 16) / initialPartitions).toString(16)),
  );

  get count(): number {
    return this.#partitions.length;
  }

  /** The partition that holds a point. */
  at(point: Point): Partition {
    let [low, high] = [0, this.#partitions.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#partitions[middle] as Partition).from <= point) low = middle;
      else high = middle - 1;
    }
    return this.#partitions[low] as Partition;
  }

  /** The share of its limit that the hottest partition was asked for. */
  hottest(seconds: number): number {
    return Math.max(...this.#partitions.map((partition) => heatOf(partition, seconds)));
  }

  /** Begins a round: time has passed, and nothing was asked for yet. */
  begin(): void {
    this.#partitions = this.#partitions.map(({ from }) => newPartition(from));
  }

  /** Splits each hot partition once. @param seconds that were simulated */
  split(seconds: number): void {
    this.#partitions = this.#partitions.flatMap((partition) => {
      const boundary = heatOf(partition, seconds) > splitAbove ? boundaryOf(partition) : undefined;
      return [newPartition(partition.from), ...(boundary === undefined ? [] : [newPartition(boundary)])];
    });
  }
}

function heatOf({ asked }: Partition, seconds: number): number {
  return Math.max(asked.write / partitionLimits.write, asked.read / partitionLimits.read) / seconds;
}

/** Where a partition is split: so that both halves get traffic. One item cannot be split. */
function boundaryOf({ samples, from }: Partition): Point | undefined {
  const sorted = samples.toSorted();
  const middle = sorted[sorted.length >> 1];
  const boundary = middle === sorted[0] ? sorted.find((point) => point !== middle) : middle;
  return boundary === from ? undefined : boundary;
}

/** Whether the partition takes a request now. @param now milliseconds */
export function hasRoom(partition: Partition, kind: Kind, now: number): boolean {
  const elapsed = (now - partition.refilledAt) / 1000;
  if (elapsed > 0) {
    partition.refilledAt = now;
    for (const each of ["write", "read"] as const) {
      const limit = partitionLimits[each];
      partition.tokens[each] = Math.min(limit * depthSeconds, partition.tokens[each] + limit * elapsed);
    }
  }
  return partition.tokens[kind] > 0;
}

/** Counts what a request asks for, whether it gets it or not. */
export function ask(
  partition: Partition,
  { kind, units }: { readonly kind: Kind; readonly units: number },
  point: Point,
): void {
  partition.asked[kind] += units;
  partition.skipped += kind === "write" ? units : units / 3;
  if (partition.skipped < 1 || partition.samples.length >= maxSamples) return;
  partition.skipped = 0;
  partition.samples.push(point);
}
