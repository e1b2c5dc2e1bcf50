/** The contract of this version as a document that is the same wherever it is made. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { openApiDocument } from "../../shared/contract/openapi.ts";
import { operations } from "../../shared/operations.ts";

export const projectRoot = join(import.meta.dirname, "../..");

/** Stands for the address of a deployment. */
export const placeholderUrl = "https://api.example.com";

/** The OpenAPI document as JSON has it. */
export function contractDocument(): Readonly<Record<string, unknown>> {
  const { version } = JSON.parse(readFileSync(join(projectRoot, "package.json"), "utf8")) as { version: string };
  const document = openApiDocument(operations, { publicUrl: placeholderUrl, version });
  return JSON.parse(JSON.stringify(document)) as Record<string, unknown>;
}
