/** Deletes the companies of a partner that is off-boarded, with their bank accounts. */
import type { Author } from "../contract/author.ts";
import { ConcurrencyConflict } from "../domain/conflict.ts";
import type { Table } from "../runtime/table.ts";
import { companyDeletion, listCompanies } from "./store.ts";

/** How many companies one transaction deletes, each with its event: it has at most a hundred actions. */
const perTransaction = 25;

/**
 * Commits by itself. The partner is suspended, so only what was in progress and parallel calls can be in the way; what they
 * leave is for the next call.
 *
 * @param maxCount the maximum number of companies to delete, a multiple of 25
 * @returns how many were deleted, and whether none is left
 */
export async function removeCompanies(
  table: Table,
  author: Author,
  maxCount: number,
): Promise<{ readonly removed: number; readonly done: boolean }> {
  let removed = 0;
  while (removed < maxCount) {
    const { items } = await listCompanies(table, author.partnerId, { limit: perTransaction, after: undefined });
    if (items.length === 0) return { removed, done: true };
    try {
      await table.commit(items.flatMap((company) => companyDeletion(author, company)));
    } catch (error) {
      if (error instanceof ConcurrencyConflict) return { removed, done: false };
      throw error;
    }
    removed += items.length;
  }
  return { removed, done: false };
}
