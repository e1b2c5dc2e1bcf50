/** The page of the docs: where its files and the contract are; the rest is Swagger UI. */
import { page, type Content } from "../api/content.ts";
import type { Files } from "../api/files.ts";

/** What the page may do: run and load what comes from Portico, call Portico, and nothing else. */
const policy = {
  "script-src": "'self'",
  "style-src": "'self'",
  "connect-src": "'self'",
  "img-src": "'self' data:",
};

/** @param basePath what stands before every path of the API */
export function docsPage(basePath: string, { servedAs }: Pick<Files, "servedAs">): Content {
  const url = (name: string) => `${basePath}/docs/${servedAs(name)}`;
  return page(
    `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Portico</title>
<link rel="icon" href="data:,">
<link rel="license" href="${url("license.txt")}">
<link rel="service-desc" href="${basePath}/openapi.json">
<link rel="stylesheet" href="${url("swagger-ui.css")}">
<script defer src="${url("swagger-ui-bundle.js")}"></script>
<script defer src="${url("docs.js")}"></script>
<div id="docs"></div>
</html>
`,
    policy,
  );
}
