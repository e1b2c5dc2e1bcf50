/** The counters behind the limits of a partner, and the leases that processes take from them. */
import type { LimitRefusal, PartnerLimits } from "../domain/limits.ts";

/**
 * The bucket and the monthly counts as they are kept.
 *
 * `fullAt` is the theoretical arrival time of the generic cell rate algorithm: the moment, in microseconds of the epoch, at which
 * the bucket is full again. A whole number, because DynamoDB adds to it.
 */
export type LimitItem = {
  readonly fullAt?: number;
  readonly ttl?: number;
} & Readonly<Record<MonthAttribute, number | undefined>>;

/** The attribute that counts the calls of a month: `used:2026-11`. */
export type MonthAttribute = `used:${string}`;

/** What a process asks for: tokens that it may spend until the lease ends. */
export interface LeaseRequest {
  readonly limits: PartnerLimits;
  readonly tokens: number;
  /**
   * Calls that the process has counted to the month and not allowed yet, or has allowed and not counted, as a negative number. They
   * correct the month's count. Tokens that a lease leaves over do not go back to the bucket.
   */
  readonly prepaid: number;
  /** Whether the process expects the bucket to be full, as it was at its previous lease. */
  readonly isFull: boolean;
  /** Milliseconds of the epoch. */
  readonly now: number;
}

/** What a process gets, with the counters as they stand afterwards. */
export interface LeaseAnswer {
  readonly tokens: number;
  /** The limit that is reached: there are no tokens. */
  readonly refusal?: LimitRefusal;
  readonly isFull: boolean;
  readonly fullAt: number;
  /** Calls of this month, the leased ones included. */
  readonly used: number;
}

/**
 * How long a lease lasts, in milliseconds: 8 % of the time in which the bucket fills. So whatever processes hold is at most 8 % of the
 * burst, however many they are: see `docs/decisions/0085-leased-counters.md`.
 */
export function leaseMs(limits: PartnerLimits): number {
  return 0.08 * fillMs(limits);
}

/**
 * How long a full bucket still counts as one that fills, in milliseconds: 2 % of the time in which it fills. Otherwise the bucket of
 * a busy partner would be full at one lease and not at the next, and each wrong guess costs an update.
 */
export function slackMs(limits: PartnerLimits): number {
  return 0.02 * fillMs(limits);
}

function fillMs({ requestsPerSecond, burst }: PartnerLimits): number {
  return (burst / requestsPerSecond) * 1000;
}

/** The attribute and the bounds of the calendar month (UTC) of a moment. */
export function monthOf(now: number): {
  readonly attribute: MonthAttribute;
  readonly from: number;
  readonly to: number;
} {
  const date = new Date(now);
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
  return {
    attribute: `used:${date.toISOString().slice(0, 7)}`,
    from: Date.UTC(year, month, 1),
    to: Date.UTC(year, month + 1, 1),
  };
}
