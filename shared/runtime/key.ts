/**
 * Keys of the single table. Each area lists its own in `keys.ts`; `docs/table.md` has them all with their access paths.
 */
import { createHash } from "node:crypto";

declare const shape: unique symbol;

/** Partition and sort key of one item, which knows the shape of what is kept there: `table.get(key)` returns that shape. */
export interface Key<Shape = unknown> {
  readonly pk: string;
  readonly sk: string;
  /** Exists in the type alone. */
  readonly [shape]?: Shape;
}

/** The shape of the item under a key. */
export type ShapeOf<AnyKey> = AnyKey extends Key<infer Shape> ? Shape : never;

/** A partition of the table or of its index, with the shape of its items. Any key of the partition stands for it. */
export type Partition<Shape = unknown> = Omit<Key<Shape>, "sk">;

/** The attributes by which an item appears in the index `gsi1`. */
export interface IndexKey {
  readonly gsi1pk: string;
  readonly gsi1sk: string;
}

/** The attributes by which an item appears in the index `gsi2`. */
export interface SecondIndexKey {
  readonly gsi2pk: string;
  readonly gsi2sk: string;
}

/** The places of an item in the indexes. */
export type IndexPlaces = Partial<IndexKey> & Partial<SecondIndexKey>;

/** Hashes a value for use in a key: CloudTrail's data events log keys, so no username, e-mail or code stands there in clear. */
export function hashed(value: string): string {
  return createHash("sha256").update(value).digest("base64url");
}

/** One of `count` shards for a value, always the same one. Values are spread evenly over the shards. */
export function shardOf(value: string, count: number): number {
  return createHash("sha256").update(value).digest().readUInt32BE(0) % count;
}

/** A count as text that sorts like the number. */
export function padded(count: number): string {
  return String(count).padStart(12, "0");
}
