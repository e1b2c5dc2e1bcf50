/** The page of the console: where its program and its style are; the program makes the rest. */
import { page, type Content } from "../../http/content.ts";
import type { Files } from "../../http/files.ts";

/** The page runs and loads what comes from Portico and calls Portico. Its icon is a data URL; nothing is inline. */
const policy = {
  "script-src": "'self'",
  "style-src": "'self'",
  "connect-src": "'self'",
  "img-src": "'self' data:",
};

const icon =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Cpath fill='%231d5bb8' " +
  "d='M8 1 1 5v1h14V5zM2 7v6h2V7zm5 0v6h2V7zm5 0v6h2V7zM1 14v1h14v-1z'/%3E%3C/svg%3E";

/** @param basePath what stands before every path of the API */
export function consolePage(basePath: string, { servedAs }: Pick<Files, "servedAs">): Content {
  const url = (name: string) => `${basePath}/console/${servedAs(name)}`;
  return page(
    `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Portico console</title>
<link rel="icon" href="${icon}">
<link rel="stylesheet" href="${url("console.css")}">
<script defer src="${url("console.js")}"></script>
</head>
<body>
<div id="app"></div>
<noscript><p>The console needs JavaScript.</p></noscript>
</body>
</html>
`,
    policy,
  );
}
