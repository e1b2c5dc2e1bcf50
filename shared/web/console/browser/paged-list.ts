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
  /** Elements above the list. */
  readonly tools?: readonly HTMLElement[];
}

/** The most pages that are loaded at once to restore a view from its address. */
const maxRestoredPages = 10;

/** The number of pages that the address names: 1 for any other text. */
function pagesInAddress(): number {
  const pages = Number(parameter("pages"));
  return pages >= 1 ? Math.min(Math.floor(pages), maxRestoredPages) : 1;
}

/** The number of loaded pages is kept in the address; a view has one list. */
export class PagedList<Item extends object> {
  readonly element: HTMLElement;
  readonly #options: ListOptions<Item>;
  readonly #count = element("p", { class: "count", role: "status" });
  readonly #rows = element("tbody", { role: "rowgroup" });
  readonly #table: HTMLTableElement;
  readonly #nothing = element("p", { class: "empty" }, "Loading…");
  readonly #more: HTMLButtonElement;
  #items: readonly Item[] = [];
  #next: string | null = null;
  /** Counts the loads. A result of an earlier load than the latest is ignored. */
  #latestLoad = 0;
  #loading = false;

  constructor(options: ListOptions<Item>) {
    this.#options = options;
    const { things, columns, tools = [] } = options;
    this.#table = tableOf(`List of ${things}`, columns, this.#rows);
    this.#table.hidden = true;
    this.#more = element(
      "button",
      { type: "button", id: newElementId(), hidden: true, onclick: () => void this.#loadMore() },
      "Load more",
    );
    this.element = element(
      "section",
      { class: "list" },
      tools.length > 0 ? element("div", { class: "tools" }, ...tools) : undefined,
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

  #show(): void {
    const { things, columns, empty } = this.#options;
    replaceContent(
      this.#rows,
      this.#items.map((item) => rowOf(item, columns)),
    );
    const loaded = `${number(this.#items.length)}${this.#next === null ? "" : " loaded, there are more"}`;
    const isEmpty = this.#items.length === 0;
    this.#count.textContent = `${capitalised(things)}: ${loaded}`;
    this.#count.hidden = isEmpty;
    this.#table.hidden = isEmpty;
    this.#nothing.hidden = !isEmpty;
    this.#nothing.textContent = typeof empty === "string" ? empty : empty();
    this.#more.hidden = this.#next === null;
  }
}
