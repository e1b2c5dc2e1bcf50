/** Rules for registering and changing partners. Pure: no AWS, no HTTP, and the time is an argument. */
import type { PartnerLimits } from "../domain/limits.ts";
import { newId } from "../domain/ids.ts";
import { patched } from "../domain/merge-patch.ts";
import { invalid, Problem, revokedMeanwhile } from "../domain/problems.ts";
import { defaultExpiryNotice } from "../subscriptions/model.ts";
import type { PartnerPatch, Registration } from "./contract.ts";
import type { StoredPartner } from "./model.ts";

export function registerPartner({ name, websiteUrl, email }: Omit<Registration, "secret">, now: Date): StoredPartner {
  return {
    id: newId("ptr_", now),
    name,
    websiteUrl,
    email,
    status: "active",
    tokenPolicy: "single",
    dpopBoundAccessTokens: false,
    expiryNotice: defaultExpiryNotice,
    createdAt: now.toISOString(),
    updatedAt: now.toISOString(),
    revision: 1,
  };
}

/** The partner with the given fields changed; the same revision for a no-op. */
export function changePartner(partner: StoredPartner, patch: PartnerPatch, now: Date): StoredPartner {
  const { dpopBoundAccessTokens = false, expiryNotice = defaultExpiryNotice } = partner;
  const before = { ...partner, dpopBoundAccessTokens, expiryNotice };
  const limits = isSameLimits(patch.limits ?? null, partner.limits ?? null) ? undefined : patch.limits;
  const after = patched(before, { ...patch, limits }, now);
  return after === before ? partner : after;
}

function isSameLimits(one: PartnerLimits | null, other: PartnerLimits | null): boolean {
  return (
    one?.requestsPerSecond === other?.requestsPerSecond &&
    one?.burst === other?.burst &&
    one?.requestsPerMonth === other?.requestsPerMonth
  );
}

/** The partner as the audit trail shows it: of single values. */
export function auditedPartner(partner: StoredPartner) {
  const { requestsPerSecond = null, burst = null, requestsPerMonth = null } = partner.limits ?? {};
  return { ...partner, requestsPerSecond, burst, requestsPerMonth };
}

const followedFields = {
  status: "A sandbox has the status of its live partner. Change that.",
  email: "A sandbox has no e-mail address. Its client id is its id.",
} as const;

/** @returns the refusal of what a sandbox takes from its live partner, or undefined where the change is allowed */
export function refuseSandboxChange({ sandboxOf }: StoredPartner, patch: PartnerPatch): Problem | undefined {
  const fields = (["status", "email"] as const).filter((name) => patch[name] !== undefined);
  return sandboxOf === undefined || fields.length === 0
    ? undefined
    : invalid(...fields.map((name) => ({ pointer: `/${name}`, detail: followedFields[name] })));
}

/** @throws Problem `live_partner_required` for a sandbox, which only its live partner ends */
export function requireLive({ sandboxOf }: StoredPartner): void {
  if (sandboxOf === undefined) return;
  throw new Problem("live_partner_required", `A sandbox ends with its live partner, ${sandboxOf}, or by that partner.`);
}

const ownFields: readonly string[] = ["dpopBoundAccessTokens", "expiryNotice"];

/**
 * What a partner may change of itself: how its tokens are bound, and when its subscriptions are announced.
 *
 * @returns the refusal, or undefined where the change is allowed
 */
export function refuseOwnChange({ status }: StoredPartner, patch: PartnerPatch): Problem | undefined {
  if (status !== "active") return revokedMeanwhile();
  return Object.keys(patch).every((name) => ownFields.includes(name))
    ? undefined
    : new Problem("forbidden", "A partner may change only `dpopBoundAccessTokens` and `expiryNotice` of itself.");
}

/**
 * Whether a change ends the partner's tokens. A suspension does, and so do the step from many tokens to a single one, because
 * several may be valid, and the step to bound tokens, because others are not bound.
 */
export function endsTokens(before: StoredPartner, after: StoredPartner): boolean {
  const narrowed = before.tokenPolicy === "many" && after.tokenPolicy === "single";
  const bound = before.dpopBoundAccessTokens !== true && after.dpopBoundAccessTokens === true;
  return suspends(before, after) || narrowed || bound;
}

/** Whether a change suspends the partner. */
export function suspends(before: StoredPartner, after: StoredPartner): boolean {
  return before.status === "active" && after.status === "suspended";
}
