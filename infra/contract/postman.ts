/**
 * The contract as a Postman collection (format v2.1.0): one folder per area with every operation once, in an order in
 * which all of them succeed on an empty table. The same declarations give the same collection. See
 * docs/decisions/0019.
 */
import { createHash } from "node:crypto";
import { STATUS_CODES } from "node:http";
import type { AnyOperation } from "../../shared/contract/operation.ts";
import { problemCatalogue } from "../../shared/domain/problems.ts";
import { exampleOf, membersOf, parameterNames } from "./examples.ts";
import { fullFlow, type Flow, type Step } from "./flow.ts";

type Json = Readonly<Record<string, unknown>>;

/** The parts of the OpenAPI document that the collection contains. */
export interface ShownDocument {
  readonly info: { readonly title: string; readonly version: string };
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly components: { readonly examples: Readonly<Record<string, { readonly value: unknown }>> };
}

const schemaUrl = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json";

/** The collection. It leaves out the files of pages, because their names contain a hash. */
export function postmanCollection(
  declared: readonly AnyOperation[],
  document: ShownDocument,
  flow: Flow = fullFlow,
): Json {
  const { steps, opening, inputs, prepared } = flow;
  const operations = declared.filter(({ files }) => files === undefined);
  const providers = providersOf(operations);
  const isEnding = ({ id, method }: AnyOperation) => method === "DELETE" || flow.endings.includes(id);
  const itemOf = (operation: AnyOperation, step: Step = steps[operation.id] ?? {}, name?: string) =>
    requestItem(operation, { ...step, keeps: { ...captureOf(operation, providers, name), ...step.keeps } }, document, {
      name: name ?? operation.summary,
      providers,
      ...(name !== undefined && name === opening[0]?.name && { preparation: flow.preparation }),
    });
  const first = opening.map((step) => itemOf(operationById(operations, step.operation), step, step.name));
  const place = ({ id }: AnyOperation) => flow.endings.indexOf(id);
  const last = operations.filter(isEnding).sort((a, b) => byDepthDescending(a, b) || place(a) - place(b));
  const descriptions = new Map(document.tags.map(({ name, description }) => [name, description]));
  const areas = areasInOrder(
    operations.filter((one) => !isEnding(one)),
    providers,
  );
  const folders = [
    { name: "Tokens", description: flow.tokensDescription, item: first },
    ...areas.map(([name, area]) => ({
      name,
      description: descriptions.get(name) ?? "",
      item: area.map((one) => itemOf(one)),
    })),
    { name: "Endings", description: endingsDescription, item: last.map((one) => itemOf(one)) },
  ];
  const kept = [...opening, ...Object.values(steps)].flatMap(({ keeps = {} }) => Object.keys(keeps));
  const variables = [...prepared, ...kept, ...providers.keys()].filter((name) => !(name in inputs));
  return {
    info: {
      _postman_id: fixedId(flow.title),
      name: flow.title,
      version: document.info.version,
      description: flow.introduction,
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

const endingsDescription = "Requests that delete, and those that end tokens. They run last.";

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
      const below = operations.find(({ path }) => parentOf(path) === creator.path && parameterNames(path).length > 0);
      const name = below && parameterNames(below.path).at(-1);
      return name === undefined || !below?.path.endsWith(`{${name}}`) ? [] : [[name, creator] as const];
    }),
  );
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
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

/** Nested objects are deleted before their parent, and tokens end last. */
function byDepthDescending(a: AnyOperation, b: AnyOperation): number {
  const rank = (one: AnyOperation) => (one.method === "DELETE" ? one.path.split("/").length : 0);
  return rank(b) - rank(a);
}

/**
 * The areas with their operations. Creating operations come first in an area, and an
 * area comes after the areas whose ids it uses.
 */
function areasInOrder(
  operations: readonly AnyOperation[],
  providers: ReadonlyMap<string, AnyOperation>,
): readonly (readonly [string, readonly AnyOperation[]])[] {
  const areas = Map.groupBy(operations, ({ tag }) => tag);
  const isCreator = (one: AnyOperation) => [...providers.values()].includes(one);
  const needs = (tag: string, area: readonly AnyOperation[]) =>
    area
      .flatMap(({ path }) => parameterNames(path).flatMap((name) => providers.get(name)?.tag ?? []))
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
  /** Lines that run before the request, of the first one only. */
  readonly preparation?: readonly string[];
}

function requestItem(operation: AnyOperation, step: Step, document: ShownDocument, naming: Naming): Json {
  const { name, providers, preparation = [] } = naming;
  const request = {
    method: operation.method,
    description: operation.description,
    auth: authOf(operation, step),
    header: headersOf(operation),
    ...bodyOf(operation, step),
    url: urlOf(operation, providers, step),
  };
  const before = [...preparation, ...(step.before ?? [])];
  return {
    name,
    request,
    event: [...(before.length > 0 ? [script("prerequest", before)] : []), script("test", testOf(operation, step))],
    response: responsesOf(operation, request, document),
  };
}

function script(listen: "prerequest" | "test", exec: readonly string[]): Json {
  return { listen, script: { type: "text/javascript", exec } };
}

/** Operations on oneself are called with `userToken`, because some of them end the rights of their caller. */
function authOf({ access }: AnyOperation, step: Step): Json {
  if (access === "public") return { type: "noauth" };
  const caller = access.user?.roles.includes("user") ? "userToken" : access.user ? "adminToken" : "partnerToken";
  const token = step.token ?? caller;
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

function urlOf(
  { path, request }: AnyOperation,
  providers: ReadonlyMap<string, AnyOperation>,
  { path: chosen = {} }: Step,
): Json {
  const parts = path.slice(1).replaceAll(/\{(\w+)\}/g, ":$1");
  const query = Object.entries(membersOf(request.query)).map(([key, { description, enum: choices, ...schema }]) => ({
    key,
    value: String(schema["default"] ?? (choices as readonly unknown[] | undefined)?.[0] ?? ""),
    ...(description !== undefined && { description }),
    disabled: true,
  }));
  const variable = parameterNames(path).map((key) => ({
    key,
    value: chosen[key] ?? (providers.has(key) ? `{{${key}}}` : exampleOf(membersOf(request.path)[key] ?? {})),
  }));
  return {
    raw: `{{baseUrl}}/${parts}`,
    host: ["{{baseUrl}}"],
    path: parts.split("/"),
    ...(query.length > 0 && { query }),
    ...(variable.length > 0 && { variable }),
  };
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
