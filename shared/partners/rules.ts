/** Rules for registering and changing partners. Pure: no AWS, no HTTP, and the time is an argument. */
import { newId } from "../domain/ids.ts";
import { patched } from "../domain/merge-patch.ts";
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
    createdAt: now.toISOString(),
    updatedAt: now.toISOString(),
    revision: 1,
  };
}

/** The partner with the given fields changed; the same object for a no-op. */
export function changePartner(partner: StoredPartner, patch: PartnerPatch, now: Date): StoredPartner {
  return patched(partner, patch, now);
}

/**
 * Whether a change ends the partner's tokens. A suspension does, and so does the step from many tokens to a single one,
 * because several may be valid.
 */
export function endsTokens(before: StoredPartner, after: StoredPartner): boolean {
  const suspended = before.status === "active" && after.status === "suspended";
  const narrowed = before.tokenPolicy === "many" && after.tokenPolicy === "single";
  return suspended || narrowed;
}
