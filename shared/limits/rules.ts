/** The arithmetic of the bucket, in whole microseconds. */
import type { PartnerLimits } from "../domain/limits.ts";
import { monthOf, slackMs, type LeaseAnswer, type LeaseRequest, type LimitItem } from "./model.ts";

/** The time in which the bucket gains a number of tokens, in microseconds. */
export function costOf(tokens: number, { requestsPerSecond }: PartnerLimits): number {
  return Math.round((tokens * 1_000_000) / requestsPerSecond);
}

/** What rounding may add up to, in microseconds: without it, a bucket that is just full enough would lack a token. */
const roundingMicroseconds = 1;

/** The whole tokens that a bucket has. @param now milliseconds of the epoch */
export function tokensOf(fullAt: number, limits: PartnerLimits, now: number): number {
  const missing = Math.max(0, fullAt - now * 1000);
  const filled = costOf(limits.burst, limits) - missing + roundingMicroseconds;
  return Math.max(0, Math.min(limits.burst, Math.floor((filled * limits.requestsPerSecond) / 1_000_000)));
}

/** What a lease changes, and on which condition. */
export interface LeaseTerms {
  /** What `fullAt` grows by; counted from now if the bucket is full. */
  readonly cost: number;
  readonly isFull: boolean;
  /** A bucket with an earlier `fullAt` is full. */
  readonly fullBefore: number;
  /** The latest `fullAt` of a bucket that has the tokens. */
  readonly latestFullAt: number;
  /** What the month's count grows by. */
  readonly count: number;
  /** The highest count of a month that has the calls. */
  readonly maxUsed: number;
}

export function termsOf({ limits, tokens, prepaid, isFull, now }: LeaseRequest): LeaseTerms {
  const cost = costOf(tokens, limits);
  return {
    cost,
    isFull,
    fullBefore: fullBefore(limits, now),
    latestFullAt: now * 1000 + costOf(limits.burst, limits) - cost + 2 * roundingMicroseconds,
    count: tokens - prepaid,
    maxUsed: limits.requestsPerMonth - tokens + prepaid,
  };
}

function fullBefore(limits: PartnerLimits, now: number): number {
  return Math.floor((now - slackMs(limits)) * 1000);
}

/**
 * What a process asks for after the terms did not hold for the counters as they stand: what they allow.
 *
 * @returns the next request, or the answer where a limit is reached
 */
export function afterMiss(item: LimitItem, request: LeaseRequest): LeaseRequest | LeaseAnswer {
  const { limits, now, prepaid } = request;
  const { fullAt = 0 } = item;
  const used = usedIn(item, now);
  const isFull = fullAt < fullBefore(limits, now);
  const allowed = tokensOf(fullAt, limits, now);
  const left = limits.requestsPerMonth - used + prepaid;
  if (left < 1) return { tokens: 0, refusal: "quota_exceeded", isFull, fullAt, used };
  if (allowed < 1) return { tokens: 0, refusal: "rate_limited", isFull, fullAt, used };
  return { ...request, tokens: Math.min(request.tokens, allowed, left), isFull };
}

/** The calls of the month of a moment. */
export function usedIn(item: LimitItem, now: number): number {
  return item[monthOf(now).attribute] ?? 0;
}

/**
 * How many tokens a process asks for. While the bucket is nearly full, it is more than its calls take
 * in the time of a lease: what is left over does not matter, and one lease is enough. Otherwise it is half of what they take, so that
 * little is left over of what others need.
 *
 * @param demand the calls that it had in about the time that a lease lasts, this one included
 * @param left the tokens of the bucket and the calls of the month, as far as the process knows. Of either, a twentieth is the maximum
 */
export function leaseSize(
  { burst }: PartnerLimits,
  demand: number,
  left: { readonly tokens: number; readonly quota: number },
): number {
  const wanted = left.tokens >= 0.8 * burst ? 1 + 1.5 * (demand - 1) : demand / 2;
  return Math.max(1, Math.floor(Math.min(wanted, burst / 20, left.quota / 20)));
}
