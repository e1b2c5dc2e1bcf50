/** Partners as callers see them. */
import type { PartnerLimits } from "../domain/limits.ts";
import { etagOf } from "../domain/etag.ts";
import type { ClientCredential, PartnerState } from "../identity/model.ts";
import { defaultExpiryNotice } from "../subscriptions/model.ts";
import type { PartnerView, SecretStateView } from "./contract.ts";
import type { StoredPartner } from "./model.ts";

/** @param defaultLimits the limits of a partner that has none of its own */
export function viewPartner(partner: StoredPartner, defaultLimits: PartnerLimits): PartnerView {
  const { dpopBoundAccessTokens = false, expiryNotice = defaultExpiryNotice, revision, ...profile } = partner;
  const { id, name, websiteUrl, email, status, tokenPolicy, createdAt, updatedAt } = profile;
  const limits = partner.limits ?? defaultLimits;
  const hasOwnLimits = (partner.limits ?? null) !== null;
  const settings = { status, tokenPolicy, dpopBoundAccessTokens, expiryNotice, limits, hasOwnLimits };
  const { sandboxId = null, sandboxOf = null } = partner;
  const pair = { sandboxId, sandboxOf };
  return { id, name, websiteUrl, email, ...settings, ...pair, createdAt, updatedAt, etag: etagOf(revision) };
}

/** @param state tells when the newest token was issued, if the partner has one token at a time */
export function viewSecretState(
  { issuedAt, previousValidUntil }: ClientCredential,
  { tokenPolicy, tokenIssuedAt }: PartnerState,
  now: Date,
): SecretStateView {
  const isValid = previousValidUntil !== undefined && previousValidUntil > now.toISOString();
  return {
    issuedAt: issuedAt ?? null,
    previousValidUntil: isValid ? previousValidUntil : null,
    lastTokenIssuedAt: tokenPolicy === "single" ? (tokenIssuedAt ?? null) : null,
  };
}
