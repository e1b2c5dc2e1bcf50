import type { PageRequest } from "../runtime/table.ts";

/**
 * A page of a complete list in memory, in the order of its keys.
 *
 * @param keyOf the sort key of an item, after which a page continues
 */
export function pageAfter<Element>(
  list: readonly Element[],
  keyOf: (element: Element) => string,
  { limit, after }: PageRequest,
): { readonly items: readonly Element[]; readonly lastKey: string | undefined } {
  const rest = after === undefined ? list : list.filter((element) => keyOf(element) > after);
  const items = rest.slice(0, limit);
  const last = items.at(-1);
  return { items, lastKey: last !== undefined && rest.length > limit ? keyOf(last) : undefined };
}
