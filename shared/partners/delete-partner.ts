/**
 * Deletes a partner in steps that may each be repeated: hold off whatever would forbid the deletion, check, end the partner in
 * one transaction with its sandbox, and remove what they leave behind. The same call again finishes an interrupted deletion.
 */
import { hasCompany } from "../companies/store.ts";
import type { AuditEntry } from "../contract/audit-record.ts";
import type { Author } from "../contract/author.ts";
import { ConcurrencyConflict } from "../domain/conflict.ts";
import { requireMatch } from "../domain/etag.ts";
import { notFound, Problem } from "../domain/problems.ts";
import { deletionLock, deletionUnlock, findPartnerState, principalRemoval } from "../identity/store.ts";
import type { Change, Table, Write } from "../runtime/table.ts";
import { removeSubscriptions } from "../subscriptions/remove-subscriptions.ts";
import { hasLiveSubscription } from "../subscriptions/store.ts";
import { removeEndpoints } from "../webhooks/remove-endpoints.ts";
import type { StoredPartner } from "./model.ts";
import { holdCreations, releaseCreations } from "./lock-creations.ts";
import { removeSandbox } from "./remove-sandbox.ts";
import { requireLive } from "./rules.ts";
import { findPartner, partnerDeletion } from "./store.ts";

export interface DeletionRequest {
  readonly author: Author;
  /** `If-Match` as sent. */
  readonly ifMatch: string | undefined;
  readonly auditing: (entry: AuditEntry) => Write;
}

/**
 * Deletes the partner with all its items but its state.
 *
 * @returns the change that removes the state, which must come last: without it, a repeated call finds nothing to finish
 * @throws Problem `not_found`, `live_partner_required`, `precondition_failed`, `partner_in_use`, or `unavailable` when the time is up
 * @throws ConcurrencyConflict while another deletion of the partner runs, or when the partner changed since it was read
 */
export async function deletePartner(table: Table, { author, ifMatch, auditing }: DeletionRequest): Promise<Change> {
  const { partnerId } = author;
  const [partner, ended] = await Promise.all([
    findPartner(table, partnerId),
    findPartnerState(table, partnerId, ["deleted"]),
  ]);
  if (partner === undefined && ended === undefined) throw notFound();
  if (partner !== undefined) {
    requireLive(partner);
    requireMatch(ifMatch, partner.revision);
    await endPartner(table, partner, { author, auditing });
  }
  const sandboxId = partner?.sandboxId ?? ended?.sandboxId;
  if (sandboxId !== undefined) await removeSandbox(table, { ...author, partnerId: sandboxId });
  await removeEndpoints(table, partnerId);
  await removeSubscriptions(table, partnerId);
  return [...(sandboxId === undefined ? [] : principalRemoval(sandboxId)), ...principalRemoval(partnerId)];
}

async function endPartner(
  table: Table,
  partner: StoredPartner,
  { author, auditing }: Pick<DeletionRequest, "author" | "auditing">,
): Promise<void> {
  const { now } = author;
  const { id: target, name, websiteUrl, status } = partner;
  const record = auditing({ target, before: { name, websiteUrl, status }, after: null });
  const sandbox = partner.sandboxId === undefined ? undefined : await findPartner(table, partner.sandboxId);
  // Nothing new comes to life from here on, so the checks below stay true until the commit.
  await table.commit(deletionLock(partner.id, now));
  await holdCreations(table, [partner, sandbox], now);
  const giveUp = async () => {
    await releaseCreations(table, [partner, sandbox], now);
    await table.commit(deletionUnlock(partner.id));
  };
  const uses = await Promise.all([hasLiveSubscription(table, partner.id, now), hasCompany(table, partner.id)]);
  if (uses.includes(true)) {
    await giveUp();
    const detail = "The partner has live subscriptions or companies. Cancel and delete them first.";
    throw new Problem("partner_in_use", detail);
  }
  const ends = sandbox === undefined ? [] : partnerDeletion({ ...author, partnerId: sandbox.id }, sandbox);
  await table.commit([...partnerDeletion(author, partner), ...ends, record]).catch(async (error: unknown) => {
    // The next attempt takes its own lock. After any other error the commit may still succeed, so the locks stay.
    if (error instanceof ConcurrencyConflict) await giveUp();
    throw error;
  });
}
