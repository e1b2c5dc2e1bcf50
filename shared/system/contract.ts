/** Operations around the business: health, the contract itself, and the pages that explain problems. */
import * as z from "zod";
import { operation } from "../contract/operation.ts";
import { problemCodes, type ProblemCode } from "../domain/problems.ts";
import { tableKeys } from "../runtime/key.ts";

const code = z.enum(problemCodes as [ProblemCode, ...ProblemCode[]]);

const problemSummarySchema = z.object({ code, title: z.string(), status: z.int(), meaning: z.string() });

const problemListSchema = z.object({ problems: z.array(problemSummarySchema).readonly() });

export type ProblemList = z.output<typeof problemListSchema>;

const fieldErrorSchema = z.object({ pointer: z.string(), detail: z.string() });

const problemPageSchema = problemSummarySchema.extend({
  causes: z.array(z.string()).readonly(),
  remedy: z.string(),
  example: z.object({
    type: z.url(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    instance: z.string(),
    code,
    requestId: z.string(),
    errors: z.array(fieldErrorSchema).readonly().optional(),
  }),
});

export type ProblemPage = z.output<typeof problemPageSchema>;

const notFoundExample = {
  code: "not_found",
  title: "Not found",
  status: 404,
  meaning: "There is nothing under this address, or nothing that you may see.",
} as const;

export const operations = {
  health: operation({
    id: "system.health",
    method: "GET",
    path: "/health",
    tag: "System",
    summary: "Check the health",
    description: "Whether Portico can serve: 503 when the table cannot be read.",
    access: "public",
    request: {},
    success: {
      status: 200,
      description: "Portico is well",
      body: z.object({ status: z.literal("ok"), version: z.string(), checks: z.object({ table: z.literal("ok") }) }),
      example: { status: "ok", version: "0.1.0", checks: { table: "ok" } },
    },
    problems: ["unavailable"],
    table: [{ actions: ["GetItem"], leadingKeys: [tableKeys.health] }],
    timeoutSeconds: 5,
  }),

  openapi: operation({
    id: "system.openapi",
    method: "GET",
    path: "/openapi.json",
    tag: "System",
    summary: "Read the contract",
    description: "This document: OpenAPI 3.1, made from the schemas that validate.",
    access: "public",
    request: {},
    success: {
      status: 200,
      description: "The OpenAPI document",
      body: z.looseObject({ openapi: z.string() }),
      example: { openapi: "3.1.1" },
    },
    problems: [],
    cacheControl: "public, max-age=300",
    table: [],
  }),

  problems: operation({
    id: "system.problems",
    method: "GET",
    path: "/problems",
    tag: "System",
    summary: "List the problems",
    description:
      "The closed catalogue of codes, each with its meaning. JSON, or HTML for a browser, by content negotiation.",
    access: "public",
    request: {},
    success: {
      status: 200,
      description: "Every code",
      body: problemListSchema,
      mediaTypes: ["text/html"],
      example: { problems: [notFoundExample] },
    },
    problems: [],
    cacheControl: "public, max-age=3600",
    table: [],
    filesOf: "docs.file",
  }),

  problem: operation({
    id: "system.problem",
    method: "GET",
    path: "/problems/{code}",
    tag: "System",
    summary: "Explain a problem",
    description:
      "What a code means, why it happens, what to do and an example: the page that a problem's `type` points to. JSON, or HTML for a browser, by content negotiation.",
    access: "public",
    request: { path: z.strictObject({ code }) },
    success: {
      status: 200,
      description: "The explanation",
      body: problemPageSchema,
      mediaTypes: ["text/html"],
      example: {
        ...notFoundExample,
        causes: ["The path or the method has a slip, or the id is not of the right form."],
        remedy: "Check the path, the method and the id.",
        example: {
          type: "https://api.example.com/problems/not_found",
          title: "Not found",
          status: 404,
          detail: "There is nothing here that you may see.",
          instance: "urn:uuid:1b2f6d3e-8c4a-4e0f-9d57-3a6b1c2d4e5f",
          code: "not_found",
          requestId: "1b2f6d3e-8c4a-4e0f-9d57-3a6b1c2d4e5f",
        },
      },
    },
    problems: [],
    cacheControl: "public, max-age=3600",
    table: [],
    filesOf: "docs.file",
  }),
};
