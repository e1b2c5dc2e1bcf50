/** All pages of the docs: guides from `docs/guides`, the changelog and the reference, each with the sidebar. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { escaped, framedDocument, type Site } from "../../shared/web/frame.ts";
import { homePage, pageGroups } from "../../shared/web/docs/pages.ts";
import { pagePlaceholders } from "../../shared/web/docs/served-pages.ts";
import { placeholderUrl, projectRoot } from "../contract/document.ts";
import { renderMarkdown, type RenderedPage } from "./markdown.ts";
import { referencePages } from "./reference.ts";

const { basePath, publicUrl } = pagePlaceholders;

/** Served name of a declared file of the docs. */
type ServedAs = Site["files"]["servedAs"];

/** An entry of the search index: address below `/docs`, page, heading, text. */
export type SearchEntry = readonly [address: string, page: string, heading: string, text: string];

/** The pages as whole documents by their names. @param servedAs names of the files that the pages load */
export function sitePages(servedAs: ServedAs): ReadonlyMap<string, string> {
  const pages = renderedPages(servedAs);
  return new Map([...pages].map(([name, page]) => [name, pageDocument(name, page, servedAs)]));
}

/** The index of the search as JSON. */
export function searchIndex(): string {
  // Links lead into files, but the index has none.
  const entries = [...renderedPages((name) => name)].flatMap(([name, { title, sections }]) =>
    sections.map(({ anchor, heading, text }): SearchEntry => {
      const address = `${name === homePage ? "" : `/pages/${name}`}${anchor === "" ? "" : `#${anchor}`}`;
      return [address, title, heading, text.trim()];
    }),
  );
  return JSON.stringify(entries);
}

function renderedPages(servedAs: ServedAs): ReadonlyMap<string, RenderedPage> {
  const reference: Readonly<Record<string, RenderedPage>> = referencePages();
  const names = [homePage, ...pageGroups.flatMap(({ pages }) => Object.keys(pages))];
  return new Map(names.map((name) => [name, reference[name] ?? guide(name, servedAs)]));
}

function guide(name: string, servedAs: ServedAs): RenderedPage {
  const source = name === "changelog" ? changelog() : readFileSync(join(projectRoot, `docs/guides/${name}.md`), "utf8");
  const page = renderMarkdown(source, linkTo);
  return { ...page, html: withServedNames(page.html, servedAs) };
}

/** Links between guides lead to pages; those to the placeholder's host stay in the deployment. */
function linkTo(target: string): string {
  if (target.startsWith(`${placeholderUrl}/`)) return `${basePath}${target.slice(placeholderUrl.length)}`;
  const [, name, anchor = ""] = /^([\w-]+)\.md(#.*)?$/.exec(target) ?? [];
  if (name !== undefined) return `${basePath}/docs/pages/${name}${anchor}`;
  throw new Error(`a guide links to ${target}, which callers cannot reach`);
}

/** Guides name a file without the hash of its content. */
function withServedNames(html: string, servedAs: ServedAs): string {
  return html.replaceAll(
    /\/docs\/([\w-]+\.(?:tar|postman_collection\.json))/g,
    (_match, name: string) => `/docs/${servedAs(name)}`,
  );
}

/** What the changelog says to callers. Its links lead into the repository, so their texts remain. */
function changelog(): string {
  const source = readFileSync(join(projectRoot, "CHANGELOG.md"), "utf8");
  const versions = source.split(/^## /m).slice(1);
  const shown = versions.map((version) => {
    const [, name = ""] = /^\[([^\]]+)\]/.exec(version) ?? [];
    const [, added = ""] = /^#### For callers\n([\s\S]*?)(?=^#{2,4} )/m.exec(version) ?? [];
    const others = [
      ...version.matchAll(/^### (Changed|Deprecated|Removed) for callers\n([\s\S]*?)(?=^#{2,4} |$(?![\s\S]))/gm),
    ];
    const parts = others.map(([, kind = "", text = ""]) => `**${kind}**\n\n${text.trim()}`);
    return [`## ${name}`, added.trim(), ...parts].join("\n\n");
  });
  return ["# Changelog", "What callers notice, newest first.", ...shown]
    .join("\n\n")
    .replaceAll(/\[([^\]]+)\]\([^)]+\)/g, "$1");
}

function pageDocument(name: string, { title, html }: RenderedPage, servedAs: ServedAs): string {
  const url = (file: string) => `${basePath}/docs/${servedAs(file)}`;
  const head = `<link rel="service-desc" type="application/json" href="${basePath}/openapi.json">
<link rel="stylesheet" href="${url("docs.css")}">
<script defer src="${url("docs.js")}"></script>
`;
  const page = {
    title,
    path: name === homePage ? "/docs" : `/docs/pages/${name}`,
    head,
    aside: sidebar(name, url("search.json")),
    main: `<div class="article">\n${html}</div>\n`,
  };
  return framedDocument(page, { basePath, files: { servedAs } }).replaceAll(placeholderUrl, publicUrl);
}

function sidebar(current: string, index: string): string {
  const link = (name: string, title: string) => {
    const path = name === homePage ? "" : `/pages/${name}`;
    const mark = name === current ? ' aria-current="page"' : "";
    return `<li><a href="${basePath}/docs${path}"${mark}>${escaped(title)}</a></li>\n`;
  };
  const groups = pageGroups.map(({ title, pages }) => {
    const home = title === "Start" ? link(homePage, "Overview") : "";
    const links = Object.entries<string>(pages).map(([name, pageTitle]) => link(name, pageTitle));
    return `<h2>${title}</h2>\n<ul>\n${home}${links.join("")}</ul>\n`;
  });
  return `<div class="sidebar">
<form class="search controls" role="search" data-index="${index}">
<label for="search">Search the docs</label>
<input id="search" type="search" autocomplete="off" spellcheck="false" disabled>
<p class="visually-hidden" role="status"></p>
<ul hidden></ul>
</form>
<details class="menu" open><summary>Pages</summary>
<nav aria-label="Documentation">
${groups.join("")}</nav>
</details>
</div>
`;
}
