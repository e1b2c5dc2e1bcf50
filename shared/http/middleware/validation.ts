import type * as z from "zod";
import type { APIGatewayProxyEvent } from "aws-lambda";
import { claimOf } from "../idempotency.ts";
import { badText, pointerTo } from "../json.ts";
import { invalid, notFound, type FieldError } from "../../domain/problems.ts";
import type { RequestContext, Middleware } from "../request-context.ts";

const maxErrors = 50;

/**
 * Validates path, query, body and idempotency key against the declaration. A malformed path parameter gets 404, because no such
 * resource exists.
 */
export function validation(): Middleware {
  return {
    before: ({ event }) => {
      const { context } = event;
      const { request } = context.operation;
      context.path = validPath(request.path, event.pathParameters ?? {});
      context.rawQuery = readQuery(event);
      const query = checked(request.query, context.rawQuery);
      const body = checked(request.body, context.rawBody);
      const errors = [...query.errors, ...body.errors];
      if (errors.length > 0) throw invalid(...errors.slice(0, maxErrors));
      context.query = query.value;
      context.body = body.value;
      context.claim = claim(context, event);
    },
  };
}

function validPath(schema: z.ZodType | undefined, parameters: object): unknown {
  const parsed = schema?.safeParse(parameters);
  if (parsed?.success === false) throw notFound();
  return parsed?.data;
}

/** The query parameters. Each may occur once. */
function readQuery(event: APIGatewayProxyEvent): Record<string, string> {
  const errors: FieldError[] = [];
  const query = Object.entries(event.multiValueQueryStringParameters ?? {}).map(([name, values = []]) => {
    const value = values[0] ?? "";
    if (values.length > 1) errors.push({ pointer: pointerTo([name]), detail: "occurs more than once" });
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

/** Zod's issue as field errors, whose texts never repeat the input. */
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

function claim(context: RequestContext, event: APIGatewayProxyEvent): RequestContext["claim"] {
  if (context.operation.idempotent !== true || context.principal === undefined) return undefined;
  const scope = { principalId: context.principal.id, operationId: context.operation.id, now: context.now };
  return claimOf(context.header("idempotency-key"), scope, [
    event.pathParameters ?? {},
    context.rawBody ?? null,
    context.header("if-match") ?? null,
  ]);
}
