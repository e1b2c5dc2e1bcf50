import { openFiles } from "../../shared/api/files.ts";
import { notFound } from "../../shared/api/problems.ts";
import { serveStateless } from "../../shared/api/serve-stateless.ts";
import { operations } from "../../shared/console/contract.ts";

const files = openFiles(import.meta.dirname);

export const handler = serveStateless(operations.file, async ({ path }) => {
  const content = files.find(path.file);
  if (content === undefined) throw notFound();
  return { content };
});
