/** Codes are stored as a keyed hash only, so that a reader of the table can neither redeem codes nor test guesses. */
import { createHmac } from "node:crypto";

/**
 * The form in which a code is stored and looked up. Codes are compared exactly, letter case and spaces included.
 *
 * @param key the secret `couponCodeKey`
 */
export function hashCode(code: string, key: string): string {
  return createHmac("sha256", key).update(code).digest("base64url");
}
