import type { Answer } from "./answer.ts";

/**
 * All pages of a list, from the first to the last.
 *
 * @param read one page, by the cursor of the page before
 */
export async function allPages(read: (cursor: string | undefined) => Promise<Answer>): Promise<any[][]> {
  const pages: any[][] = [];
  let cursor: string | null | undefined;
  do {
    const { status, body } = await read(cursor ?? undefined);
    expect(status).toBe(200);
    pages.push(body.items);
    cursor = body.nextCursor as string | null;
    if (pages.length > 1000) throw new Error("the list does not end");
  } while (cursor !== null);
  return pages;
}
