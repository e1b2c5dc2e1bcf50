import type { LimitState } from "../../contract/limit-state.ts";
import type { LimitRefusal } from "../../domain/limits.ts";
import { Problem } from "../../domain/problems.ts";
import type { Middleware } from "../request-context.ts";

/**
 * Refuses a call beyond its partner's limits before anything else is looked at. The authorizer counts and decides, but an authorizer
 * can answer with 401 and 403 only.
 */
export function limits(): Middleware {
  return {
    before: ({ event: { context } }) => {
      const { operation, limitState } = context;
      // A partner gets 403 where it has no access, whatever its limits are.
      const isForPartners = operation.access !== "public" && operation.access.partner !== undefined;
      if (isForPartners && limitState?.refusal !== undefined) throw refusalOf(limitState.refusal, limitState);
    },
  };
}

function refusalOf(refusal: LimitRefusal, state: LimitState): Problem {
  if (refusal === "rate_limited") {
    const detail = "This partner sends more requests than its rate and burst allow. Wait, then send fewer requests.";
    return new Problem(refusal, detail, { retryAfterSeconds: state.availableSeconds });
  }
  const detail = "This partner has used up its requests of this month. The next month (UTC) brings new ones.";
  return new Problem(refusal, detail, { retryAfterSeconds: state.monthLeftSeconds });
}

/** The headers of draft-ietf-httpapi-ratelimit-headers-11, in structured fields (RFC 9651). */
export function limitHeaders(state: LimitState | undefined): Record<string, string> {
  if (state === undefined) return {};
  const { limits: granted, available, availableSeconds, monthLeft, monthLeftSeconds, monthSeconds } = state;
  const { requestsPerSecond, burst, requestsPerMonth } = granted;
  const window = Math.ceil(burst / requestsPerSecond);
  return {
    "ratelimit-policy": `"burst";q=${burst};w=${window}, "month";q=${requestsPerMonth};w=${monthSeconds}`,
    ratelimit: `"burst";r=${available};t=${availableSeconds}, "month";r=${monthLeft};t=${monthLeftSeconds}`,
  };
}
