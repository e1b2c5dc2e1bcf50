/** `npm run client`: generates a TypeScript client of the contract in `dist/client`. The client only needs `fetch`. */
import { join } from "node:path";
import { createClient } from "@hey-api/openapi-ts";
import { projectRoot } from "./document.ts";
import { contractPath } from "./generated-files.ts";

/** Not committed: it has several thousand lines that follow from the contract. */
export const clientFolder = join(projectRoot, "dist/client");

/**
 * Writes the client and replaces the content of its folder. `new Portico({ client }).subscriptions.create(…)` is the operation
 * `subscriptionsCreate` of the document.
 */
export async function makeClient(): Promise<void> {
  await createClient({
    input: join(projectRoot, contractPath),
    // Imports keep the extension `.ts`, because Node strips the types.
    output: { path: clientFolder, module: { extension: ".ts" } },
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
}

if (import.meta.main) {
  await makeClient();
  console.log("dist/client");
}
