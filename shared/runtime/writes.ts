/** Condition fragments by name, so that a store reads like the rule that it holds. */
import type { Expression } from "./table.ts";

/** There is no item under this key. */
export const absent: Expression = { expression: "attribute_not_exists(pk)" };

/** There is an item under this key. */
export const present: Expression = { expression: "attribute_exists(pk)" };

/** The item is still as it was read: nobody has changed it since. `undefined` stands for an item that did not exist. */
export function unchanged(revision: number | undefined): Expression {
  return revision === undefined ? absent : { expression: "revision = :revision", values: { ":revision": revision } };
}

/** All of the conditions. */
export function all(...conditions: readonly Expression[]): Expression {
  return {
    expression: conditions.map(({ expression }) => `(${expression})`).join(" AND "),
    names: Object.assign({}, ...conditions.map(({ names }) => names)),
    values: Object.assign({}, ...conditions.map(({ values }) => values)),
  };
}
