/** Reads of sandboxes, and the steps of their clocks. */
import type { Author } from "../contract/author.ts";
import type { Principal } from "../contract/principal.ts";
import { notFound, orThrow, Problem, revokedMeanwhile } from "../domain/problems.ts";
import type { ClientCredential, TestClock } from "../identity/model.ts";
import { findPartnerState, testClockChange } from "../identity/store.ts";
import type { StoredPartner } from "../partners/model.ts";
import { partnerChange, readPartner, sandboxCreation } from "../partners/store.ts";
import type { Change, Table } from "../runtime/table.ts";

/** Creates a sandbox and names it in its live partner, unless that has changed since it was read. */
export function sandboxStart(
  author: Author,
  { before, live, sandbox }: Readonly<Record<"before" | "live" | "sandbox", StoredPartner>>,
  more: { readonly credential: ClientCredential; readonly testClock: TestClock },
): Change {
  return [...partnerChange(author, before, live), ...sandboxCreation(author, sandbox, more)];
}

/** The id of the sandbox of a live partner. @throws Problem `not_found` for a partner without one */
export async function findSandboxId(table: Table, liveId: string): Promise<string> {
  return orThrow((await readPartner(table, liveId)).sandboxId ?? notFound());
}

/** The test clock of a sandbox; undefined for one that has ended. */
export async function findTestClock(table: Table, sandboxId: string): Promise<TestClock | undefined> {
  return (await findPartnerState(table, sandboxId))?.testClock;
}

/** @throws Problem `token_revoked` for a sandbox that has ended meanwhile */
export async function readTestClock(table: Table, sandboxId: string): Promise<TestClock> {
  return orThrow((await findTestClock(table, sandboxId)) ?? revokedMeanwhile());
}

/** @throws Problem `sandbox_required` for a live partner */
export function requireSandbox(principal: Principal): void {
  if (principal.kind === "partner" && principal.testClock !== undefined) return;
  throw new Problem("sandbox_required", "A live partner has no test clock. Send a token of its sandbox.");
}

/** Marks that everything is announced until the time that a clock shows, unless it has moved since. */
export function announcementsDone(sandboxId: string, clock: TestClock): Change {
  return clock.announcedTo === clock.time
    ? []
    : [testClockChange(sandboxId, clock, { ...clock, announcedTo: clock.time })];
}
