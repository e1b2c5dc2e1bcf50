import type * as z from "zod";
import type { APIGatewayProxyEvent } from "aws-lambda";
import { claimOf } from "../idempotency.ts";
import { badText, pointerTo } from "../json.ts";
import { invalid, notFound, type FieldError } from "../../domain/problems.ts";
import type { Call, Middleware } from "../request-context.ts";

const maxErrors = 50;

/**
 * Validates path, query and body by the declared schemas, and the idempotency key. A path parameter of the wrong form names
 * nothing that exists: 404.
 */
export function validation(): Middleware {
  return {
    before: ({ event }) => {
      const { call } = event;
      const { request } = call.operation;
      call.path = validPath(request.path, event.pathParameters ?? {});
      call.rawQuery = readQuery(event);
      const query = checked(request.query, call.rawQuery);
      const body = checked(request.body, call.rawBody);
      const errors = [...query.errors, ...body.errors];
      if (errors.length > 0) throw invalid(...errors.slice(0, maxErrors));
      call.query = query.value;
      call.body = body.value;
      call.claim = claim(call, event);
    },
  };
}

function validPath(schema: z.ZodType | undefined, parameters: object): unknown {
  const parsed = schema?.safeParse(parameters);
  if (parsed?.success === false) throw notFound();
  return parsed?.data;
}

/** The query's parameters; each may be there once. */
function readQuery(event: APIGatewayProxyEvent): Record<string, string> {
  const errors: FieldError[] = [];
  const query = Object.entries(event.multiValueQueryStringParameters ?? {}).map(([name, values = []]) => {
    const value = values[0] ?? "";
    if (values.length > 1) errors.push({ pointer: pointerTo([name]), detail: "is there more than once" });
    const bad = badText(value);
    if (bad !== undefined) errors.push({ pointer: pointerTo([name]), detail: bad });
    return [name, value] as const;
  });
  if (errors.length > 0) throw invalid(...errors.slice(0, maxErrors));
  return Object.fromEntries(query);
}

function checked(schema: z.ZodType | undefined, value: unknown): { value?: unknown; errors: readonly FieldError[] } {
  if (schema === undefined) {
    const unknown = Object.keys(value ?? {});
    return {
      errors: unknown.map((name) => ({ pointer: pointerTo([name]), detail: "is not a parameter of this operation" })),
    };
  }
  const parsed = schema.safeParse(value);
  return parsed.success ? { value: parsed.data, errors: [] } : { errors: parsed.error.issues.flatMap(fieldErrors) };
}

/** Zod's issue as field errors, in words that never repeat what was sent. */
function fieldErrors(issue: z.core.$ZodIssue): FieldError[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((name) => ({
      pointer: pointerTo([...issue.path, name]),
      detail: "is not a field of this operation",
    }));
  }
  const pointer = pointerTo(issue.path);
  if (issue.code === "invalid_type" && issue.input === undefined && issue.message.includes("undefined")) {
    return [{ pointer, detail: "is required" }];
  }
  return [{ pointer, detail: issue.message }];
}

function claim(call: Call, event: APIGatewayProxyEvent): Call["claim"] {
  if (call.operation.idempotent !== true || call.principal === undefined) return undefined;
  const scope = { principalId: call.principal.id, operationId: call.operation.id, now: call.now };
  return claimOf(call.header("idempotency-key"), scope, [
    event.pathParameters ?? {},
    call.rawBody ?? null,
    call.header("if-match") ?? null,
  ]);
}
