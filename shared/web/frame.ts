/** The frame of every page: its head, and for the docs and the problem pages the header with links to the other pages. */
import { page, type Content } from "../http/content.ts";
import type { Files } from "../http/files.ts";

/** Where a page's files and the other pages are. */
export interface Site {
  /** Prefix of every path of the API. */
  readonly basePath: string;
  /** The files of `docs.file`. */
  readonly files: Pick<Files, "servedAs">;
}

export interface FramedPage {
  readonly title: string;
  /** The page's path; the header marks the link to it as the current page. */
  readonly path: string;
  /** HTML of the page's content. It starts with the only `h1`. */
  readonly main: string;
  /** HTML between the header and the content. */
  readonly aside?: string;
  /** More HTML for the head. */
  readonly head?: string;
  /** Directives of the content security policy in addition to those that every page of the frame needs. */
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

interface Document {
  readonly title: string;
  /** HTML of the styles and scripts. */
  readonly head: string;
  readonly bodyClass?: string;
  /** HTML of the body's content. */
  readonly body: string;
}

/** A whole HTML document. */
export function documentOf({ title, head, bodyClass, body }: Document): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<link rel="icon" href="${icon}">
${head}</head>
<body${bodyClass === undefined ? "" : ` class="${bodyClass}"`}>
${body}</body>
</html>
`;
}

/** A page in the frame. It loads Portico's own style sheet and nothing else unless `policy` allows more. */
export function framed(framedPage: FramedPage, site: Site): Content {
  return framedContent(framedDocument(framedPage, site), framedPage.policy);
}

/** The content of a whole document in the frame. */
export function framedContent(html: string, policy: FramedPage["policy"]): Content {
  return page(html, { "style-src": "'self'", "img-src": "data:", ...policy });
}

/** The whole HTML document of a page in the frame. */
export function framedDocument(
  { title, path, main, aside = "", head = "" }: Omit<FramedPage, "policy">,
  { basePath, files }: Site,
): string {
  const link = ([to, label]: (typeof destinations)[number]) => {
    const current = to === path ? "page" : path.startsWith(`${to}/`) ? "true" : undefined;
    return `<a href="${basePath}${to}"${current === undefined ? "" : ` aria-current="${current}"`}>${label}</a>`;
  };
  const body = `<a class="skip" href="#main">Skip to the content</a>
<header>
<a class="brand" href="${basePath}/docs">Portico</a>
<nav aria-label="Pages">${destinations.map(link).join("")}</nav>
</header>
${aside}<main id="main" tabindex="-1">
${main}</main>
`;
  const style = `<link rel="stylesheet" href="${basePath}/docs/${files.servedAs("pages.css")}">\n`;
  return documentOf({
    title: `${title} · Portico`,
    head: head + style,
    body,
    ...(aside !== "" && { bodyClass: "wide" }),
  });
}

/** Text as HTML. Text in backticks becomes code. */
export function inHtml(text: string): string {
  return escaped(text).replaceAll(/`([^`]+)`/g, "<code>$1</code>");
}

/** Text as HTML, without any markup. */
export function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
