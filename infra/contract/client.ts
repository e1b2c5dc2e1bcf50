/** `npm run client`: makes a TypeScript client of the contract, in `dist/client`. It needs nothing but `fetch`. */
import { join } from "node:path";
import { createClient } from "@hey-api/openapi-ts";
import { projectRoot } from "./document.ts";
import { contractPath } from "./generated-files.ts";

/** Not committed: it is several thousand lines that follow from the contract, and partly not ours. */
export const clientFolder = join(projectRoot, "dist/client");

/**
 * Writes the client; what is in its folder is replaced. `new Portico({ client }).subscriptions.create(…)` is the operation
 * `subscriptionsCreate` of the document.
 */
export async function makeClient(): Promise<void> {
  await createClient({
    input: join(projectRoot, contractPath),
    // As Node runs it: by its name, with its types stripped.
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
          // The area's name ends where the operation's begins.
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
