/** Removes what a sandbox that has ended leaves behind: its companies, webhook endpoints and subscriptions. Its events expire. */
import { removeCompanies } from "../companies/remove-companies.ts";
import type { Author } from "../contract/author.ts";
import type { Table } from "../runtime/table.ts";
import { removeSubscriptions } from "../subscriptions/remove-subscriptions.ts";
import { removeEndpoints } from "../webhooks/remove-endpoints.ts";

/** The maximum number of companies that are removed at a time. */
const companiesAtOnce = 500;

/**
 * Commits by itself in many small steps. A repeated call continues where an interrupted one stopped.
 *
 * @param author names the sandbox, in which nothing new comes to life
 */
export async function removeSandbox(table: Table, author: Author): Promise<void> {
  let companies = await removeCompanies(table, author, companiesAtOnce);
  while (!companies.done) companies = await removeCompanies(table, author, companiesAtOnce);
  await removeEndpoints(table, author.partnerId);
  await removeSubscriptions(table, author.partnerId);
}
