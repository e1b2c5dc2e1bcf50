/** A list of all objects of one kind, which the API searches and orders. */
import { element } from "./dom.ts";
import { choice, searchField } from "./list-controls.ts";
import { complainOf } from "./messages.ts";
import { PagedList } from "./paged-list.ts";
import type { Column } from "./table.ts";
import type { Console } from "./view.ts";

export interface OrderedListOptions<Item> {
  /** Path of the list in the API. */
  readonly path: string;
  /** The plural of the listed things, for example `partners`. */
  readonly things: string;
  readonly columns: readonly Column<Item>[];
  /** What the search compares with, for example `name or e-mail`. */
  readonly searched: string;
  /** Names of the orders besides the newest first. */
  readonly orders: readonly (readonly [value: string, label: string])[];
  readonly empty: string;
  /** Elements beside the search. */
  readonly tools?: readonly HTMLElement[];
}

export function orderedList<Item extends object>(
  { api, signal }: Console,
  options: OrderedListOptions<Item>,
): PagedList<Item> {
  const { path, things, columns, searched, orders, empty, tools = [] } = options;
  const reload = (): void => {
    order.enable(search.value() === "");
    void list.reload().catch(complainOf);
  };
  const search = searchField(`Search by ${searched} or id`, signal, reload);
  const order = choice("sort", "Order", [["", "newest first"], ...orders], reload);
  order.enable(search.value() === "");
  const query = (): Readonly<Record<string, string>> => {
    if (search.value() !== "") return { search: search.value() };
    return order.value() === "" ? {} : { sort: order.value() };
  };
  const list: PagedList<Item> = new PagedList<Item>({
    things,
    columns,
    load: (cursor) => api.page(path, { cursor, ...query() }, signal),
    empty: () => (search.value() === "" ? empty : `No ${things} begin with this text.`),
    tools: [search.element, order.element, element("span", { class: "gap" }), ...tools],
  });
  return list;
}
