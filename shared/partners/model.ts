/** Partners as they are kept, with the limits and forms of their values. */
import type { PartnerLimits } from "../domain/limits.ts";
import type { TokenPolicy } from "../identity/model.ts";

export const partnerStatuses = ["active", "suspended"] as const;

/** A partner as it is kept. Times are RFC 3339. */
export interface StoredPartner {
  readonly id: string;
  readonly name: string;
  readonly websiteUrl: string;
  /** Empty for a sandbox. */
  readonly email: string;
  readonly status: (typeof partnerStatuses)[number];
  readonly tokenPolicy: TokenPolicy;
  /** Every access token is bound to a key (RFC 9449 §5.2); absent means no. */
  readonly dpopBoundAccessTokens?: boolean | undefined;
  /** How long before its expiry a subscription is announced; absent: the default. */
  readonly expiryNotice?: string | undefined;
  /** How much it may call; absent or null: the stage's defaults. */
  readonly limits?: PartnerLimits | null | undefined;
  /** Id of its sandbox. */
  readonly sandboxId?: string | undefined;
  /** Id of the live partner whose sandbox this is. A sandbox has no e-mail address, and the status of its live partner. */
  readonly sandboxOf?: string | undefined;
  readonly createdAt: string;
  readonly updatedAt: string;
  /** Counts the changes, from 1. */
  readonly revision: number;
}

export const maxPartnerNameLength = 100;
export const maxWebsiteUrlLength = 2048;

/** RFC 6749 §A.2 allows blanks as well. Without them, no reader of a Basic header can mistake a `+` for a blank. */
export const clientSecretPattern = /^[\x21-\x7e]{16,128}$/;

const minDistinctCharacters = 6;
const minUnpredictedSteps = 8;

/**
 * Whether a chosen secret is hard to guess. Counts the steps from one character to the next that follow no pattern: neither the
 * same character, nor its neighbour in the alphabet or on the number line, nor a pair that occurred before. Random secrets of
 * sixteen hexadecimal digits pass; repeated words, runs and digits behind a word do not.
 */
export function isHardToGuess(secret: string): boolean {
  const steps = Array.from({ length: Math.max(0, secret.length - 1) }, (_, index) => secret.slice(index, index + 2));
  const unpredicted = new Set(
    steps.filter((step) => Math.abs((step.codePointAt(1) ?? 0) - (step.codePointAt(0) ?? 0)) > 1),
  );
  return new Set(secret).size >= minDistinctCharacters && unpredicted.size >= minUnpredictedSteps;
}

/** The form in which e-mail addresses are compared. */
export function normalizeEmail(email: string): string {
  return email.normalize("NFC").toLowerCase();
}

/** What a pattern can say of a website. */
export const websitePattern = "^[Hh][Tt][Tt][Pp][Ss]://[^\\s]+$";
const websiteShape = new RegExp(websitePattern, "u");

/** Whether a text is an absolute https URL without credentials. */
export function isWebsiteUrl(value: string): boolean {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  return url?.protocol === "https:" && websiteShape.test(value) && url.username === "" && url.password === "";
}

const gracePattern = /^P(?!$)(?:(\d{1,3})W|(?:(\d{1,3})D)?(?:T(?=\d)(?:(\d{1,4})H)?(?:(\d{1,6})M)?(?:(\d{1,7})S)?)?)$/;
const unitMs = [7 * 86_400_000, 86_400_000, 3_600_000, 60_000, 1000];
const maxGraceMs = 7 * 86_400_000;

/** The milliseconds of a grace period, ISO 8601 from `PT0S` to `P7D`; undefined for any other text. */
export function parseGracePeriod(value: string): number | undefined {
  const counts = gracePattern.exec(value)?.slice(1);
  const ms = counts?.reduce((sum, count, index) => sum + Number(count ?? 0) * (unitMs[index] ?? 0), 0);
  return ms !== undefined && ms <= maxGraceMs ? ms : undefined;
}
