/** The contract of this version as an OpenAPI document that does not depend on the machine. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { openApiDocument } from "../../shared/contract/openapi.ts";
import { operations, webhooks } from "../../shared/operations.ts";

export const projectRoot = join(import.meta.dirname, "../..");

/** Placeholder for the URL of a deployment. */
export const placeholderUrl = "https://api.example.com";

/** The OpenAPI document as a JSON value. */
export function contractDocument(): Readonly<Record<string, unknown>> {
  const { version } = JSON.parse(readFileSync(join(projectRoot, "package.json"), "utf8")) as { version: string };
  const document = openApiDocument(operations, { publicUrl: placeholderUrl, version, webhooks });
  return JSON.parse(JSON.stringify(document)) as Record<string, unknown>;
}
