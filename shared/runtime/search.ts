/** Searches by the beginning of a text, through keys that sort by it. */
import type { PageRequest } from "./table.ts";

/** The form in which texts are searched: without case, accents and the width of letters. */
export function searchForm(text: string): string {
  const plain = text.normalize("NFKD").toLowerCase().normalize("NFKD");
  return plain.replaceAll(/\p{M}/gu, "").replaceAll(/\s+/g, " ").trim();
}

/** A sort key that orders by a name, and among the same names by an id. A tab sorts before every character of a name. */
export function sortedPlace(name: string, id: string): string {
  return `${searchForm(name)}\t${id}`;
}

/** The ends of the sort keys that begin with a text; all sort keys for an empty text. */
export function beginningWith(text: string): { readonly from: string | undefined; readonly to: string } {
  // DynamoDB refuses an empty text as the value of a key. The last character of Unicode, which no text has, sorts behind all others.
  return { from: text === "" ? undefined : text, to: `${text}\u{10ffff}` };
}

/** A list that is read in pages. */
export type PagedSource<Found> = (
  page: PageRequest,
) => Promise<{ readonly items: readonly Found[]; readonly lastKey?: string | undefined }>;

/**
 * A page of several lists, one behind the other. Its place has the number of the list and the key in it.
 *
 * @returns fewer items than the limit where a list ends, although others may follow
 */
export async function pageOfLists<Found>(
  lists: readonly PagedSource<Found>[],
  { after, limit }: PageRequest,
): Promise<{ readonly items: readonly Found[]; readonly lastKey: string | undefined }> {
  const [, number = "0", key = ""] = /^(\d):(.*)$/su.exec(after ?? "") ?? [];
  const items: Found[] = [];
  let place = key;
  for (let index = Number(number); index < lists.length; index++) {
    const page = await lists[index]?.({ after: place === "" ? undefined : place, limit: limit - items.length });
    items.push(...(page?.items ?? []));
    if (page?.lastKey !== undefined) return { items, lastKey: `${index}:${page.lastKey}` };
    place = "";
    if (items.length >= limit && index + 1 < lists.length) return { items, lastKey: `${index + 1}:` };
  }
  return { items, lastKey: undefined };
}

/** The maximum number of pages that one call reads to fill its own. */
const maxPagesRead = 8;

/** A page of what is wanted of a list. It may have fewer items than the limit, or none, although others follow. */
export async function pageWhere<Found>(
  list: PagedSource<Found>,
  isWanted: (found: Found) => boolean,
  { after, limit }: PageRequest,
): Promise<{ readonly items: readonly Found[]; readonly lastKey: string | undefined }> {
  const items: Found[] = [];
  let place = after;
  for (let pages = 0; pages < maxPagesRead; pages++) {
    const page = await list({ after: place, limit: limit - items.length });
    items.push(...page.items.filter(isWanted));
    place = page.lastKey;
    if (place === undefined || items.length === limit) break;
  }
  return { items, lastKey: place };
}

/** What was found, and the number of the list that has it, from 0. */
export interface Match {
  readonly id: string;
  readonly list: number;
}

/** A page of the ids in several lists, one behind the other, each with the number of its list. */
export async function pageOfMatches(lists: readonly PagedSource<string>[], page: PageRequest) {
  const numbered = lists.map((read, list): PagedSource<Match> => async (request) => {
    const { items, lastKey } = await read(request);
    return { items: items.map((id) => ({ id, list })), lastKey };
  });
  return await pageOfLists(numbered, page);
}
