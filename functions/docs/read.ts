import { serveStateless } from "../../shared/http/serve-stateless.ts";
import { notFound } from "../../shared/domain/problems.ts";
import { operations } from "../../shared/web/docs/contract.ts";
import { openPages } from "../../shared/web/docs/served-pages.ts";

const pages = openPages(import.meta.dirname);

export const handler = serveStateless(operations.read, async ({ path, environment }) => {
  const content = pages.find(path.page, environment);
  if (content === undefined) throw notFound();
  return { content };
});
