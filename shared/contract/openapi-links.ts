/**
 * Links between operations (OpenAPI 3.1.1 §4.8.20), for tools that use what one call returned in the next. They follow from the
 * paths: what `POST /v1/companies` creates is read at `GET /v1/companies/{companyId}`.
 */
import * as z from "zod";
import { operationIdOf } from "./openapi-names.ts";
import type { AnyOperation } from "./operation.ts";

type Json = Record<string, unknown>;

/** The links of the success response of an operation, by the operation that they lead to; undefined without any. */
export function linksOf(from: AnyOperation, operations: readonly AnyOperation[]): Json | undefined {
  const links = operations.flatMap((to) => {
    const parameters = to === from ? undefined : linkParameters(from, to);
    if (parameters === undefined) return [];
    const operationId = operationIdOf(to);
    return [[operationId, { operationId, description: to.summary, parameters }] as const];
  });
  return links.length === 0 ? undefined : Object.fromEntries(links);
}

/** Where each path parameter of `to` comes from; undefined unless the response of `from` gives at least one and the rest is known. */
function linkParameters(from: AnyOperation, to: AnyOperation): Json | undefined {
  const needed = parameterNames(to.path);
  const known = parameterNames(from.path);
  const given = new Map(needed.filter(isId).map((name) => [name, inResponse(from, name)]));
  const isNew = needed.some((name) => !known.includes(name) && given.get(name) !== undefined);
  if (!isNew) return undefined;
  const sources = needed.map((name) => [
    `path.${name}`,
    known.includes(name) ? `$request.path.${name}` : given.get(name),
  ]);
  return sources.every(([, source]) => source !== undefined) ? (Object.fromEntries(sources) as Json) : undefined;
}

/** Only ids lead on: the `code` of a bank is not that of a problem. */
function isId(parameter: string): boolean {
  return parameter.endsWith("Id");
}

function parameterNames(path: string): readonly string[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => name);
}

/** The place of an id in the response: of the resource itself, or of the first item of a page. */
function inResponse({ success: { body } }: AnyOperation, parameter: string): string | undefined {
  const members = membersOf(body);
  const { items } = members;
  const inItem = items instanceof z.ZodArray ? memberFor(membersOf(items.element), parameter) : undefined;
  if (inItem !== undefined) return `$response.body#/items/0/${inItem}`;
  const member = memberFor(members, parameter);
  return member === undefined ? undefined : `$response.body#/${member}`;
}

function membersOf(schema: unknown): Readonly<Record<string, z.ZodType>> {
  return schema instanceof z.ZodObject ? schema.shape : {};
}

/** `companyId` is the member of this name, or the `id` of a resource whose ids are described as those of a company. */
function memberFor(members: Readonly<Record<string, z.ZodType>>, parameter: string): string | undefined {
  if (members[parameter] !== undefined) return parameter;
  const named = parameter === "accountId" ? "bank account" : parameter.replace(/Id$/, "");
  return members["id"]?.description?.startsWith(`Id of the ${named}:`) ? "id" : undefined;
}
