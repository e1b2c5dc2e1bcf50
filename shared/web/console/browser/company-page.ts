/** The page of a partner's company: its facts, its bank accounts and its deletion. */
import { copyableId } from "./clipboard.ts";
import type { Child } from "./dom.ts";
import { moment } from "./format.ts";
import { say } from "./messages.ts";
import { PagedList } from "./paged-list.ts";
import { money } from "./partner-companies.ts";
import { partnersHash, partnersPath } from "./partner-fields.ts";
import { ResourceView } from "./resource-view.ts";
import type { BankAccount, Company } from "./resources.ts";
import type { Console, View } from "./view.ts";

export function companyView({ api, signal, go }: Console, partnerId: string, id: string): View {
  const back = `${partnersHash}/${partnerId}/companies`;
  const path = `${partnersPath}/${encodeURIComponent(partnerId)}/companies/${encodeURIComponent(id)}`;
  let accounts: readonly BankAccount[] = [];
  return new ResourceView<Company>({
    thing: "company",
    id,
    back: [back, "Companies of the partner"],
    read: async () => {
      const company = await api.get<Company>(path, signal);
      accounts = company.bankAccounts;
      return company;
    },
    facts: factsOf,
    actions: ({ name, etag }) => ({
      delete: {
        label: "Delete",
        danger: true,
        dialog: {
          title: "Delete the company?",
          text: `This deletes ${name} with its bank accounts. You cannot undo this. The partner loses them as well.`,
          submit: "Delete",
          danger: true,
        },
        act: () => api.delete(path, etag),
        done: "",
        afterwards: () => go(back, () => say(`${name} is deleted.`)),
      },
    }),
    below: {
      title: "Bank accounts",
      list: new PagedList<BankAccount>({
        things: "bank accounts",
        columns: [
          { title: "Bank", cell: ({ bank }) => `${bank.code} ${bank.name}` },
          { title: "Branch", cell: ({ agency }) => agency },
          { title: "Account", cell: ({ accountNumber }) => accountNumber },
          { title: "Created", cell: ({ createdAt }) => moment(createdAt) },
        ],
        load: () => Promise.resolve({ items: accounts, nextCursor: null }),
        empty: "The company has no bank accounts.",
      }),
    },
  });
}

function factsOf(company: Company): readonly (readonly [string, Child])[] {
  return [
    ["Company id", copyableId("Company id", company.id)],
    ["Phone", company.phone],
    ["Declared billing", money(company.declaredBilling)],
    ["Created", moment(company.createdAt)],
    ["Changed", moment(company.updatedAt)],
  ];
}
