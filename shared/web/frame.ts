/** The frame of the docs' pages: their head, and the header that leads from one to the others. */
import { page, type Content } from "../http/content.ts";
import type { Files } from "../http/files.ts";

/** Where a page's files and the other pages are. */
export interface Site {
  /** What stands before every path of the API. */
  readonly basePath: string;
  /** The files of `docs.file`. */
  readonly files: Pick<Files, "servedAs">;
}

export interface Framed {
  readonly title: string;
  /** The path of the page, to be marked among those that the header leads to. */
  readonly path: string;
  /** HTML of the page itself; it begins with its only `h1`. */
  readonly main: string;
  /** HTML of more that belongs into the head. */
  readonly head?: string;
  /** Directives of the content security policy beside the strictest and those of the frame. */
  readonly policy?: Readonly<Record<string, string>>;
}

const destinations = [
  ["/docs", "Docs"],
  ["/problems", "Problems"],
  ["/console", "Console"],
] as const;

const icon =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Cpath fill='%231d5bb8' " +
  "d='M8 1 1 5v1h14V5zM2 7v6h2V7zm5 0v6h2V7zm5 0v6h2V7zM1 14v1h14v-1z'/%3E%3C/svg%3E";

/** A page in the frame: styled by a file of Portico's own, and allowed nothing else unless `policy` says so. */
export function framed({ title, path, main, head = "", policy }: Framed, { basePath, files }: Site): Content {
  const way = ([to, label]: (typeof destinations)[number]) =>
    `<a href="${basePath}${to}"${to === path ? ' aria-current="page"' : ""}>${label}</a>`;
  return page(
    `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} · Portico</title>
<link rel="icon" href="${icon}">
${head}<link rel="stylesheet" href="${basePath}/docs/${files.servedAs("pages.css")}">
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<header>
<a class="brand" href="${basePath}/docs">Portico</a>
<nav aria-label="Pages">${destinations.map(way).join("")}</nav>
</header>
<main id="main" tabindex="-1">
${main}</main>
</body>
</html>
`,
    { "style-src": "'self'", "img-src": "data:", ...policy },
  );
}

/** Text as HTML; what stands in backticks is code. */
export function inHtml(text: string): string {
  return escaped(text).replaceAll(/`([^`]+)`/g, "<code>$1</code>");
}

/** Text as HTML, nothing in it being markup. */
export function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
