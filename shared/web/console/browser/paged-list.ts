/** A list that is loaded page by page: a table on wide screens and cards on narrow ones. */
import { parameter, setParameter } from "./address.ts";
import type { Page } from "./api.ts";
import { element, newElementId, replaceContent } from "./dom.ts";
import { capitalised, number } from "./format.ts";
import { complainOf, explanationOf } from "./messages.ts";
import { rowOf, tableOf, type Column } from "./table.ts";

export interface ListOptions<Item> {
  /** The plural of the listed things, for example `partners`. */
  readonly things: string;
  readonly columns: readonly Column<Item>[];
  readonly load: (cursor: string | undefined) => Promise<Page<Item>>;
  /** The text of an empty list. */
  readonly empty: string | (() => string);
  /** The text that the filter searches. Default: the list has no filter. */
  readonly textOf?: (item: Item) => string;
  /** Elements beside the filter. */
  readonly tools?: readonly HTMLElement[];
}

/** The most pages that are loaded at once to restore a view from its address. */
const maxRestoredPages = 10;

/** The number of pages that the address names: 1 for any other text. */
function pagesInAddress(): number {
  const pages = Number(parameter("pages"));
  return pages >= 1 ? Math.min(Math.floor(pages), maxRestoredPages) : 1;
}

/** The filter and the number of loaded pages are kept in the address; a view has one list. */
export class PagedList<Item extends object> {
  readonly element: HTMLElement;
  readonly #options: ListOptions<Item>;
  readonly #count = element("p", { class: "count", role: "status" });
  readonly #rows = element("tbody", { role: "rowgroup" });
  readonly #table: HTMLTableElement;
  readonly #nothing = element("p", { class: "empty" }, "Loading…");
  readonly #more: HTMLButtonElement;
  readonly #filter: HTMLInputElement;
  readonly #search: HTMLElement;
  #items: readonly Item[] = [];
  #next: string | null = null;
  /** Counts the loads. A result of an earlier load than the latest is ignored. */
  #latestLoad = 0;
  #loading = false;

  constructor(options: ListOptions<Item>) {
    this.#options = options;
    const { things, columns, textOf, tools = [] } = options;
    this.#table = tableOf(`List of ${things}`, columns, this.#rows);
    this.#table.hidden = true;
    this.#more = element(
      "button",
      { type: "button", id: newElementId(), hidden: true, onclick: () => void this.#loadMore() },
      "Load more",
    );
    const id = newElementId();
    this.#filter = element("input", { id, type: "search", autocomplete: "off", oninput: () => this.#applyFilter() });
    this.#filter.value = parameter("filter") ?? "";
    this.#search = element(
      "div",
      { class: "filter", hidden: true },
      element("label", { for: id }, `Filter the loaded ${things}`),
      this.#filter,
    );
    const search = textOf && this.#search;
    this.element = element(
      "section",
      { class: "list" },
      search || tools.length > 0 ? element("div", { class: "tools" }, search, ...tools) : undefined,
      this.#count,
      this.#table,
      this.#nothing,
      element("div", { class: "more" }, this.#more),
    );
  }

  /** Loads the list from its start, with as many pages as the address names. */
  async reload(): Promise<void> {
    try {
      const page = await this.#load(undefined, pagesInAddress());
      if (page !== undefined) this.#set(page.items, page.nextCursor);
    } catch (error) {
      // The rows of an earlier load could be outdated.
      this.#items = [];
      this.#next = null;
      this.#show();
      this.#nothing.textContent = explanationOf(error);
      throw error;
    }
  }

  async #loadMore(): Promise<void> {
    if (this.#next === null || this.#loading) return;
    const before = this.#items.length;
    try {
      const page = await this.#load(this.#next, 1);
      if (page === undefined) return;
      this.#set([...this.#items, ...page.items], page.nextCursor);
      setParameter("pages", String(Math.min(pagesInAddress() + 1, maxRestoredPages)));
      // The last page hides the button that had the focus.
      if (page.nextCursor === null) this.#rows.rows[before]?.querySelector<HTMLElement>("a, button")?.focus();
    } catch (error) {
      complainOf(error);
    }
  }

  /** @returns undefined when a later load has started meanwhile */
  async #load(cursor: string | undefined, pages: number): Promise<Page<Item> | undefined> {
    const load = ++this.#latestLoad;
    this.#loading = true;
    this.element.setAttribute("aria-busy", "true");
    try {
      const items: Item[] = [];
      let next = cursor;
      for (let count = 0; count < pages && (count === 0 || next !== undefined); count++) {
        const page = await this.#options.load(next);
        if (load !== this.#latestLoad) return undefined;
        items.push(...page.items);
        next = page.nextCursor ?? undefined;
      }
      return { items, nextCursor: next ?? null };
    } finally {
      if (load === this.#latestLoad) {
        this.#loading = false;
        this.element.removeAttribute("aria-busy");
      }
    }
  }

  #set(items: readonly Item[], next: string | null): void {
    this.#items = items;
    this.#next = next;
    this.#show();
  }

  #applyFilter(): void {
    setParameter("filter", this.#filter.value);
    this.#show();
  }

  #show(): void {
    const { things, columns, empty, textOf } = this.#options;
    const emptyText = typeof empty === "string" ? empty : empty();
    const wanted = this.#filter.value.trim().toLowerCase();
    const filtered = textOf !== undefined && wanted !== "";
    const shown = filtered ? this.#items.filter((item) => textOf(item).toLowerCase().includes(wanted)) : this.#items;
    replaceContent(
      this.#rows,
      shown.map((item) => rowOf(item, columns)),
    );
    const loaded = `${number(this.#items.length)}${this.#next === null ? "" : " loaded, there are more"}`;
    this.#count.textContent = filtered
      ? `${number(shown.length)} of ${loaded} match`
      : `${capitalised(things)}: ${loaded}`;
    this.#count.hidden = this.#items.length === 0;
    this.#table.hidden = shown.length === 0;
    this.#nothing.hidden = shown.length > 0;
    this.#nothing.textContent = this.#items.length > 0 ? `None of the loaded ${things} match.` : emptyText;
    this.#search.hidden = this.#items.length === 0 && this.#next === null;
    this.#more.hidden = this.#next === null;
  }
}
