/**
 * Off-boards a partner in bounded steps that may each be repeated: suspend it, cancel its live subscriptions, remove its
 * companies. Afterwards nothing prevents its deletion.
 */
import { removeCompanies } from "../companies/remove-companies.ts";
import type { AuditEntry } from "../contract/audit-record.ts";
import type { Author } from "../contract/author.ts";
import { whileCallerUnchanged } from "../contract/caller-state.ts";
import type { Principal } from "../contract/principal.ts";
import type { Table, Write } from "../runtime/table.ts";
import { cancelSubscriptions } from "../subscriptions/cancel-subscriptions.ts";
import type { OffBoardingView } from "./contract.ts";
import { stopCreations } from "./lock-creations.ts";
import { changePartner, requireLive } from "./rules.ts";
import { findFollower, followingChange, partnerChange, readPartner } from "./store.ts";

/** The maximum number of subscriptions, and of companies, in one call: it ends in time even while the table is throttled. */
const maxPerCall = 500;

export interface OffBoardingRequest {
  readonly author: Author;
  /** The administrator. */
  readonly principal: Principal;
  readonly auditing: (entry: AuditEntry) => Write;
}

/**
 * Continues an off-boarding, or begins it.
 *
 * @throws Problem `not_found`, `live_partner_required`, `token_revoked` for an administrator who has lost its role, or `unavailable`
 * @throws ConcurrencyConflict when the partner changed while it was suspended
 */
export async function offBoardPartner(table: Table, request: OffBoardingRequest): Promise<OffBoardingView> {
  const { author, principal, auditing } = request;
  const { partnerId, now } = author;
  const partner = await readPartner(table, partnerId);
  requireLive(partner);
  const suspended = changePartner(partner, { status: "suspended" }, now);
  const sandbox = await findFollower(table, partner, suspended);
  const suspension = [...partnerChange(author, partner, suspended), ...followingChange(author, sandbox, suspended)];
  // First of all: a suspended partner creates nothing, so what is cancelled and removed below stays so.
  if (suspension.length > 0) {
    const record = auditing({ target: partnerId, before: { status: partner.status }, after: { status: "suspended" } });
    await stopCreations(table, [partner, sandbox], now);
    await table.commit(whileCallerUnchanged(principal, [...suspension, record]));
  }
  const subscriptions = await cancelSubscriptions(table, author, maxPerCall);
  const companies = await removeCompanies(table, author, maxPerCall);
  return {
    subscriptionsCancelled: subscriptions.cancelled,
    companiesDeleted: companies.removed,
    done: subscriptions.done && companies.done,
  };
}
