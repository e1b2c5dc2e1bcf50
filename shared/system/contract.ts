/** Operations around the business: health, the contract itself, and the pages that explain problems. */
import * as z from "zod";
import { operation } from "../api/operation.ts";
import { problemCodes } from "../api/problems.ts";
import { tableKeys } from "../table/keys.ts";

const problemPageSchema = z.object({
  code: z.enum(problemCodes as [string, ...string[]]),
  title: z.string(),
  status: z.int(),
  meaning: z.string(),
  remedy: z.string(),
});

export type ProblemPage = z.output<typeof problemPageSchema>;

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

  problem: operation({
    id: "system.problem",
    method: "GET",
    path: "/problems/{code}",
    tag: "System",
    summary: "Explain a problem",
    description: "What a problem's code means and what to do. JSON, or HTML for a browser, by content negotiation.",
    access: "public",
    request: { path: z.strictObject({ code: z.enum(problemCodes as [string, ...string[]]) }) },
    success: {
      status: 200,
      description: "The explanation",
      body: problemPageSchema,
      mediaTypes: ["text/html"],
      example: {
        code: "not_found",
        title: "Not found",
        status: 404,
        meaning: "There is nothing under this address, or nothing that you may see.",
        remedy: "Check the path, the method and the id.",
      },
    },
    problems: [],
    cacheControl: "public, max-age=3600",
    table: [],
  }),
};
