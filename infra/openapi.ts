/** `npm run openapi [-- FILE]`: writes the OpenAPI document to a file, or to the terminal. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openApiDocument } from "../shared/api/openapi.ts";
import { operations } from "../shared/operations.ts";

const { version } = JSON.parse(readFileSync(join(import.meta.dirname, "../package.json"), "utf8")) as {
  version: string;
};
const document = openApiDocument(operations, { publicUrl: "https://api.example.com", version });
const text = `${JSON.stringify(document, undefined, 2)}\n`;

const file = process.argv[2];
if (file === undefined) process.stdout.write(text);
else writeFileSync(file, text);
