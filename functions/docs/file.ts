import { openFiles } from "../../shared/http/files.ts";
import { notFound } from "../../shared/domain/problems.ts";
import { serveStateless } from "../../shared/http/serve-stateless.ts";
import { operations } from "../../shared/web/docs/contract.ts";
import { withPublicUrl } from "../../shared/web/docs/served-pages.ts";

const files = openFiles(import.meta.dirname);

export const handler = serveStateless(operations.file, async ({ path, environment }) => {
  const content = files.find(path.file);
  if (content === undefined) throw notFound();
  return { content: withPublicUrl(path.file, content, environment) };
});
