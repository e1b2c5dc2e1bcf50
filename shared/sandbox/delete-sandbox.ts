/**
 * Deletes the sandbox of a live partner in steps that may each be repeated: end it in one transaction, whatever it holds, remove
 * what it leaves behind, and only then let its live partner forget it. The same call again finishes an interrupted deletion.
 */
import type { AuditEntry } from "../contract/audit-record.ts";
import type { Author } from "../contract/author.ts";
import { whileCallerUnchanged } from "../contract/caller-state.ts";
import type { Principal } from "../contract/principal.ts";
import { orThrow } from "../domain/problems.ts";
import { principalRemoval } from "../identity/store.ts";
import { stopCreations } from "../partners/lock-creations.ts";
import { removeSandbox } from "../partners/remove-sandbox.ts";
import { findPartner, partnerChange, partnerDeletion, readPartner } from "../partners/store.ts";
import type { Change, Table, Write } from "../runtime/table.ts";
import { endSandbox } from "./rules.ts";

export interface SandboxDeletion {
  /** Names the live partner. */
  readonly author: Author;
  readonly principal: Principal;
  readonly auditing: (entry: AuditEntry) => Write;
}

/**
 * Deletes the sandbox with all its items but its state.
 *
 * @returns the change that removes the state and its name in the live partner, which must come last: a repeated call needs both,
 *   and until then no new sandbox can be created
 * @throws Problem `not_found`, `token_revoked`, or `unavailable` when the time is up
 * @throws ConcurrencyConflict when a parallel call has ended the sandbox, or when the live partner changed since it was read
 */
export async function deleteSandbox(table: Table, request: SandboxDeletion): Promise<Change> {
  const { author, principal, auditing } = request;
  const before = await readPartner(table, author.partnerId);
  const { live, sandboxId } = orThrow(endSandbox(before, author.now));
  const owner = { ...author, partnerId: sandboxId };
  const sandbox = await findPartner(table, sandboxId);
  if (sandbox !== undefined) {
    const record = auditing({ target: sandboxId, before: { sandboxOf: live.id }, after: null });
    await stopCreations(table, [sandbox], author.now);
    await table.commit(whileCallerUnchanged(principal, [...partnerDeletion(owner, sandbox), record]));
  }
  await removeSandbox(table, owner);
  return [...partnerChange(author, before, live), ...principalRemoval(sandboxId)];
}
