/** The time that counts for a partner's subscriptions: now, or in a sandbox the time on its test clock. */
import { authorOf, type Author, type AuthoredRequest } from "../contract/author.ts";
import { findPartnerState, requireStillActive } from "../identity/store.ts";
import type { Table } from "../runtime/table.ts";

/** The time of the calling partner, as the authorizer has read it. */
export function timeOfCaller({ principal, now }: Pick<AuthoredRequest, "principal" | "now">): Date {
  return principal.kind === "partner" && principal.testClock !== undefined ? new Date(principal.testClock) : now;
}

/** The time of a partner that an administrator names. */
export async function timeOfPartner(table: Table, partnerId: string, now: Date): Promise<Date> {
  return (await findClock(table, partnerId)) ?? now;
}

/**
 * The calling partner as the author of a change. For a sandbox it reads the clock again: the change holds only while the clock
 * stands, and what is decided again after a conflict must not be decided by the same old time. A live partner costs no read, but
 * is not the author of what is decided again after it was stopped.
 *
 * @throws Problem `token_revoked`
 */
export async function callingAuthor(
  request: AuthoredRequest & { readonly table: Table; readonly attempt: number },
): Promise<Author> {
  const { principal, table, attempt } = request;
  const author = authorOf(request);
  const inSandbox = principal.kind === "partner" && principal.testClock !== undefined;
  if (!inSandbox && attempt === 1) return author;
  const { testClock } = await requireStillActive(table, principal.id);
  return { ...author, ...(testClock !== undefined && { clock: new Date(testClock.time) }) };
}

/** An administrator as the author of a change of what a partner owns. */
export async function authorFor(
  request: AuthoredRequest & { readonly table: Table },
  partnerId: string,
): Promise<Author> {
  return { ...authorOf(request, partnerId), clock: await findClock(request.table, partnerId) };
}

async function findClock(table: Table, partnerId: string): Promise<Date | undefined> {
  const time = (await findPartnerState(table, partnerId))?.testClock?.time;
  return time === undefined ? undefined : new Date(time);
}
