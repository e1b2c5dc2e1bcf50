/** Operations of the docs: guides, the reference and downloads, for people. */
import * as z from "zod";
import { operation } from "../../contract/operation.ts";
import { servedFile } from "../../contract/schemas.ts";
import { homePage, pageNames } from "./pages.ts";

export const operations = {
  page: operation({
    id: "docs.page",
    method: "GET",
    path: "/docs",
    tag: "System",
    summary: "Read the docs",
    description: "The home page of the docs: the ways to the guides, the reference and the downloads.",
    access: "public",
    request: {},
    success: { status: 200, description: "The page", mediaTypes: ["text/html"] },
    problems: [],
    cacheControl: "no-cache",
    table: [],
    pages: [homePage],
  }),

  read: operation({
    id: "docs.read",
    method: "GET",
    path: "/docs/pages/{page}",
    tag: "System",
    summary: "Read a page of the docs",
    description:
      "A guide, or a part of the reference. The reference shows code samples for each operation, gets tokens, signs people in and " +
      "sends requests. Each operation has its own address.",
    access: "public",
    request: {
      path: z.strictObject({
        page: z
          .string()
          .max(100)
          .meta({ description: "Name of the page, as in the sidebar", examples: ["quick-start"] }),
      }),
    },
    success: { status: 200, description: "The page", mediaTypes: ["text/html"] },
    problems: [],
    cacheControl: "no-cache",
    table: [],
    pages: pageNames,
  }),

  file: operation({
    id: "docs.file",
    method: "GET",
    path: "/docs/{file}",
    tag: "System",
    summary: "Load a file of the docs",
    description:
      "A file that the docs and the problem pages load or offer. Its name changes with its content, so caches can keep it forever.",
    access: "public",
    request: { path: z.strictObject({ file: servedFile }) },
    success: {
      status: 200,
      description: "The file",
      mediaTypes: ["text/javascript", "text/css", "text/plain", "application/json", "application/x-tar"],
    },
    problems: [],
    cacheControl: "public, max-age=31536000, immutable",
    table: [],
    files: {
      "pages.css": "shared/web/styles/pages.css",
      "docs.css": "shared/web/docs/browser/docs.css",
      "docs.js": "shared/web/docs/browser/docs.ts",
      "search.json": "generated:search",
      "partner.postman_collection.json": "generated:partner-collection",
      "portico-partner-client.tar": "generated:partner-client",
    },
  }),
};
