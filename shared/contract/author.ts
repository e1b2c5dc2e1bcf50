/** Who makes a change of what a partner owns, when, and by which request. */
import type { Principal } from "./principal.ts";

/** The request that made a change, as an event shows it to the partner. */
export interface ChangeRequest {
  /** `x-request-id` of the response. */
  readonly id: string;
  /** As the partner sent it; null without one, and for the request of an administrator. */
  readonly idempotencyKey: string | null;
}

export interface Author {
  /** The partner whose resource changes. */
  readonly partnerId: string;
  /** `jti` of the access token. */
  readonly tokenId: string;
  readonly now: Date;
  /** The time on the test clock of a sandbox: it dates the partner's subscriptions instead of `now`. */
  readonly clock?: Date | undefined;
  readonly request: ChangeRequest;
  /** How long before its expiry a subscription is announced, as the partner has set it: `P7D`. Undefined: the default. */
  readonly expiryNotice?: string | undefined;
}

/** The moment that dates the partner's subscriptions. */
export function momentOf({ now, clock }: Pick<Author, "now" | "clock">): Date {
  return clock ?? now;
}

/** What of a served request tells its author. */
export interface AuthoredRequest {
  readonly principal: Principal;
  readonly now: Date;
  readonly requestId: string;
  readonly header: (name: string) => string | undefined;
}

/** @param partnerId the partner whose resource changes; by default the caller */
export function authorOf(
  { principal, now, requestId, header }: AuthoredRequest,
  partnerId: string = principal.id,
): Author {
  const isPartner = principal.kind === "partner";
  return {
    partnerId,
    tokenId: principal.tokenId,
    now,
    request: { id: requestId, idempotencyKey: isPartner ? (header("idempotency-key") ?? null) : null },
    ...(isPartner && { expiryNotice: principal.expiryNotice }),
  };
}
