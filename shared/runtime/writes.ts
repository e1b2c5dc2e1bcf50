/** Conditions and writes by name, so that a store reads like the rule that it holds. */
import { ConcurrencyConflict } from "../domain/conflict.ts";
import type { IndexKey, IndexPlaces, Key, SecondIndexKey } from "./key.ts";
import type { ConditionalUpdate, ConditionalWrite, Expression, OnConditionFailed } from "./table.ts";

/** No item has this key. */
export const absent: Expression = { expression: "attribute_not_exists(pk)" };

/** An item has this key. */
export const present: Expression = { expression: "attribute_exists(pk)" };

/** The item still has the revision that was read. */
export function unchanged(revision: number): Expression {
  return { expression: "revision = :revision", values: { ":revision": revision } };
}

/** All of the conditions. */
export function all(...conditions: readonly Expression[]): Expression {
  return {
    expression: conditions.map(({ expression }) => `(${expression})`).join(" AND "),
    names: Object.fromEntries(conditions.flatMap(({ names = {} }) => Object.entries(names))),
    values: Object.fromEntries(conditions.flatMap(({ values = {} }) => Object.entries(values))),
  };
}

/** The meaning of a failed condition on data that was read before: the operation reads and decides again. */
export const conflict: OnConditionFailed = () => new ConcurrencyConflict();

/**
 * Creates an item.
 *
 * @param index makes the item appear in the index
 * @param onExisting the meaning of an item that is there already; by default an optimistic-concurrency conflict
 */
export function putAbsent<Shape extends object>(
  key: Key<Shape>,
  item: Shape,
  {
    index,
    onExisting = conflict,
  }: { readonly index?: IndexPlaces | undefined; readonly onExisting?: OnConditionFailed } = {},
): ConditionalWrite {
  return { put: { ...key, ...index, ...item }, condition: absent, onConditionFailed: onExisting };
}

/** Replaces an item that still has the revision that was read; otherwise it is an optimistic-concurrency conflict. */
export function putUnchanged<Shape extends object>(
  key: Key<Shape>,
  item: Shape,
  readRevision: number,
  index?: IndexPlaces,
): ConditionalWrite {
  return putIf(key, item, unchanged(readRevision), index);
}

/** Replaces an item that meets the condition; otherwise it is an optimistic-concurrency conflict. */
export function putIf<Shape extends object>(
  key: Key<Shape>,
  item: Shape,
  condition: Expression,
  index?: IndexPlaces,
): ConditionalWrite {
  return { put: { ...key, ...index, ...item }, condition, onConditionFailed: conflict };
}

/** Deletes an item that still has the revision that was read; otherwise it is an optimistic-concurrency conflict. */
export function deleteUnchanged(key: Key, readRevision: number): ConditionalWrite {
  return { delete: key, condition: unchanged(readRevision), onConditionFailed: conflict };
}

/** Updates an item that meets the condition; otherwise it is an optimistic-concurrency conflict. */
export function updateIf<Shape>(key: Key<Shape>, condition: Expression, set: Expression): ConditionalUpdate<Shape> {
  return { update: key, set, condition, onConditionFailed: conflict };
}

/** Gives an item that has none a place in an index; otherwise it is an optimistic-concurrency conflict. */
export function placeIfNone(key: Key, place: IndexKey | SecondIndexKey): ConditionalUpdate {
  const attributes = Object.entries(place);
  return updateIf(key, all(present, { expression: `attribute_not_exists(${attributes[0]?.[0] ?? ""})` }), {
    expression: `SET ${attributes.map(([name]) => `${name} = :${name}`).join(", ")}`,
    values: Object.fromEntries(attributes.map(([name, value]) => [`:${name}`, value as string])),
  });
}
