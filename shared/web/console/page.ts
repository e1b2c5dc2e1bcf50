/** The console's page: an empty document that loads the console's program and style. */
import { page, type Content } from "../../http/content.ts";
import type { Files } from "../../http/files.ts";
import { documentOf } from "../frame.ts";

/** The page loads, runs and calls nothing but Portico. Its icon is a data URL; nothing is inline. */
const policy = {
  "script-src": "'self'",
  "style-src": "'self'",
  "connect-src": "'self'",
  "img-src": "'self' data:",
};

/** @param basePath prefix of every path of the API */
export function consolePage(basePath: string, { servedAs }: Pick<Files, "servedAs">): Content {
  const url = (name: string) => `${basePath}/console/${servedAs(name)}`;
  const head = `<link rel="stylesheet" href="${url("console.css")}">
<script defer src="${url("console.js")}"></script>
`;
  const body = `<div id="app"></div>
<noscript><p>The console needs JavaScript.</p></noscript>
`;
  return page(documentOf({ title: "Portico console", head, bodyClass: "controls", body }), policy);
}
