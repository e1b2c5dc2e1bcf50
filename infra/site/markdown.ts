/** Renders the guides: Markdown of ours as HTML, with links into the deployment that serves the page. */
import { Marked, type Tokens } from "marked";
import { escaped } from "../../shared/web/frame.ts";

/** A part of a page that the search finds. */
export interface Section {
  readonly heading: string;
  /** Id of the heading; empty for the top of the page. */
  readonly anchor: string;
  readonly text: string;
}

export interface RenderedPage {
  readonly title: string;
  readonly html: string;
  readonly sections: readonly Section[];
}

/** @param linkTo gives the address of a link's target @throws Error for a text without a title */
export function renderMarkdown(source: string, linkTo: (target: string) => string): RenderedPage {
  const anchors = new Map<string, number>();
  const sections: { heading: string; anchor: string; text: string }[] = [];
  const marked = new Marked({
    walkTokens(token) {
      if (token.type === "heading") {
        const { depth, text } = token as Tokens.Heading;
        if (depth <= 2) sections.push({ heading: plain(text), anchor: depth === 1 ? "" : slugOf(text), text: "" });
      } else if (["paragraph", "table", "code", "list"].includes(token.type)) {
        const last = sections.at(-1);
        if (last !== undefined) last.text += ` ${plain(token.raw)}`;
      }
    },
    renderer: {
      heading({ tokens, depth, text }) {
        const slug = slugOf(text);
        const count = anchors.get(slug) ?? 0;
        anchors.set(slug, count + 1);
        const id = count === 0 ? slug : `${slug}-${count}`;
        return `<h${depth} id="${id}">${this.parser.parseInline(tokens)}</h${depth}>\n`;
      },
      link({ href, tokens }) {
        return `<a href="${escaped(linkTo(href))}">${this.parser.parseInline(tokens)}</a>`;
      },
      // The keyboard has to reach a region that scrolls.
      code: ({ text }) => `<pre tabindex="0"><code>${escaped(text)}</code></pre>\n`,
      table(token) {
        const row = (cells: readonly Tokens.TableCell[], tag: "td" | "th") =>
          `<tr>${cells.map(({ tokens }) => `<${tag}>${this.parser.parseInline(tokens)}</${tag}>`).join("")}</tr>`;
        const rows = token.rows.map((cells) => row(cells, "td")).join("\n");
        const table = `<table><thead>${row(token.header, "th")}</thead><tbody>${rows}</tbody></table>`;
        return `<div class="scrolls" tabindex="0" role="region" aria-label="Table">${table}</div>\n`;
      },
    },
  });
  const html = marked.parse(source, { async: false });
  const [top] = sections;
  if (top?.anchor !== "") throw new Error(`a page begins with its title: ${source.slice(0, 40)}`);
  return { title: top.heading, html, sections };
}

function slugOf(heading: string): string {
  return plain(heading)
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
    .trim()
    .replaceAll(/\s/g, "-");
}

/** Markdown without its marks, on one line. */
function plain(markdown: string): string {
  return markdown
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replaceAll(/```\w*|[`*|]|^[-#]+ |-{3,}/gm, "")
    .replaceAll(/\s+/g, " ")
    .trim();
}
