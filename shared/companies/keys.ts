/** Keys of companies. */
import type { IndexKey, Key, Partition } from "../runtime/key.ts";
import { sortedPlace } from "../runtime/search.ts";
import type { StoredCompany } from "./model.ts";

/** Partition keys as roles are granted them; `*` stands for any characters. */
export const companyPartitions = {
  companies: "COMPANIES#*",
  /** In the index only. */
  companiesByName: "COMPANIES-BY-NAME#*",
} as const;

/** The partition of the index that has a partner's companies by name. */
export const companiesByName = (partnerId: string): Partition<StoredCompany> => ({
  pk: `COMPANIES-BY-NAME#${partnerId}`,
});

/** The place of a company in the index, for searches. Several companies may have the same name. */
export function placeByName(partnerId: string, { id, name }: Pick<StoredCompany, "id" | "name">): IndexKey {
  return { gsi1pk: companiesByName(partnerId).pk, gsi1sk: sortedPlace(name, id) };
}

export const companyKey = {
  /** A company with its bank accounts. */
  company: (partnerId: string, companyId: string): Key<StoredCompany> => ({
    pk: `COMPANIES#${partnerId}`,
    sk: companyId,
  }),
} as const;
