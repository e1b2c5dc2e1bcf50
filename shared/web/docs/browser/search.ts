/** The search over all pages, with an index that is loaded when the reader first needs it. */
import { find } from "./dom.ts";

/** Address below `/docs`, page, heading, text. */
type Entry = readonly [address: string, page: string, heading: string, text: string];

const maxResults = 12;

/** @param docsUrl address of the home page of the docs */
export function enableSearch(form: HTMLFormElement, docsUrl: string): void {
  const input = find("input", HTMLInputElement, form);
  const list = find("ul", HTMLUListElement, form);
  const status = find("[role=status]", HTMLElement, form);
  let index: Promise<readonly Entry[]> | undefined;
  const load = () =>
    (index ??= fetch(form.dataset["index"] ?? "")
      .then(async (response) => (await response.json()) as readonly Entry[])
      .catch(() => {
        index = undefined;
        return [];
      }));
  const show = async () => {
    const words = wordsOf(input.value);
    const found = words.length === 0 ? [] : matches(await load(), words);
    // The reader may have typed on meanwhile.
    if (wordsOf(input.value).join(" ") !== words.join(" ")) return;
    list.replaceChildren(...found.map((entry) => resultOf(entry, docsUrl)));
    list.hidden = words.length === 0;
    if (words.length > 0 && found.length === 0) list.append(item("Nothing found."));
    status.textContent = words.length === 0 ? "" : `${found.length} ${found.length === 1 ? "result" : "results"}`;
  };
  input.addEventListener("focus", () => void load());
  input.addEventListener("input", () => void show());
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    list.querySelector("a")?.click();
  });
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    input.value = "";
    input.focus();
    void show();
  });
  input.disabled = false;
}

function wordsOf(text: string): readonly string[] {
  return text
    .toLowerCase()
    .split(/[\s/]+/)
    .filter((word) => word !== "");
}

/** The entries that have all words, best first: in the heading counts more than in the page's title, and that more than in the text. */
function matches(entries: readonly Entry[], words: readonly string[]): readonly Entry[] {
  const scored = entries.flatMap((entry) => {
    const [, page, heading, text] = entry.map((part) => part.toLowerCase()) as unknown as Entry;
    const scores = words.map((word) =>
      heading.includes(word) ? 4 : page.includes(word) ? 2 : text.includes(word) ? 1 : 0,
    );
    return scores.includes(0) ? [] : [{ entry, score: scores.reduce<number>((sum, score) => sum + score, 0) }];
  });
  return scored
    .sort((a, b) => b.score - a.score)
    .slice(0, maxResults)
    .map(({ entry }) => entry);
}

function resultOf([address, page, heading]: Entry, docsUrl: string): HTMLLIElement {
  const link = document.createElement("a");
  link.href = `${docsUrl}${address}`;
  const title = document.createElement("strong");
  title.textContent = heading;
  link.append(title, heading === page ? "" : ` ${page}`);
  return item(link);
}

function item(content: Node | string): HTMLLIElement {
  const element = document.createElement("li");
  element.append(content);
  return element;
}
