/** Lists that come in pages, as a table that becomes cards on a narrow screen. */
import type { Page } from "./api.ts";
import { element, newElementId, replaceContent, type Child } from "./dom.ts";
import { complainOf, explanationOf } from "./messages.ts";

export interface Column<Item> {
  readonly title: string;
  readonly cell: (item: Item) => Child;
  readonly numeric?: boolean;
}

export interface ListOptions<Item> {
  /** What it lists, in the plural: `partners`. */
  readonly things: string;
  readonly columns: readonly Column<Item>[];
  readonly load: (cursor: string | undefined) => Promise<Page<Item>>;
  /** What is shown when there is nothing. */
  readonly empty: string;
  /** What a filter looks into; without it there is none. */
  readonly textOf?: (item: Item) => string;
  /** Beside the filter. */
  readonly tools?: readonly HTMLElement[];
}

export interface List<Item> {
  readonly element: HTMLElement;
  /** Reads the first page again. */
  reload: () => Promise<void>;
  /** Puts another state of an item in place of the one with its id. */
  replace: (item: Item) => void;
}

export function list<Item extends { readonly id: string }>(options: ListOptions<Item>): List<Item> {
  const { things, columns, load, empty, textOf, tools = [] } = options;
  let items: Item[] = [];
  let next: string | null = null;
  let loading = false;

  const count = element("p", { class: "count", role: "status" });
  const rows = element("tbody", { role: "rowgroup" });
  const head = columns.map(({ title, numeric }) =>
    element("th", { scope: "col", role: "columnheader", class: numeric === true && "numeric" }, title),
  );
  const table = element(
    "table",
    { role: "table", "aria-label": `List of ${things}` },
    element("thead", { role: "rowgroup" }, element("tr", { role: "row" }, ...head)),
    rows,
  );
  const nothing = element("p", { class: "empty" });
  const more = element("button", { type: "button", id: newElementId(), onclick: () => void loadMore() }, "Load more");
  const filterId = newElementId();
  const filter = element("input", { id: filterId, type: "search", autocomplete: "off", oninput: () => show() });
  const search =
    textOf &&
    element("div", { class: "filter" }, element("label", { for: filterId }, `Filter the loaded ${things}`), filter);
  const whole = element(
    "section",
    { class: "list" },
    search || tools.length > 0 ? element("div", { class: "tools" }, search, ...tools) : undefined,
    count,
    table,
    nothing,
    element("div", { class: "more" }, more),
  );

  const rowOf = (item: Item): HTMLElement =>
    element(
      "tr",
      { role: "row" },
      ...columns.map(({ title, cell, numeric }) =>
        element("td", { role: "cell", "data-label": title, class: numeric === true && "numeric" }, cell(item)),
      ),
    );

  const show = (): void => {
    const wanted = filter.value.trim().toLowerCase();
    const shown = textOf && wanted !== "" ? items.filter((item) => textOf(item).toLowerCase().includes(wanted)) : items;
    replaceContent(rows, shown.map(rowOf));
    const loaded = next === null ? `${items.length}` : `${items.length} loaded, there are more`;
    count.textContent = wanted === "" ? `${capital(things)}: ${loaded}` : `${shown.length} of ${loaded} match`;
    table.hidden = shown.length === 0;
    nothing.hidden = shown.length > 0;
    nothing.textContent = items.length > 0 ? `None of the loaded ${things} matches.` : empty;
    count.hidden = items.length === 0;
    if (search) search.hidden = items.length === 0 && next === null;
    more.hidden = next === null;
  };

  const read = async (cursor: string | undefined): Promise<Page<Item> | undefined> => {
    if (loading) return undefined;
    loading = true;
    whole.setAttribute("aria-busy", "true");
    try {
      return await load(cursor);
    } finally {
      loading = false;
      whole.removeAttribute("aria-busy");
    }
  };

  const loadMore = async (): Promise<void> => {
    if (next === null) return;
    const before = items.length;
    try {
      const page = await read(next);
      if (page === undefined) return;
      items = [...items, ...page.items];
      next = page.nextCursor;
      show();
      // The button may be gone; who pressed it goes on with the first new row.
      if (next === null) rows.rows[before]?.querySelector<HTMLElement>("a, button")?.focus();
    } catch (error) {
      complainOf(error);
    }
  };

  const reload = async (): Promise<void> => {
    try {
      const page = await read(undefined);
      if (page === undefined) return;
      items = [...page.items];
      next = page.nextCursor;
      show();
    } catch (error) {
      // What is shown from before is not the present state.
      rows.replaceChildren();
      table.hidden = true;
      nothing.hidden = false;
      nothing.replaceChildren(...explanationOf(error).filter((child) => child !== undefined));
      throw error;
    }
  };

  table.hidden = true;
  more.hidden = true;
  if (search) search.hidden = true;
  nothing.textContent = "Loading…";
  return {
    element: whole,
    reload,
    replace: (item) => {
      items = items.map((present) => (present.id === item.id ? item : present));
      show();
    },
  };
}

function capital(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}
