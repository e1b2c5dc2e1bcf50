/** Removes the companies of a partner that is off-boarded, with their bank accounts. */
import type { Table } from "../runtime/table.ts";
import { companyKey } from "./keys.ts";
import { listCompanies } from "./store.ts";

const perQuery = 25;

/**
 * Removes without conditions: the partner is suspended, so nobody changes them any more. A repeated call continues.
 *
 * @param maxCount the maximum number of companies to remove, a multiple of 25
 * @returns how many were removed, and whether none is left
 */
export async function removeCompanies(
  table: Table,
  partnerId: string,
  maxCount: number,
): Promise<{ readonly removed: number; readonly done: boolean }> {
  let removed = 0;
  while (removed < maxCount) {
    const { items } = await listCompanies(table, partnerId, { limit: perQuery, after: undefined });
    if (items.length === 0) return { removed, done: true };
    await table.remove(items.map(({ id }) => companyKey.company(partnerId, id)));
    removed += items.length;
  }
  return { removed, done: false };
}
