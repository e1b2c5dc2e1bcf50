/**
 * A page of a list that is at hand as a whole, in the order of its keys.
 *
 * @param keyOf a text of each item, by which the list is sorted and after which a page goes on
 */
export function pageAfter<Element>(
  list: readonly Element[],
  keyOf: (element: Element) => string,
  { limit, after }: { readonly limit: number; readonly after: string | undefined },
): { readonly items: readonly Element[]; readonly lastKey: string | undefined } {
  const rest = after === undefined ? list : list.filter((element) => keyOf(element) > after);
  const items = rest.slice(0, limit);
  const last = items.at(-1);
  return { items, lastKey: last !== undefined && rest.length > limit ? keyOf(last) : undefined };
}
