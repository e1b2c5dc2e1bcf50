import { basePathOf } from "../../shared/runtime/environment.ts";
import { openFiles } from "../../shared/http/files.ts";
import { serveStateless } from "../../shared/http/serve-stateless.ts";
import { operations } from "../../shared/system/contract.ts";
import { prefersHtml, problemList, problemListHtml } from "../../shared/web/problems/pages.ts";

const files = openFiles(import.meta.dirname);

export const handler = serveStateless(operations.problems, async ({ header, environment }) =>
  prefersHtml(header("accept"))
    ? {
        content: problemListHtml(problemList(), { basePath: basePathOf(environment), files }),
        headers: { vary: "accept" },
      }
    : { body: problemList(), headers: { vary: "accept" } },
);
