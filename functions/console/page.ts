import { basePathOf } from "../../shared/runtime/environment.ts";
import { openFiles } from "../../shared/http/files.ts";
import { serveStateless } from "../../shared/http/serve-stateless.ts";
import { operations } from "../../shared/web/console/contract.ts";
import { consolePage } from "../../shared/web/console/page.ts";

const files = openFiles(import.meta.dirname);

export const handler = serveStateless(operations.page, async ({ environment }) => ({
  content: consolePage(basePathOf(environment), files),
}));
