/** Requests to any declared operation, made from its declaration. */
import * as z from "zod";
import type { AnyOperation } from "../../shared/contract/operation.ts";
import { newId } from "../../shared/domain/ids.ts";
import type { Answer } from "./answer.ts";
import { newUser, sessionOf } from "./people.ts";
import type { Portico } from "./portico.ts";

type Schema = Record<string, any>;

/** The JSON Schema of what a caller sends. */
export function requestSchema(schema: z.ZodType | undefined): Schema {
  return schema === undefined ? {} : z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
}

/** A path with well-formed values, which need not exist. */
export function pathOf({ path, request }: AnyOperation, values: Readonly<Record<string, string>> = {}): string {
  const { properties = {} } = requestSchema(request.path);
  return path.replaceAll(/\{(\w+)\}/g, (_whole, name: string) => values[name] ?? wellFormed(properties[name] ?? {}));
}

function wellFormed({ pattern = "", enum: choices }: Schema): string {
  if (choices !== undefined) return choices[0];
  const prefix = /^\^([a-z]+_)\[/.exec(pattern)?.[1];
  return prefix === undefined ? "customer-4711" : newId(prefix, new Date(0));
}

/** Calls operations at well-formed paths, all at the same time. */
export async function callAll(
  { call }: Pick<Portico, "call">,
  called: readonly AnyOperation[],
  token: string,
): Promise<readonly Answer[]> {
  return await Promise.all(called.map((operation) => call(operation.method, pathOf(operation), { token })));
}

/** Callers of every kind, made once. */
export interface Callers {
  /** Partner id and a token with every scope. */
  readonly partner: { readonly id: string; readonly token: string };
  readonly root: string;
  /** Signs in a new user, whose sessions no other test uses. */
  readonly leaver: () => Promise<string>;
  /** A token of another partner that has no scope but this one. */
  readonly scoped: Readonly<Record<"subscriptions:read" | "companies:read", string>>;
}

export async function makeCallers(portico: Portico): Promise<Callers> {
  const [partner, reader, other] = [
    await portico.partnerWithToken(),
    await portico.registerPartner(),
    await portico.registerPartner(),
  ];
  return {
    partner,
    root: await portico.rootToken(),
    leaver: async () => (await sessionOf(portico, await newUser(portico))).accessToken,
    scoped: {
      "subscriptions:read": await portico.partnerToken(reader, "subscriptions:read"),
      "companies:read": await portico.partnerToken(other, "companies:read"),
    },
  };
}

/** A token that may call the operation; undefined where none is needed. */
export function rightfulToken({ access }: AnyOperation, callers: Callers): string | undefined {
  if (access === "public") return undefined;
  return access.user?.roles.includes("root") ? callers.root : callers.partner.token;
}

/** The same for a successful call: signing out uses a session of its own. */
export async function expendableToken(operation: AnyOperation, callers: Callers): Promise<string | undefined> {
  return operation.id === "auth.logout" ? await callers.leaver() : rightfulToken(operation, callers);
}

export interface WrongCaller {
  readonly token: string;
  readonly code: "forbidden" | "insufficient_scope";
}

/** Tokens that are valid but may not call the operation. */
export function wrongCallers({ access }: AnyOperation, callers: Callers): WrongCaller[] {
  if (access === "public") return [];
  const scope = access.partner?.scope;
  const lacking =
    scope === "subscriptions:read" ? callers.scoped["companies:read"] : callers.scoped["subscriptions:read"];
  return [
    ...(access.partner === undefined ? [{ token: callers.partner.token, code: "forbidden" } as const] : []),
    ...(scope === undefined ? [] : [{ token: lacking, code: "insufficient_scope" } as const]),
    ...(access.user?.roles.includes("root") ? [] : [{ token: callers.root, code: "forbidden" } as const]),
  ];
}
