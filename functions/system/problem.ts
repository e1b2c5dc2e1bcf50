import { page as htmlPage } from "../../shared/api/content.ts";
import type { ProblemCode } from "../../shared/api/problems.ts";
import { serveStateless } from "../../shared/api/serve-stateless.ts";
import { operations } from "../../shared/system/contract.ts";
import { prefersHtml, problemPage, problemPageHtml } from "../../shared/system/problem-pages.ts";

export const handler = serveStateless(operations.problem, async ({ path, header }) => {
  const page = problemPage(path.code as ProblemCode);
  return prefersHtml(header("accept"))
    ? { content: htmlPage(problemPageHtml(page)), headers: { vary: "accept" } }
    : { body: page, headers: { vary: "accept" } };
});
