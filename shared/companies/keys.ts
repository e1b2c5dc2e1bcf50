/** Keys of companies. */
import type { Key } from "../runtime/key.ts";
import type { StoredCompany } from "./model.ts";

/** Partition keys as roles are granted them; `*` stands for any characters. */
export const companyPartitions = {
  companies: "COMPANIES#*",
} as const;

export const companyKey = {
  /** A company with its bank accounts. */
  company: (partnerId: string, companyId: string): Key<StoredCompany> => ({
    pk: `COMPANIES#${partnerId}`,
    sk: companyId,
  }),
} as const;
