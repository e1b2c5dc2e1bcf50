/** The console: a page for administrators. It calls the API like every other client. */
import * as z from "zod";
import { operation } from "../../contract/operation.ts";
import { servedFile } from "../../contract/schemas.ts";

const web = "shared/web/console/browser";

export const operations = {
  page: operation({
    id: "console.page",
    method: "GET",
    path: "/console",
    tag: "System",
    summary: "Open the console",
    description:
      "The page where administrators sign in and manage Portico. It has no rights of its own: each call uses the administrator's token.",
    access: "public",
    request: {},
    success: { status: 200, description: "The page", mediaTypes: ["text/html"] },
    problems: [],
    cacheControl: "no-cache",
    table: [],
    filesOf: "console.file",
  }),

  file: operation({
    id: "console.file",
    method: "GET",
    path: "/console/{file}",
    tag: "System",
    summary: "Load a file of the console",
    description: "A file that the page loads. Its name changes with its content, so caches can keep it forever.",
    access: "public",
    request: { path: z.strictObject({ file: servedFile }) },
    success: { status: 200, description: "The file", mediaTypes: ["text/javascript", "text/css"] },
    problems: [],
    cacheControl: "public, max-age=31536000, immutable",
    table: [],
    files: { "console.js": `${web}/main.ts`, "console.css": `${web}/console.css` },
  }),
};
