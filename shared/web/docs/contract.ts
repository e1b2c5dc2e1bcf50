/** Operations of the docs page, which shows the contract to people. */
import * as z from "zod";
import { operation } from "../../contract/operation.ts";
import { servedFile } from "../../contract/schemas.ts";

const swaggerUi = "node_modules/swagger-ui-dist";

export const operations = {
  page: operation({
    id: "docs.page",
    method: "GET",
    path: "/docs",
    tag: "System",
    summary: "Read the docs",
    description:
      "The contract as a web page. It signs people in, gets tokens with client credentials and sends requests. Each operation has " +
      "its own address.",
    access: "public",
    request: {},
    success: { status: 200, description: "The page", mediaTypes: ["text/html"] },
    problems: [],
    cacheControl: "no-cache",
    table: [],
    filesOf: "docs.file",
  }),

  file: operation({
    id: "docs.file",
    method: "GET",
    path: "/docs/{file}",
    tag: "System",
    summary: "Load a file of the docs",
    description:
      "A file that the docs and the problem pages load. Its name changes with its content, so caches can keep it forever.",
    access: "public",
    request: { path: z.strictObject({ file: servedFile }) },
    success: { status: 200, description: "The file", mediaTypes: ["text/javascript", "text/css", "text/plain"] },
    problems: [],
    cacheControl: "public, max-age=31536000, immutable",
    table: [],
    files: {
      "pages.css": "shared/web/styles/pages.css",
      "docs.css": "shared/web/docs/browser/docs.css",
      "docs.js": "shared/web/docs/browser/docs.ts",
      "swagger-ui.css": `${swaggerUi}/swagger-ui.css`,
      "swagger-ui-bundle.js": `${swaggerUi}/swagger-ui-bundle.js`,
      "license.txt": `${swaggerUi}/LICENSE`,
      "notice.txt": `${swaggerUi}/NOTICE`,
      "swagger-ui-bundle.js.LICENSE.txt": `${swaggerUi}/swagger-ui-bundle.js.LICENSE.txt`,
    },
  }),
};
