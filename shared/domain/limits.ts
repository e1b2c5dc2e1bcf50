/** How much a partner may call: a rate with a burst, and a monthly quota. */
export interface PartnerLimits {
  /** The rate at which the partner's bucket of tokens fills. Each call takes one. */
  readonly requestsPerSecond: number;
  /** How many tokens the bucket holds. */
  readonly burst: number;
  /** Calls in a calendar month of UTC. */
  readonly requestsPerMonth: number;
}

export const maxRequestsPerSecond = 10_000;
export const maxRequestsPerMonth = 999_999_999;

/**
 * The bucket fills in two to sixty seconds. Leases last a tenth of that: with a shorter time, many processes would ask for leases
 * so often that one item could not take it.
 */
export const minBurstSeconds = 2;
export const maxBurstSeconds = 60;

/** Whether the bucket fills in an allowed time. */
export function isBurstInRange({
  requestsPerSecond,
  burst,
}: Pick<PartnerLimits, "requestsPerSecond" | "burst">): boolean {
  return burst >= minBurstSeconds * requestsPerSecond && burst <= maxBurstSeconds * requestsPerSecond;
}

/** Why a call is refused, as problem codes. */
export const limitRefusals = ["rate_limited", "quota_exceeded"] as const;
export type LimitRefusal = (typeof limitRefusals)[number];
