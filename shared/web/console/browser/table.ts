/** Tables that become cards on narrow screens. */
import { element, type Child } from "./dom.ts";

export interface Column<Item> {
  readonly title: string;
  readonly cell: (item: Item) => Child;
  readonly numeric?: boolean;
}

// The roles are explicit because the style of narrow screens changes `display`, which removes the implicit ones.

/** @param rows the `tbody`, with a row of `rowOf` for each item */
export function tableOf<Item>(label: string, columns: readonly Column<Item>[], rows: HTMLElement): HTMLTableElement {
  const head = columns.map(({ title, numeric }) =>
    element("th", { scope: "col", role: "columnheader", class: numeric === true && "numeric" }, title),
  );
  return element(
    "table",
    { role: "table", "aria-label": label },
    element("thead", { role: "rowgroup" }, element("tr", { role: "row" }, ...head)),
    rows,
  );
}

export function rowOf<Item>(item: Item, columns: readonly Column<Item>[]): HTMLElement {
  const cells = columns.map(({ title, cell, numeric }) =>
    element("td", { role: "cell", "data-label": title, class: numeric === true && "numeric" }, cell(item)),
  );
  return element("tr", { role: "row" }, ...cells);
}

/** A table of items that are all there already. */
export function fullTable<Item>(
  label: string,
  columns: readonly Column<Item>[],
  items: readonly Item[],
): HTMLTableElement {
  const rows = element("tbody", { role: "rowgroup" }, ...items.map((item) => rowOf(item, columns)));
  return tableOf(label, columns, rows);
}
