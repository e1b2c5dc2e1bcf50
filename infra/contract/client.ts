/** `npm run client`: generates a TypeScript client of the contract in `dist/client`. The client only needs `fetch`. */
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { createClient } from "@hey-api/openapi-ts";
import { contractDocument, projectRoot } from "./document.ts";
import { withoutBoundTokens } from "./partner-contract.ts";

/** Not committed: it has several thousand lines that follow from the contract. */
export const clientFolder = join(projectRoot, "dist/client");

/** Writes the client of all operations and replaces the content of its folder. */
export async function makeClient(): Promise<void> {
  await generateClient(withoutBoundTokens(contractDocument()), clientFolder);
}

/**
 * Writes the client of an OpenAPI document. `new Portico({ client }).subscriptions.create(…)` is the operation
 * `subscriptionsCreate` of the document.
 */
export async function generateClient(document: Readonly<Record<string, unknown>>, folder: string): Promise<void> {
  await createClient({
    input: { ...document },
    // Imports keep the extension `.ts`, because Node strips the types.
    output: { path: folder, module: { extension: ".ts" } },
    logs: { level: "silent", file: false },
    plugins: [
      "@hey-api/typescript",
      "@hey-api/client-fetch",
      {
        name: "@hey-api/sdk",
        operations: {
          strategy: "single",
          containerName: "Portico",
          nesting: "operationId",
          // The first capital letter separates the area from the operation.
          nestingDelimiters: /(?<=^[a-z]+)(?=[A-Z])/,
        },
      },
    ],
  });
  await copyFile(join(import.meta.dirname, "verify-webhook.ts"), join(folder, "verify-webhook.ts"));
}

if (import.meta.main) {
  await makeClient();
  console.log("dist/client");
}
