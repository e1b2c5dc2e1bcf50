import { basePathOf } from "../../shared/runtime/environment.ts";
import { openFiles } from "../../shared/http/files.ts";
import { serveStateless } from "../../shared/http/serve-stateless.ts";
import { operations } from "../../shared/system/contract.ts";
import { prefersHtml, problemPage, problemPageHtml } from "../../shared/web/problems/pages.ts";

const files = openFiles(import.meta.dirname);

export const handler = serveStateless(operations.problem, async ({ path, header, environment }) => {
  const page = problemPage(path.code, environment.PUBLIC_URL);
  return prefersHtml(header("accept"))
    ? { content: problemPageHtml(page, { basePath: basePathOf(environment), files }), headers: { vary: "accept" } }
    : { body: page, headers: { vary: "accept" } };
});
