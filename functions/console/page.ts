import { basePathOf } from "../../shared/api/environment.ts";
import { openFiles } from "../../shared/api/files.ts";
import { serveStateless } from "../../shared/api/serve-stateless.ts";
import { operations } from "../../shared/console/contract.ts";
import { consolePage } from "../../shared/console/page.ts";

const files = openFiles(import.meta.dirname);

export const handler = serveStateless(operations.page, async ({ environment }) => ({
  content: consolePage(basePathOf(environment), files),
}));
