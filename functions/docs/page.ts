import { serveStateless } from "../../shared/http/serve-stateless.ts";
import { operations } from "../../shared/web/docs/contract.ts";
import { homePage } from "../../shared/web/docs/pages.ts";
import { openPages } from "../../shared/web/docs/served-pages.ts";

const pages = openPages(import.meta.dirname);

export const handler = serveStateless(operations.page, async ({ environment }) => {
  const content = pages.find(homePage, environment);
  if (content === undefined) throw new Error("the build has rendered no home page");
  return { content };
});
