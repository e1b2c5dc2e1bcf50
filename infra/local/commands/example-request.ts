/** A request to an operation, made from the examples of its declaration. */
import { randomUUID } from "node:crypto";
import * as z from "zod";
import type { AnyOperation } from "../../../shared/contract/operation.ts";

/** Whom a request comes from. */
export type CallerKind = "partner" | "user" | "admin";

export interface ExampleRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Empty for a request without a body. */
  readonly body: string;
}

interface PropertySchema {
  readonly examples?: readonly unknown[];
  readonly enum?: readonly string[];
}

/** The usual caller of an operation; undefined for a public one. */
export function usualCaller({ access }: AnyOperation): CallerKind | undefined {
  if (access === "public") return undefined;
  if (access.partner !== undefined) return "partner";
  return access.user?.roles.includes("user") === true ? "user" : "admin";
}

/** @param token access token of the caller; absent for a public operation */
export function exampleRequest(operation: AnyOperation, token?: string): ExampleRequest {
  const { method, request } = operation;
  const hasBody = request.body !== undefined;
  const example = (request.bodyExample ?? {}) as Readonly<Record<string, string>>;
  const isForm = request.bodyType === "form";
  return {
    method,
    path: examplePath(operation),
    headers: {
      host: "127.0.0.1",
      accept: "application/json",
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(hasBody && { "content-type": isForm ? "application/x-www-form-urlencoded" : "application/json" }),
      ...(operation.idempotent === true && { "idempotency-key": randomUUID() }),
    },
    body: !hasBody ? "" : isForm ? new URLSearchParams(example).toString() : JSON.stringify(example),
  };
}

function examplePath({ path, request }: AnyOperation): string {
  if (request.path === undefined) return path;
  const { properties = {} } = z.toJSONSchema(request.path, { io: "input", unrepresentable: "any" });
  return path.replaceAll(/\{(\w+)\}/g, (_whole, name: string) => {
    const { examples, enum: choices } = (properties[name] ?? {}) as PropertySchema;
    return encodeURIComponent(String(examples?.[0] ?? choices?.[0] ?? name));
  });
}
