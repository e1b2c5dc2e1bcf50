/** The part of the contract that a partner uses, for its Postman collection and its client. */
import type { AnyOperation } from "../../shared/contract/operation.ts";
import { operations } from "../../shared/operations.ts";
import { contractDocument } from "./document.ts";
import { partnerFlow } from "./flow.ts";
import { postmanCollection, type ShownDocument } from "./postman.ts";

type Json = Readonly<Record<string, unknown>>;

/** The operations for programs of partners: no pages, and nothing of people. */
export function partnerOperations(): readonly AnyOperation[] {
  return operations.filter(({ id, access, success: { body, mediaTypes } }) => {
    const isPage = mediaTypes !== undefined && body === undefined;
    return access === "public" ? !id.startsWith("auth.") && !isPage : access.partner !== undefined;
  });
}

/** @param baseUrl where the partner reaches Portico */
export function partnerCollection(baseUrl: string): Json {
  const document = contractDocument() as unknown as ShownDocument;
  const shown = partnerOperations().map(asPartner);
  return postmanCollection(shown, document, partnerFlow(baseUrl, shown));
}

/** Some operations take a partner's token or an administrator's; a partner's collection sends the former. */
function asPartner(operation: AnyOperation): AnyOperation {
  const { access } = operation;
  return access === "public" || access.partner === undefined
    ? operation
    : { ...operation, access: { partner: access.partner } };
}

/** The contract with a partner's operations alone, and the components that they refer to. */
export function partnerDocument(): Json {
  const document = withoutBoundTokens(contractDocument());
  const shown = new Set(partnerOperations().map(({ method, path }) => `${method.toLowerCase()} ${path}`));
  const paths = Object.fromEntries(
    Object.entries(document["paths"] as Record<string, Json>).flatMap(([path, methods]) => {
      const kept = Object.entries(methods).filter(([method]) => shown.has(`${method} ${path}`));
      return kept.length === 0
        ? []
        : [[path, Object.fromEntries(kept.map(([method, one]) => [method, withoutLinks(one)]))]];
    }),
  );
  return {
    ...document,
    paths,
    components: usedComponents([paths, document["webhooks"]], document["components"] as Components),
  };
}

type Components = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/**
 * The document without the alternative of bound tokens: generators do not know the scheme, and warn about it at every operation. A
 * program that binds tokens makes its proofs itself.
 */
export function withoutBoundTokens(document: Json): Json {
  const text = JSON.stringify(document, (name, value: unknown) =>
    name === "security" && Array.isArray(value) ? value.filter((one: object) => !("boundToken" in one)) : value,
  );
  return JSON.parse(text) as Json;
}

/** Links lead to operations that the document may lack. */
function withoutLinks(operation: unknown): unknown {
  return JSON.parse(JSON.stringify(operation, (name, value: unknown) => (name === "links" ? undefined : value)));
}

function usedComponents(paths: unknown, components: Components): Components {
  const used = new Set<string>();
  const follow = (value: unknown): void => {
    for (const [, kind = "", name = ""] of JSON.stringify(value).matchAll(/"#\/components\/(\w+)\/([\w.-]+)"/g)) {
      if (used.has(`${kind}/${name}`)) continue;
      used.add(`${kind}/${name}`);
      follow(components[kind]?.[name] ?? null);
    }
  };
  follow(paths);
  return Object.fromEntries(
    Object.entries(components).map(([kind, named]) => [
      kind,
      kind === "securitySchemes"
        ? named
        : Object.fromEntries(Object.entries(named).filter(([name]) => used.has(`${kind}/${name}`))),
    ]),
  );
}
