/** The migrations whose names end with `-search`: older items get their places in the indexes. */
import { ConcurrencyConflict } from "../domain/conflict.ts";
import { companySearchUpdate, listCompanies } from "../companies/store.ts";
import { couponSearchUpdates } from "../coupons/store.ts";
import { partnerSearchUpdates } from "../partners/store.ts";
import type { Change, Table } from "../runtime/table.ts";
import { userSearchUpdates } from "../users/store.ts";
import type { Count } from "./model.ts";

/** Adds the places of a user's username and name. */
export async function addUserPlaces(table: Table, userId: string): Promise<Count> {
  return await commitEach(table, await userSearchUpdates(table, userId));
}

/** Adds the places of a partner's name and e-mail address. */
export async function addPartnerPlaces(table: Table, partnerId: string): Promise<Count> {
  return await commitEach(table, await partnerSearchUpdates(table, partnerId));
}

/** Adds the place of a coupon's name. */
export async function addCouponPlaces(table: Table, couponId: string): Promise<Count> {
  return await commitEach(table, await couponSearchUpdates(table, couponId));
}

const companiesPerPage = 25;

/** Adds the places of the names of a partner's companies. */
export async function addCompanyPlaces(table: Table, partnerId: string): Promise<Count> {
  let read = 0;
  let changed = 0;
  let after: string | undefined;
  do {
    const { items, lastKey } = await listCompanies(table, partnerId, { after, limit: companiesPerPage });
    const count = await commitEach(
      table,
      items.map((company) => companySearchUpdate(partnerId, company)),
    );
    read += count.read;
    changed += count.changed;
    after = lastKey;
  } while (after !== undefined);
  return { read, changed };
}

/** A failed condition means that the item has its place, or has just changed and so has got it. */
async function commitEach(table: Table, changes: readonly Change[]): Promise<Count> {
  let changed = 0;
  for (const change of changes) {
    try {
      await table.commit(change);
      changed++;
    } catch (error) {
      if (!(error instanceof ConcurrencyConflict)) throw error;
    }
  }
  return { read: changes.length, changed };
}
