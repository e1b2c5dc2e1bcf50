import { basePathOf, publicClients } from "../../shared/api/environment.ts";
import { openFiles } from "../../shared/api/files.ts";
import { serveStateless } from "../../shared/api/serve-stateless.ts";
import { operations } from "../../shared/docs/contract.ts";
import { docsPage } from "../../shared/docs/page.ts";

const files = openFiles(import.meta.dirname);

export const handler = serveStateless(operations.page, async ({ environment }) => {
  const [signInClient = ""] = publicClients(environment);
  return { content: docsPage({ basePath: basePathOf(environment), files }, signInClient) };
});
