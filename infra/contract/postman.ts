/**
 * The contract as a Postman collection (format v2.1.0): one folder per area with every operation once, in an order in
 * which all of them succeed on an empty table. The same declarations give the same collection. See
 * docs/decisions/0019.
 */
import { createHash } from "node:crypto";
import { STATUS_CODES } from "node:http";
import * as z from "zod";
import type { AnyOperation } from "../../shared/contract/operation.ts";
import { problemCatalogue } from "../../shared/domain/problems.ts";
import { endings, inputs, opening, preparation, prepared, steps, type Step } from "./flow.ts";

type Json = Readonly<Record<string, unknown>>;

/** The parts of the OpenAPI document that the collection contains. */
export interface ShownDocument {
  readonly info: { readonly title: string; readonly version: string };
  readonly components: { readonly examples: Readonly<Record<string, { readonly value: unknown }>> };
}

const schemaUrl = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json";

const introduction = [
  "Every operation of Portico, made from the contract: `npm run generate` writes this file.",
  "Give `rootPassword` in an environment, then run the collection as a whole, or the folder *Tokens* and after it what you like. " +
    "Scripts keep tokens and ids in the collection's variables. What it makes is new with each run; *Endings* deletes.",
].join("\n\n");

/** The collection. It leaves out the files of pages, because their names contain a hash. */
export function postmanCollection(declared: readonly AnyOperation[], document: ShownDocument): Json {
  const operations = declared.filter(({ files }) => files === undefined);
  const providers = providersOf(operations);
  const itemOf = (operation: AnyOperation, step: Step = steps[operation.id] ?? {}, name?: string) =>
    requestItem(operation, { ...step, keeps: { ...captureOf(operation, providers, name), ...step.keeps } }, document, {
      name: name ?? operation.summary,
      providers,
    });
  const first = opening.map((step) => itemOf(operationById(operations, step.operation), step, step.name));
  const last = operations.filter(isEnding).sort(byDepthDescending);
  const folders = [
    { name: "Tokens", item: first },
    ...areasInOrder(operations, providers).map(([name, area]) => ({ name, item: area.map((one) => itemOf(one)) })),
    { name: "Endings", item: last.map((one) => itemOf(one)) },
  ];
  const kept = [...opening, ...Object.values(steps)].flatMap(({ keeps = {} }) => Object.keys(keeps));
  const variables = [...prepared, ...kept, ...providers.keys()];
  return {
    info: {
      _postman_id: fixedId(document.info.title),
      name: document.info.title,
      version: document.info.version,
      description: introduction,
      schema: schemaUrl,
    },
    item: folders.filter(({ item }) => item.length > 0),
    event: [script("test", ['pm.test("names the request", () => pm.response.to.have.header("x-request-id"));'])],
    variable: [
      ...Object.entries(inputs).map(([key, { value, description }]) => ({ key, value, description })),
      ...[...new Set(variables)].map((key) => ({ key, value: "" })),
    ],
  };
}

function operationById(operations: readonly AnyOperation[], id: AnyOperation["id"]): AnyOperation {
  const found = operations.find((operation) => operation.id === id);
  if (found === undefined) throw new Error(`the collection begins with ${id}, which nobody declares`);
  return found;
}

/** An id in the form of a UUID, so that importing the collection again replaces it. */
function fixedId(name: string): string {
  const hex = createHash("sha256").update(name).digest("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), `5${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    "-",
  );
}

/** The operations whose responses supply a path parameter: `POST /v1/things` supplies `{thingId}` of `/v1/things/{thingId}`. */
function providersOf(operations: readonly AnyOperation[]): ReadonlyMap<string, AnyOperation> {
  const creators = operations.filter(({ method, success }) => method === "POST" && success.status === 201);
  return new Map(
    creators.flatMap((creator) => {
      const below = operations.find(({ path }) => parentOf(path) === creator.path && parametersOf(path).length > 0);
      const name = below && parametersOf(below.path).at(-1);
      return name === undefined || !below?.path.endsWith(`{${name}}`) ? [] : [[name, creator] as const];
    }),
  );
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}

function parametersOf(path: string): readonly string[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => name);
}

/** The id of the created object. The first partner and user have different variables, because later requests change and delete others. */
function captureOf(
  operation: AnyOperation,
  providers: ReadonlyMap<string, AnyOperation>,
  openingName: string | undefined,
): Readonly<Record<string, string>> {
  const provided = [...providers].filter(([, creator]) => creator === operation).map(([name]) => name);
  if (openingName !== undefined) return {};
  const example = (operation.success.example ?? {}) as Json;
  return Object.fromEntries(provided.map((name) => [name, name in example ? name : "id"]));
}

function isEnding({ id, method }: AnyOperation): boolean {
  return method === "DELETE" || endings.includes(id);
}

/** Nested objects are deleted before their parent, and tokens end last. */
function byDepthDescending(a: AnyOperation, b: AnyOperation): number {
  const rank = (one: AnyOperation) => (one.method === "DELETE" ? one.path.split("/").length : 0);
  return rank(b) - rank(a);
}

/**
 * The areas with their operations, without the final deletions. Creating operations come first in an area, and an
 * area comes after the areas whose ids it uses.
 */
function areasInOrder(
  operations: readonly AnyOperation[],
  providers: ReadonlyMap<string, AnyOperation>,
): readonly (readonly [string, readonly AnyOperation[]])[] {
  const areas = Map.groupBy(
    operations.filter((one) => !isEnding(one)),
    ({ tag }) => tag,
  );
  const isCreator = (one: AnyOperation) => [...providers.values()].includes(one);
  const needs = (tag: string, area: readonly AnyOperation[]) =>
    area
      .flatMap(({ path }) => parametersOf(path).flatMap((name) => providers.get(name)?.tag ?? []))
      .filter((other) => other !== tag && areas.has(other));
  const ordered: (readonly [string, readonly AnyOperation[]])[] = [];
  const waiting = [...areas];
  while (waiting.length > 0) {
    const done = new Set(ordered.map(([tag]) => tag));
    const ready = waiting.findIndex(([tag, area]) => needs(tag, area).every((other) => done.has(other)));
    // For areas that need each other, the order of the declarations decides.
    const [[tag, area] = ["", []]] = waiting.splice(Math.max(ready, 0), 1);
    ordered.push([tag, [...area.filter(isCreator), ...area.filter((one) => !isCreator(one))]]);
  }
  return ordered;
}

interface Naming {
  readonly name: string;
  readonly providers: ReadonlyMap<string, AnyOperation>;
}

function requestItem(operation: AnyOperation, step: Step, document: ShownDocument, { name, providers }: Naming): Json {
  const request = {
    method: operation.method,
    description: operation.description,
    auth: authOf(operation),
    header: headersOf(operation),
    ...bodyOf(operation, step),
    url: urlOf(operation, providers),
  };
  const isFirst = name === opening[0]?.name;
  return {
    name,
    request,
    event: [...(isFirst ? [script("prerequest", preparation)] : []), script("test", testOf(operation, step))],
    response: responsesOf(operation, request, document),
  };
}

function script(listen: "prerequest" | "test", exec: readonly string[]): Json {
  return { listen, script: { type: "text/javascript", exec } };
}

/** Operations on oneself are called with `userToken`, because some of them end the rights of their caller. */
function authOf({ access }: AnyOperation): Json {
  if (access === "public") return { type: "noauth" };
  const token = access.user?.roles.includes("user") ? "userToken" : access.user ? "adminToken" : "partnerToken";
  return { type: "bearer", bearer: [{ key: "token", value: `{{${token}}}`, type: "string" }] };
}

function headersOf({ idempotent, conditional }: AnyOperation): readonly Json[] {
  return [
    ...(idempotent ? [{ key: "Idempotency-Key", value: "{{$guid}}" }] : []),
    ...(conditional ? [{ key: "If-Match", value: '"1"', disabled: true }] : []),
    { key: "x-correlation-id", value: "postman-{{run}}", disabled: true },
  ];
}

function bodyOf({ request }: AnyOperation, { body: replaced = {} }: Step): Json {
  if (request.bodyExample === undefined) return {};
  const merged = Object.entries({ ...(request.bodyExample as Json), ...replaced });
  const members = Object.fromEntries(merged.filter(([, value]) => value !== undefined));
  if (request.bodyType === "form") {
    const urlencoded = Object.entries(members).map(([key, value]) => ({ key, value, type: "text" }));
    return { body: { mode: "urlencoded", urlencoded } };
  }
  return { body: { mode: "raw", raw: pretty(members), options: { raw: { language: "json" } } } };
}

function urlOf({ path, request }: AnyOperation, providers: ReadonlyMap<string, AnyOperation>): Json {
  const parts = path.slice(1).replaceAll(/\{(\w+)\}/g, ":$1");
  const query = Object.entries(membersOf(request.query)).map(([key, { description, enum: choices, ...schema }]) => ({
    key,
    value: String(schema["default"] ?? (choices as readonly unknown[] | undefined)?.[0] ?? ""),
    ...(description !== undefined && { description }),
    disabled: true,
  }));
  const variable = parametersOf(path).map((key) => ({
    key,
    value: providers.has(key) ? `{{${key}}}` : exampleOf(membersOf(request.path)[key] ?? {}),
  }));
  return {
    raw: `{{baseUrl}}/${parts}`,
    host: ["{{baseUrl}}"],
    path: parts.split("/"),
    ...(query.length > 0 && { query }),
    ...(variable.length > 0 && { variable }),
  };
}

function membersOf(schema: z.ZodType | undefined): Readonly<Record<string, Json>> {
  if (schema === undefined) return {};
  const { properties = {} } = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
  return properties as Readonly<Record<string, Json>>;
}

function exampleOf({ examples, enum: choices }: Json): string {
  return String(
    (examples as readonly unknown[] | undefined)?.[0] ?? (choices as readonly unknown[] | undefined)?.[0] ?? "",
  );
}

function testOf({ success }: AnyOperation, { keeps = {} }: Step): readonly string[] {
  const { status } = success;
  const kept = Object.entries(keeps);
  return [
    `pm.test("answers ${status}", () => pm.response.to.have.status(${status}));`,
    ...(kept.length === 0
      ? []
      : [
          `if (pm.response.code === ${status}) {`,
          `  const answer = pm.response.json();`,
          ...kept.map(([variable, member]) => `  pm.collectionVariables.set("${variable}", answer.${member});`),
          `}`,
        ]),
  ];
}

/** The successful response and the errors that are specific to the operation. */
function responsesOf(
  { success, problems }: AnyOperation,
  originalRequest: Json,
  document: ShownDocument,
): readonly Json[] {
  const shown = (code: number, title: string, type: string, body: unknown) => ({
    name: title,
    originalRequest,
    status: STATUS_CODES[code],
    code,
    _postman_previewlanguage: "json",
    header: body === undefined ? [] : [{ key: "content-type", value: type }],
    body: body === undefined ? "" : pretty(body),
  });
  return [
    shown(success.status, success.description, "application/json", success.example),
    ...problems.map((code) =>
      shown(problemCatalogue[code].status, code, "application/problem+json", document.components.examples[code]?.value),
    ),
  ];
}

function pretty(value: unknown): string {
  return JSON.stringify(value, undefined, 2);
}
