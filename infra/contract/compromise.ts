/** `docs/compromise.md`: what an attacker could do with each function's role, from the declarations that make the roles. */
import * as declarations from "../constructs/function-declarations.ts";
import type { FunctionDeclaration } from "../constructs/function-declarations.ts";
import type { TableAction, TableRight } from "../../shared/contract/operation.ts";
import { identityPartitions } from "../../shared/identity/keys.ts";
import { operations } from "../../shared/operations.ts";
import { userPartitions } from "../../shared/users/keys.ts";

/** Path of the page, from the project's root. */
export const compromisePath = "docs/compromise.md";

/** Every function. Takes all exported declarations, so that a new kind of function is not forgotten. */
export function declaredFunctions(): readonly FunctionDeclaration[] {
  const exported = Object.values(declarations).flat().filter(isDeclaration);
  return [...new Map([...exported, ...operations].map((declared) => [declared.id, declared])).values()];
}

function isDeclaration(value: unknown): value is FunctionDeclaration {
  return typeof value === "object" && value !== null && "id" in value && "table" in value;
}

/** What can be done to items, in the order of the page, with the actions that allow it. */
const abilities: Readonly<Record<string, readonly TableAction[]>> = {
  reads: ["GetItem", "BatchGetItem", "Query"],
  "tests conditions on": ["ConditionCheckItem"],
  "creates and replaces": ["PutItem", "BatchWriteItem"],
  changes: ["UpdateItem"],
  deletes: ["DeleteItem", "BatchWriteItem"],
};

/** The page as Markdown. The same declarations give the same text. */
export function compromisePage(functions: readonly FunctionDeclaration[] = declaredFunctions()): string {
  return [
    "# What a compromise of a function permits",
    "",
    "This page is generated from the declarations of the functions by `npm run generate`; do not edit it.",
    "It is part of [the threat model](threat-model.md).",
    "",
    "An attacker who runs code in a function has the rights of that function's role, and no others.",
    "The roles are made from the same declarations; [Rights](rights.md) says how, and [the table](table.md) explains the partitions.",
    "Each function may also write its own log and its traces.",
    "",
    "## The gravest rights",
    "",
    ...graveRights.flatMap(({ title, has }) => [`- ${title}: ${listed(functions.filter(has).map(({ id }) => id))}.`]),
    "",
    "## Functions",
    "",
    ...functionLines(functions),
    "",
  ].join("\n");
}

interface GraveRight {
  readonly title: string;
  readonly has: (declared: FunctionDeclaration) => boolean;
}

/** What would let an attacker go on beyond the compromised function. */
const graveRights: readonly GraveRight[] = [
  { title: "Sign access tokens of anybody", has: ({ secrets = [] }) => secrets.includes("signingKeys") },
  {
    title: "Replace the signing keys",
    has: ({ secretActions = {} }) => secretActions.signingKeys?.includes("PutSecretValue") ?? false,
  },
  {
    title: "Publish a public key that the authorizer accepts",
    has: (declared) => mayWrite(declared, identityPartitions.signingKeys),
  },
  { title: "Write a role", has: ({ table }) => table.some(mayWriteRole) },
  {
    title: "Write a password's or a client secret's hash",
    has: (declared) => mayWrite(declared, identityPartitions.credentials),
  },
  { title: "Write credit", has: (declared) => mayWrite(declared, userPartitions.creditMovements) },
  { title: "Nothing but to answer falsely", has: ({ table, secrets = [] }) => table.length + secrets.length === 0 },
];

const writes: readonly TableAction[] = ["PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem"];

function mayWrite({ table }: FunctionDeclaration, partition: string): boolean {
  return table.some(
    ({ actions, leadingKeys }) => leadingKeys.includes(partition) && actions.some((action) => writes.includes(action)),
  );
}

function mayWriteRole({ actions, leadingKeys, attributes }: TableRight): boolean {
  if (!leadingKeys.includes(identityPartitions.principals)) return false;
  const updatesRole = actions.includes("UpdateItem") && (attributes?.includes("role") ?? true);
  return updatesRole || actions.includes("PutItem") || actions.includes("BatchWriteItem");
}

/** One item per function; functions with the same rights share one. */
function functionLines(functions: readonly FunctionDeclaration[]): readonly string[] {
  const byRights = new Map<string, string[]>();
  for (const declared of functions) {
    const rights = rightsOf(declared).join("\n");
    byRights.set(rights, [...(byRights.get(rights) ?? []), declared.id]);
  }
  return [...byRights].flatMap(([rights, ids]) => [`- ${listed(ids)}`, rights]);
}

function rightsOf({ table, secrets = [], secretActions = {} }: FunctionDeclaration): readonly string[] {
  const lines = [
    ...Object.entries(abilities).flatMap(([verb, actions]) => abilityLine(table, verb, actions)),
    ...(secrets.length > 0 ? [`reads the secrets ${listed(secrets)}`] : []),
    ...Object.entries(secretActions).map(([name, actions]) => `does to the secret \`${name}\`: ${listed(actions)}`),
  ];
  return (lines.length > 0 ? lines : ["has no right to the table or to a secret"]).map((line) => `  - ${line}`);
}

function abilityLine(table: readonly TableRight[], verb: string, actions: readonly TableAction[]): readonly string[] {
  const partitions = table
    .filter((right) => right.actions.some((action) => actions.includes(action)))
    .flatMap(({ leadingKeys, attributes }) =>
      leadingKeys.map((key) => `\`${key}\`${verb === "changes" ? limitedTo(attributes) : ""}`),
    );
  return partitions.length > 0 ? [`${verb} ${[...new Set(partitions)].sort().join(", ")}`] : [];
}

function limitedTo(attributes: readonly string[] | undefined): string {
  return attributes === undefined ? "" : ` (only ${listed([...new Set(attributes)])})`;
}

function listed(names: readonly string[]): string {
  return names.length > 0 ? names.map((name) => `\`${name}\``).join(", ") : "no function";
}
