/**
 * Finds the changes of the contract that break callers. A pure function of two OpenAPI documents. docs/contract.md
 * explains what counts as breaking.
 */

type Json = Readonly<Record<string, unknown>>;

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components?: { readonly securitySchemes?: Readonly<Record<string, { readonly type: string }>> };
}

interface Operation {
  readonly operationId?: string;
  readonly security?: readonly Requirement[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly required?: boolean; readonly content: Contents };
  readonly responses: Readonly<Record<string, Response>>;
}

interface Response {
  readonly headers?: Readonly<Record<string, Json>>;
  readonly content?: Contents;
}

/** Keys are names of security schemes. */
type Requirement = Readonly<Record<string, readonly string[]>>;
type Contents = Readonly<Record<string, { readonly schema?: Schema; readonly examples?: Json }>>;

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly schema: Schema;
}

interface Schema {
  readonly [keyword: string]: unknown;
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly additionalProperties?: boolean | Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
}

/**
 * Every change in `after` that may break a caller of `before`, one line each. An empty list means that no caller notices.
 *
 * @param before an OpenAPI 3.1 document, as parsed JSON
 */
export function breakingChanges(before: unknown, after: unknown): readonly string[] {
  const [old, next] = [withoutReferences(before), withoutReferences(after)];
  const present = new Map(operationsOf(next));
  return operationsOf(old).flatMap(([name, operation]) => {
    const successor = present.get(name);
    const changes =
      successor === undefined
        ? ["is removed"]
        : [
            ...nameChanges(operation, successor),
            ...securityChanges(operation, successor, next),
            ...parameterChanges(operation, successor),
            ...bodyChanges(operation, successor),
            ...answerChanges(operation, successor),
          ];
    return changes.map((change) => `${name}: ${change}`);
  });
}

function operationsOf({ paths }: Document): (readonly [string, Operation])[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => [`${method.toUpperCase()} ${path}`, operation] as const),
  );
}

/** The document with its references resolved. A recursive schema keeps its reference. */
function withoutReferences(document: unknown): Document {
  const inline = (node: unknown, within: readonly string[]): unknown => {
    if (typeof node !== "object" || node === null) return node;
    if (Array.isArray(node)) return node.map((item) => inline(item, within));
    const { $ref } = node as { readonly $ref?: string };
    if ($ref === undefined) return mapValues(node as Json, (value) => inline(value, within));
    return within.includes($ref) ? node : inline(behind($ref, document), [...within, $ref]);
  };
  return inline(document, []) as Document;
}

function behind(reference: string, document: unknown): unknown {
  const parts = reference.slice(2).split("/");
  const names = parts.map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
  const found = names.reduce<unknown>((node, name) => (node as Json | undefined)?.[name], document);
  if (found === undefined) throw new Error(`there is nothing behind ${reference}`);
  return found;
}

function mapValues(object: Json, change: (value: unknown) => unknown): Json {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [name, change(value)]));
}

function nameChanges(before: Operation, after: Operation): readonly string[] {
  return before.operationId === after.operationId ? [] : [`is no longer named ${before.operationId ?? "at all"}`];
}

function securityChanges(
  { security: before = [] }: Operation,
  { security: after = [] }: Operation,
  document: Document,
): readonly string[] {
  // `{}` among the alternatives lets everyone in.
  if (after.length === 0 || after.some((now) => Object.keys(now).length === 0)) return [];
  if (before.length === 0) return ["now needs a token"];
  const schemes = document.components?.securitySchemes ?? {};
  /** All scopes are required; one of the roles is enough. */
  const suffices = (old: Requirement, now: Requirement) =>
    Object.entries(now).every(([scheme, rights]) => {
      const held = old[scheme];
      if (held === undefined) return false;
      return schemes[scheme]?.type === "oauth2"
        ? rights.every((scope) => held.includes(scope))
        : held.every((role) => rights.includes(role));
    });
  return before
    .filter((old) => !after.some((now) => suffices(old, now)))
    .map((old) => `no longer lets ${describeRequirement(old)} in`);
}

function describeRequirement(requirement: Requirement): string {
  return Object.entries(requirement)
    .map(([scheme, rights]) => (rights.length === 0 ? scheme : `${scheme} (${rights.join(", ")})`))
    .join(" with ");
}

function* parameterChanges({ parameters: before = [] }: Operation, { parameters: after = [] }: Operation) {
  const titleOf = ({ in: place, name }: Parameter) => `the ${place} parameter ${name}`;
  const find = (all: readonly Parameter[], one: Parameter) => all.find((other) => titleOf(other) === titleOf(one));
  for (const old of before) {
    const now = find(after, old);
    if (now === undefined) yield `no longer takes ${titleOf(old)}`;
    else yield* narrowings(old.schema, now.schema, titleOf(old));
  }
  for (const now of after) {
    if (now.required === true && find(before, now)?.required !== true) yield `now needs ${titleOf(now)}`;
  }
}

function* bodyChanges({ requestBody: before }: Operation, { requestBody: after }: Operation) {
  if (after?.required === true && before?.required !== true) yield "now needs a body";
  if (before === undefined) return;
  if (after === undefined) {
    yield "no longer takes a body";
    return;
  }
  for (const [type, { schema: old = {} }] of Object.entries(before.content)) {
    const now = after.content[type];
    if (now === undefined) yield `no longer takes ${type}`;
    else if (type === Object.keys(before.content)[0]) yield* narrowings(old, now.schema ?? {}, "the body's");
  }
}

function* answerChanges(before: Operation, after: Operation): Generator<string> {
  for (const [status, old] of Object.entries(before.responses)) {
    const now = after.responses[status];
    if (now === undefined) {
      yield `no longer answers ${status}`;
      continue;
    }
    for (const header of Object.keys(old.headers ?? {})) {
      if (now.headers?.[header] === undefined) yield `the answer ${status} no longer has the header ${header}`;
    }
    for (const [type, { schema = {}, examples = {} }] of Object.entries(old.content ?? {})) {
      const content = now.content?.[type];
      if (content === undefined) {
        yield `the answer ${status} is no longer ${type}`;
        continue;
      }
      const codes = Number(status) >= 400 ? Object.keys(examples) : [];
      for (const code of codes) {
        if (content.examples?.[code] === undefined) yield `no longer answers ${status} ${code}`;
      }
      yield* mismatches(content.schema ?? {}, schema, { sent: "to callers", place: `the answer ${status}'s` });
    }
  }
}

/** The places where a request schema accepts less than before. */
function narrowings(before: Schema, after: Schema, place: string): Iterable<string> {
  return mismatches(before, after, { sent: "by callers", place });
}

interface Comparison {
  readonly sent: "by callers" | "to callers";
  readonly place: string;
}

/** Keywords that do not restrict values. */
const annotations = new Set(["description", "title", "examples", "example", "deprecated", "default", "$id", "id"]);

const lowerLimits = ["minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"] as const;
const upperLimits = ["maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"] as const;
const exactLimits = ["pattern", "multipleOf", "uniqueItems", "propertyNames"] as const;
const compared = new Set<string>([
  ...["type", "enum", "const", "format", "properties", "required", "additionalProperties", "items", "anyOf", "oneOf"],
  ...lowerLimits,
  ...upperLimits,
  ...exactLimits,
]);

/**
 * The places where a value of the schema `given` is not valid for `expected`. A request is written for the old schema
 * and read with the new one. A response is the reverse.
 */
function* mismatches(given: Schema, expected: Schema, comparison: Comparison): Generator<string> {
  const { sent, place } = comparison;
  const [givenChoices, expectedChoices] = [choicesOf(given), choicesOf(expected)];
  if (givenChoices.length > 1 || expectedChoices.length > 1) {
    yield* choiceMismatches(givenChoices, expectedChoices, comparison);
    return;
  }
  const [one = {}, other = {}] = [givenChoices[0], expectedChoices[0]];
  const [givenTypes, expectedTypes] = [typesOf(one), typesOf(other)];
  if (expectedTypes !== undefined && !givenTypes?.every((type) => isAmong(type, expectedTypes))) {
    const [was, is] = sent === "by callers" ? [givenTypes, expectedTypes] : [expectedTypes, givenTypes];
    yield `${place} type was ${was?.join(" or ") ?? "any"} and is ${is?.join(" or ") ?? "any"}`;
    return;
  }
  yield* valueMismatches(one, other, comparison);
  yield* memberMismatches(one, other, comparison);
  if (other.items !== undefined) {
    yield* mismatches(one.items ?? {}, other.items, { sent, place: within(place, "*") });
  }
  for (const keyword of new Set([...Object.keys(one), ...Object.keys(other)])) {
    if (compared.has(keyword) || annotations.has(keyword)) continue;
    // An unknown difference counts as a break.
    if (!same(one[keyword], other[keyword])) yield `${place} ${keyword} is another one`;
  }
}

/** Alternatives, including `null`. */
function choicesOf(schema: Schema): readonly Schema[] {
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices !== undefined) return choices.flatMap(choicesOf);
  if (!Array.isArray(schema.type)) return [schema];
  return (schema.type as readonly string[]).map((type) => ({ ...schema, type }));
}

function* choiceMismatches(given: readonly Schema[], expected: readonly Schema[], comparison: Comparison) {
  const isNull = ({ type }: Schema) => type === "null";
  const { sent, place } = comparison;
  const verb = sent === "by callers" ? "no longer takes" : "may now be";
  const [givenRest, expectedRest] = [given, expected].map((all) => all.filter((one) => !isNull(one))) as [
    Schema[],
    Schema[],
  ];
  if (given.some(isNull) && !expected.some(isNull)) yield `${place} value ${verb} null`;
  if (givenRest.length === 1 && expectedRest.length === 1) {
    yield* mismatches(givenRest[0] ?? {}, expectedRest[0] ?? {}, comparison);
    return;
  }
  for (const one of givenRest) {
    const fits = expectedRest.some((other) => [...mismatches(one, other, comparison)].length === 0);
    if (!fits) yield `${place} value ${verb} ${JSON.stringify(one)}`;
  }
}

function* valueMismatches(given: Schema, expected: Schema, { sent, place }: Comparison): Generator<string> {
  const [values, known] = [valuesOf(given), valuesOf(expected)];
  if (sent === "to callers") {
    // A new value is an addition: callers must accept unknown values.
    if (known !== undefined && values === undefined) yield `${place} value is no longer one of ${known.join(", ")}`;
    if (expected["format"] !== undefined && given["format"] !== expected["format"]) {
      yield `${place} format is no longer ${String(expected["format"])}`;
    }
    return;
  }
  if (known !== undefined) {
    if (values === undefined) yield `${place} value has to be one of ${known.join(", ")}`;
    const refused = (values ?? []).filter((value) => !known.includes(value));
    if (refused.length > 0) yield `${place} value may no longer be ${refused.join(", ")}`;
  }
  for (const keyword of ["format", ...exactLimits]) {
    if (expected[keyword] !== undefined && !same(given[keyword], expected[keyword])) {
      yield `${place} ${keyword} is now ${JSON.stringify(expected[keyword])}`;
    }
  }
  for (const [keywords, sign] of [
    [lowerLimits, 1],
    [upperLimits, -1],
  ] as const) {
    for (const keyword of keywords) {
      const [was, is] = [given[keyword], expected[keyword]] as [number | undefined, number | undefined];
      if (is !== undefined && (was === undefined || sign * is > sign * was)) yield `${place} ${keyword} is now ${is}`;
    }
  }
  if (given["default"] !== undefined && !same(given["default"], expected["default"])) {
    yield `${place} default is no longer ${JSON.stringify(given["default"])}`;
  }
}

function* memberMismatches(given: Schema, expected: Schema, { sent, place }: Comparison): Generator<string> {
  const [members, known] = [given.properties ?? {}, expected.properties ?? {}];
  for (const [name, schema] of Object.entries(known)) {
    const [isRequired, wasRequired] = [expected.required?.includes(name), given.required?.includes(name)];
    const member = members[name];
    if (sent === "to callers" && member === undefined) yield `${within(place, name)} member is removed`;
    else if (isRequired && !wasRequired) {
      yield `${within(place, name)} member ${sent === "by callers" ? "is now required" : "may now be missing"}`;
    }
    if (member !== undefined) yield* mismatches(member, schema, { sent, place: within(place, name) });
  }
  const [rest, knownRest] = [given.additionalProperties ?? true, expected.additionalProperties ?? true];
  if (sent === "by callers" && knownRest === false) {
    for (const name of Object.keys(members)) {
      if (known[name] === undefined) yield `${within(place, name)} member is no longer taken`;
    }
    if (rest !== false) yield `${place} members that are not named are now refused`;
  }
  if (typeof knownRest === "object" && rest !== false) {
    yield* mismatches(rest === true ? {} : rest, knownRest, { sent, place: within(place, "*") });
  }
}

/** The location of a member, for example `the body's /bankAccounts/*` for the items of a list. */
function within(place: string, name: string): string {
  return place.includes("/") || !place.endsWith("'s") ? `${place}/${name}` : `${place} /${name}`;
}

function typesOf({ type, ...schema }: Schema): readonly string[] | undefined {
  if (type !== undefined) return typeof type === "string" ? [type] : type;
  const types = valuesOf(schema)?.map((value) => (value === null ? "null" : typeof value));
  return types && [...new Set(types)];
}

function isAmong(type: string, types: readonly string[]): boolean {
  return types.includes(type) || (type === "integer" && types.includes("number"));
}

function valuesOf(schema: Schema): readonly unknown[] | undefined {
  return schema.enum ?? ("const" in schema ? [schema.const] : undefined);
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
