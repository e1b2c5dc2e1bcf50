/** How a call stands against the limits of its partner, as the authorizer tells the operation. */
import { limitRefusals, type LimitRefusal, type PartnerLimits } from "../domain/limits.ts";

export interface LimitState {
  readonly limits: PartnerLimits;
  /** Calls that the bucket allows at once, as far as the authorizer knows. */
  readonly available: number;
  /** Seconds until the bucket is full or, for a refused call, until it has a token. */
  readonly availableSeconds: number;
  /** Calls that are left of the month's quota. */
  readonly monthLeft: number;
  /** Seconds until the month ends. */
  readonly monthLeftSeconds: number;
  /** Length of the month. */
  readonly monthSeconds: number;
  /** The limit that the call has reached; absent for a call that is allowed. */
  readonly refusal?: LimitRefusal | undefined;
}

/** The state as one text: API Gateway passes on flat values only. */
export function toLimitText(state: LimitState): string {
  const { requestsPerSecond, burst, requestsPerMonth } = state.limits;
  const { available, availableSeconds, monthLeft, monthLeftSeconds, monthSeconds, refusal } = state;
  return [
    requestsPerSecond,
    burst,
    requestsPerMonth,
    available,
    availableSeconds,
    monthLeft,
    monthLeftSeconds,
    monthSeconds,
    refusal ?? "",
  ].join(" ");
}

/** @returns undefined for a caller without limits */
export function fromLimitText(text: unknown): LimitState | undefined {
  if (typeof text !== "string" || text === "") return undefined;
  const fields = text.split(" ");
  const [requestsPerSecond = 0, burst = 0, requestsPerMonth = 0, available = 0, availableSeconds = 0, ...month] = fields
    .slice(0, 8)
    .map(Number);
  const [monthLeft = 0, monthLeftSeconds = 0, monthSeconds = 0] = month;
  const limits = { requestsPerSecond, burst, requestsPerMonth };
  const refusal = limitRefusals.find((known) => known === fields[8]);
  return { limits, available, availableSeconds, monthLeft, monthLeftSeconds, monthSeconds, refusal };
}
