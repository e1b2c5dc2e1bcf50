import { basePathOf, publicClients } from "../../shared/runtime/environment.ts";
import { openFiles } from "../../shared/http/files.ts";
import { serveStateless } from "../../shared/http/serve-stateless.ts";
import { operations } from "../../shared/web/docs/contract.ts";
import { docsPage } from "../../shared/web/docs/page.ts";

const files = openFiles(import.meta.dirname);

export const handler = serveStateless(operations.page, async ({ environment }) => {
  const [signInClient = ""] = publicClients(environment);
  return { content: docsPage({ basePath: basePathOf(environment), files }, signInClient) };
});
