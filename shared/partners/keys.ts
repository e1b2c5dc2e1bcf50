/** Keys of partners and of their e-mail addresses. */
import { hashed, type Key } from "../runtime/key.ts";
import { normalizeEmail, type StoredPartner } from "./model.ts";

/** Partition keys as roles are granted them; `*` stands for any characters. */
export const partnerPartitions = {
  partners: "PARTNERS",
  partnerEmails: "PARTNER-EMAIL#*",
} as const;

export const partnerKey = {
  partner: (partnerId: string): Key<StoredPartner> => ({ pk: "PARTNERS", sk: partnerId }),
  /** Reserves an e-mail address for one partner. Upper and lower case are the same address. */
  partnerEmail: (email: string): Key<{ readonly partnerId: string }> => ({
    pk: `PARTNER-EMAIL#${hashed(normalizeEmail(email))}`,
    sk: "PARTNER-EMAIL",
  }),
} as const;
