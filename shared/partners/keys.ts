/** Keys of partners and of their e-mail addresses. */
import { hashed, type IndexKey, type Key } from "../runtime/key.ts";
import { sortedPlace } from "../runtime/search.ts";
import { normalizeEmail, type StoredPartner } from "./model.ts";

/** Partition keys as roles are granted them; `*` stands for any characters. */
export const partnerPartitions = {
  partners: "PARTNERS",
  partnerEmails: "PARTNER-EMAIL#*",
  /** In the index only. */
  partnersByName: "PARTNERS#BY-NAME",
  partnersByEmail: "PARTNERS#BY-EMAIL",
} as const;

/** The place of a partner in the index, for searches by name. Several partners may have the same name. */
export function placeByName({ id, name }: Pick<StoredPartner, "id" | "name">): IndexKey {
  return { gsi1pk: partnerPartitions.partnersByName, gsi1sk: sortedPlace(name, id) };
}

/** The place of an e-mail address in the index, for searches. */
export function placeByEmail(email: string): IndexKey {
  return { gsi1pk: partnerPartitions.partnersByEmail, gsi1sk: normalizeEmail(email) };
}

export const partnerKey = {
  partner: (partnerId: string): Key<StoredPartner> => ({ pk: "PARTNERS", sk: partnerId }),
  /** Reserves an e-mail address for one partner. Upper and lower case are the same address. */
  partnerEmail: (email: string): Key<{ readonly partnerId: string }> => ({
    pk: `PARTNER-EMAIL#${hashed(normalizeEmail(email))}`,
    sk: "PARTNER-EMAIL",
  }),
} as const;
