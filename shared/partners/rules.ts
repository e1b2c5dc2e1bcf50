/** What may become of a partner. Pure: no AWS, no HTTP, and the time is an argument. */
import { newId } from "../domain/ids.ts";
import { patched } from "../domain/merge-patch.ts";
import type { Partner, PartnerPatch, Registration } from "./contract.ts";

/** A partner as it is kept. */
export type StoredPartner = Omit<Partner, "etag"> & { readonly revision: number };

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

/** The partner with the given fields changed; the same one if nothing is different. */
export function changePartner(partner: StoredPartner, patch: PartnerPatch, now: Date): StoredPartner {
  return patched(partner, patch, now);
}

/**
 * Whether a change ends the partner's tokens: suspending does, and so does narrowing the policy to one token, for several
 * may be alive.
 */
export function endsTokens(before: StoredPartner, after: StoredPartner): boolean {
  const suspended = before.status === "active" && after.status === "suspended";
  const narrowed = before.tokenPolicy === "many" && after.tokenPolicy === "single";
  return suspended || narrowed;
}

/** The form in which e-mail addresses are compared. */
export function normalizeEmail(email: string): string {
  return email.normalize("NFC").toLowerCase();
}

/** An absolute https URL without credentials in it. */
export function isWebsiteUrl(value: string): boolean {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  return url?.protocol === "https:" && /^https:\/\/[^\s]+$/i.test(value) && url.username === "" && url.password === "";
}

const gracePattern = /^P(?!$)(?:(\d{1,3})W|(?:(\d{1,3})D)?(?:T(?=\d)(?:(\d{1,4})H)?(?:(\d{1,6})M)?(?:(\d{1,7})S)?)?)$/;
const unitMs = [7 * 86_400_000, 86_400_000, 3_600_000, 60_000, 1000];
const maxGraceMs = 7 * 86_400_000;

/** A grace period, ISO 8601 from `PT0S` to `P7D`, in milliseconds; undefined for another text. */
export function parseGracePeriod(value: string): number | undefined {
  const counts = gracePattern.exec(value)?.slice(1);
  const ms = counts?.reduce((sum, count, index) => sum + Number(count ?? 0) * (unitMs[index] ?? 0), 0);
  return ms !== undefined && ms <= maxGraceMs ? ms : undefined;
}
