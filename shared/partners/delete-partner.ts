/**
 * Deleting a partner, in steps that can each be repeated: hold off whatever would forbid it, look, end the partner in one
 * transaction, and remove what it leaves behind. A call that was interrupted is finished by the same call again.
 */
import { requireMatch } from "../domain/etag.ts";
import { notFound, Problem } from "../domain/problems.ts";
import { findPartnerState, forgetPrincipal, holdForDeletion, releaseFromDeletion } from "../identity/store.ts";
import { hasCompany } from "../companies/store.ts";
import { hasLiveSubscription, removeSubscriptions } from "../subscriptions/store.ts";
import { ConcurrencyConflict } from "../domain/conflict.ts";
import type { Table } from "../runtime/table.ts";
import { findPartner, partnerDeletion } from "./store.ts";

/**
 * @throws Problem `not_found`, `precondition_failed`, `partner_in_use`, or `unavailable` when the time was not enough
 * @throws ConcurrencyConflict while another deletion of the partner runs, or when the partner has changed meanwhile
 */
export async function deletePartner(
  table: Table,
  partnerId: string,
  ifMatch: string | undefined,
  now: Date,
): Promise<void> {
  const [partner, ended] = await Promise.all([
    findPartner(table, partnerId),
    findPartnerState(table, partnerId, ["deleted"]),
  ]);
  if (partner === undefined && ended === undefined) throw notFound();
  if (partner !== undefined) {
    requireMatch(ifMatch, partner.revision);
    // The other areas say what is theirs; nothing new comes to life while the partner is held.
    await holdForDeletion(table, partnerId, now);
    const uses = await Promise.all([hasLiveSubscription(table, partnerId, now), hasCompany(table, partnerId)]);
    if (uses.includes(true)) {
      await releaseFromDeletion(table, partnerId);
      throw new Problem(
        "partner_in_use",
        "The partner has live subscriptions or companies. Cancel and delete them first.",
      );
    }
    await table.commit(partnerDeletion(partner)).catch(async (error: unknown) => {
      // The next attempt takes a hold of its own. After any other error the deletion may still come true, so the hold stays.
      if (error instanceof ConcurrencyConflict) await releaseFromDeletion(table, partnerId);
      throw error;
    });
  }
  await removeSubscriptions(table, partnerId);
  await forgetPrincipal(table, partnerId);
}
