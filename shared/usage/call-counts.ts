/** Calls that a process has served and not yet added to the counts in the table. */
import { dayOf } from "../runtime/day-counts.ts";

/** Calls of one day, by their names. */
export interface CountedCalls {
  /** `2026-11-20` */
  readonly day: string;
  readonly counts: ReadonlyMap<string, number>;
}

/** Adds calls to the counts of a partner. @throws when the table does not answer */
export type AddCalls = (partnerId: string, calls: CountedCalls) => Promise<void>;

/** A call as it is counted. */
export interface CountedCall {
  readonly partnerId: string;
  /** A route, or `refused`. */
  readonly name: string;
  /** Milliseconds of the epoch. */
  readonly now: number;
}

interface Pending {
  readonly days: Map<string, Map<string, number>>;
  sentAt: number;
}

/** How long calls of one partner wait for those that follow, in milliseconds. */
const waitMs = 5000;

/** A process forgets the partner that it served least recently. */
const maxPartners = 10_000;

export class CallCounts {
  readonly #partners = new Map<string, Pending>();

  /** Counts a call. @param change −1 takes a call back that turned out to be none */
  count({ partnerId, name, now }: CountedCall, change: 1 | -1 = 1): void {
    const pending = this.#partners.get(partnerId) ?? { days: new Map<string, Map<string, number>>(), sentAt: 0 };
    // A map keeps the order of insertion, so its first partner is the one that was served least recently.
    this.#partners.delete(partnerId);
    this.#partners.set(partnerId, pending);
    if (this.#partners.size > maxPartners) this.#partners.delete(this.#partners.keys().next().value as string);
    const day = dayOf(now);
    const counts = pending.days.get(day) ?? new Map<string, number>();
    pending.days.set(day, counts);
    counts.set(name, (counts.get(name) ?? 0) + change);
  }

  /**
   * Adds what has waited long enough: the calls of this partner, and of the one that was served least recently. A process does nothing
   * between calls, so each call does it for others as well.
   *
   * @param atOnce whether the calls of this partner do not wait
   * @throws Error of `add`; what was not added waits again
   */
  async send(partnerId: string, now: number, add: AddCalls, { atOnce = false } = {}): Promise<void> {
    const oldest = this.#partners.keys().next().value;
    const due = [...new Set([partnerId, oldest ?? partnerId])].flatMap((id) => {
      const pending = this.#partners.get(id);
      const isDue = now >= (pending?.sentAt ?? 0) + waitMs || (atOnce && id === partnerId);
      return pending !== undefined && isDue ? [{ id, pending }] : [];
    });
    await Promise.all(due.map(async ({ id, pending }) => await this.#sendOf(id, pending, { now, add })));
  }

  async #sendOf(
    partnerId: string,
    pending: Pending,
    { now, add }: { readonly now: number; readonly add: AddCalls },
  ): Promise<void> {
    const days = [...pending.days];
    pending.days.clear();
    pending.sentAt = now;
    await Promise.all(
      days.map(async ([day, all]) => {
        const counts = new Map([...all].filter(([, count]) => count !== 0));
        if (counts.size === 0) return;
        await add(partnerId, { day, counts }).catch((error: unknown) => {
          putBack(pending, { day, counts });
          throw error;
        });
      }),
    );
  }
}

function putBack(pending: Pending, { day, counts }: CountedCalls): void {
  const present = pending.days.get(day) ?? new Map<string, number>();
  for (const [name, count] of counts) present.set(name, (present.get(name) ?? 0) + count);
  pending.days.set(day, present);
}
