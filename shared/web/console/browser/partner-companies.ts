/** The list of a partner's companies. */
import { clampedLink, moment, number } from "./format.ts";
import { orderedList } from "./ordered-list.ts";
import type { PagedList } from "./paged-list.ts";
import { partnersHash } from "./partner-fields.ts";
import type { Company } from "./resources.ts";
import type { Console } from "./view.ts";

/** @param partnerPath path of the partner in the API */
export function partnerCompanies(console: Console, partnerPath: string, partnerId: string): PagedList<Company> {
  return orderedList<Company>(console, {
    path: `${partnerPath}/companies`,
    things: "companies",
    searched: "name",
    orders: [["name", "by name"]],
    columns: [
      { title: "Name", cell: ({ id, name }) => clampedLink(`${partnersHash}/${partnerId}/companies/${id}`, name) },
      { title: "Accounts", cell: ({ bankAccounts }) => number(bankAccounts.length), numeric: true },
      { title: "Billing", cell: ({ declaredBilling }) => money(declaredBilling), numeric: true },
      { title: "Created", cell: ({ createdAt }) => moment(createdAt) },
    ],
    empty: "The partner has no companies.",
  });
}

/** An exact decimal with groups of three digits: the text of the API, because numbers would round it. */
export function money(amount: string): string {
  return amount.replace(/\B(?=(\d{3})+(?=\.))/g, ",");
}
