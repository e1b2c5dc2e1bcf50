/** Operations of the system itself: health, the OpenAPI document, and the pages that explain problems. */
import * as z from "zod";
import { operation } from "../contract/operation.ts";
import { problemCodes, type ProblemCode } from "../domain/problems.ts";
import { systemPartitions } from "./keys.ts";

const code = z.enum(problemCodes as [ProblemCode, ...ProblemCode[]]).describe("Code of the problem");
const title = z.string().describe("Title of the problem");
const status = z.int().describe("HTTP status of its responses");

const problemSummarySchema = z.object({
  code,
  title,
  status,
  meaning: z.string().describe("What it means"),
});

const problemListSchema = z.object({
  problems: z.array(problemSummarySchema).readonly().describe("All problems of the catalogue"),
});

export type ProblemListView = z.output<typeof problemListSchema>;

const fieldErrorSchema = z.object({
  pointer: z.string().describe("JSON Pointer (RFC 6901) of the field in the request"),
  detail: z.string().describe("What is wrong with it"),
});

const problemPageSchema = problemSummarySchema.extend({
  causes: z.array(z.string()).readonly().describe("What leads to it"),
  remedy: z.string().describe("What to do about it"),
  example: z
    .object({
      type: z.url().describe("The page that explains the code"),
      title,
      status,
      detail: z.string().describe("Explanation of this occurrence"),
      instance: z.string().describe("URN of the request"),
      code,
      requestId: z.string().describe("Identifies the request in the logs"),
      errors: z.array(fieldErrorSchema).readonly().optional().describe("The fields that are wrong"),
    })
    .describe("A response with this code"),
});

export type ProblemPageView = z.output<typeof problemPageSchema>;

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
    description: "Reports whether Portico can serve requests: 503 when the table cannot be read.",
    access: "public",
    request: {},
    success: {
      status: 200,
      description: "Portico is healthy",
      body: z.object({
        status: z.literal("ok").describe("Always `ok`: otherwise the response is 503"),
        version: z.string().describe("The release"),
        checks: z.object({ table: z.literal("ok").describe("The table can be read") }).describe("What was checked"),
      }),
      example: { status: "ok", version: "0.1.0", checks: { table: "ok" } },
    },
    problems: ["unavailable"],
    table: [{ actions: ["GetItem"], leadingKeys: [systemPartitions.health] }],
    timeoutSeconds: 5,
  }),

  openapi: operation({
    id: "system.openapi",
    method: "GET",
    path: "/openapi.json",
    tag: "System",
    summary: "Read the OpenAPI document",
    description: "Returns this document, OpenAPI 3.1, generated from the schemas that validate requests.",
    access: "public",
    request: {},
    success: {
      status: 200,
      description: "The OpenAPI document",
      body: z.looseObject({ openapi: z.string().describe("Version of the specification") }),
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
      "Lists all problem codes with their meanings. The response is JSON, or HTML for a browser, by content negotiation.",
    access: "public",
    request: {},
    success: {
      status: 200,
      description: "All problem codes",
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
      "Explains a code with its causes, a remedy and an example. The `type` of a problem points to this page. The response is JSON, " +
      "or HTML for a browser, by content negotiation.",
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
