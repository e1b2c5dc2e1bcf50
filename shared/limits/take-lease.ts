/** Takes a lease of a partner's tokens. */
import type { Table } from "../runtime/table.ts";
import type { LeaseAnswer, LeaseRequest } from "./model.ts";
import { afterMiss, usedIn } from "./rules.ts";
import { LeaseMissed, leaseUpdate } from "./store.ts";

/** How often a lease is tried: the first try guesses the counters, and each miss shows them as they are. */
const maxTries = 3;

/**
 * Takes a lease of tokens and of calls of the month, in one update. The first guess is right for a partner whose calls come to few
 * processes; otherwise a second update follows.
 *
 * @throws Problem `unavailable`
 */
export async function takeLease(table: Table, partnerId: string, request: LeaseRequest): Promise<LeaseAnswer> {
  let next = request;
  for (let tries = 1; ; tries++) {
    try {
      const item = await table.update(leaseUpdate(partnerId, next));
      const { tokens, isFull, now } = next;
      return { tokens, isFull, fullAt: item.fullAt ?? 0, used: usedIn(item, now) };
    } catch (error) {
      if (!(error instanceof LeaseMissed)) throw error;
      const further = afterMiss(error.item, next);
      if (!("limits" in further)) return further;
      // Others took the tokens between the tries, so the bucket is as good as empty.
      if (tries === maxTries) {
        const { fullAt = 0 } = error.item;
        return { tokens: 0, refusal: "rate_limited", isFull: false, fullAt, used: usedIn(error.item, next.now) };
      }
      next = further;
    }
  }
}
