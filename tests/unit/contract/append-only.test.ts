/** What no role may change or delete: the audit trail, and the events of partners. */
import {
  deliveryFunctions,
  operatorFunctions,
  scheduledFunctions,
  systemFunctions,
} from "../../../infra/constructs/function-declarations.ts";
import { operations } from "../../../shared/operations.ts";

const declarations = [
  ...operations,
  ...systemFunctions,
  ...scheduledFunctions,
  ...deliveryFunctions,
  ...operatorFunctions,
];

/** Whether a pattern of partition keys covers keys that begin like this. */
const covers = (pattern: string, prefix: string) =>
  pattern.endsWith("*")
    ? prefix.startsWith(pattern.slice(0, -1)) || pattern.startsWith(prefix)
    : pattern.startsWith(prefix);

/** The functions that may do anything to these keys, with what they may do. */
function rightsOn(prefix: string): ReadonlyMap<string, readonly string[]> {
  const found = declarations.map(({ id, table }) => {
    const rights = table.filter(({ leadingKeys }) => leadingKeys.some((pattern) => covers(pattern, prefix)));
    return [id, [...new Set(rights.flatMap(({ actions }) => actions))]] as const;
  });
  return new Map(found.filter(([, actions]) => actions.length > 0));
}

/** It reads the event that it sends, and adds that it has disabled an endpoint. */
const readsAndAdds = ["webhook-delivery"];

/** They mark an event as counted, and change nothing else of it; the migration finds those that lack the mark. */
const marking: Readonly<Record<string, readonly string[]>> = {
  "usage-count": ["UpdateItem"],
  migration: ["UpdateItem", "Query"],
};

test.each([
  ["AUDIT", ["audit.list"]],
  ["EVENTS#", ["events.list", "events.list-of-partner", "events.read"]],
])("%s: those who write can only add, and those who read can only read", (prefix, readers) => {
  const rights = rightsOn(prefix);
  for (const [id, actions] of rights) {
    const allowed = readers.includes(id)
      ? ["GetItem", "Query"]
      : (marking[prefix === "EVENTS#" ? id : ""] ?? [
          "PutItem",
          ...(readsAndAdds.includes(id) ? ["BatchGetItem"] : []),
        ]);
    expect([id, actions.filter((action) => !allowed.includes(action))]).toEqual([id, []]);
  }
  expect([...rights.keys()]).toEqual(expect.arrayContaining([...readers, "partners.change"]));
});

test("an event is updated by its mark as counted alone", () => {
  const updates = declarations.flatMap(({ id, table }) =>
    table
      .filter(
        ({ actions, leadingKeys }) =>
          actions.includes("UpdateItem") && leadingKeys.some((one) => covers(one, "EVENTS#")),
      )
      .map(({ leadingKeys, attributes }) => ({ id, leadingKeys, attributes })),
  );
  expect(updates).toEqual(
    ["usage-count", "migration"].map((id) => ({ id, leadingKeys: ["EVENTS#*"], attributes: ["counted"] })),
  );
});
