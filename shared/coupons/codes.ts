/** Coupon codes are kept as a keyed hash only: who reads the table cannot redeem, nor try codes against it. */
import { createHmac } from "node:crypto";

/**
 * The form in which a code is kept and looked up. Codes are compared exactly: upper and lower case, every blank.
 *
 * @param key the secret `couponCodeKey`
 */
export function hashCode(code: string, key: string): string {
  return createHmac("sha256", key).update(code).digest("base64url");
}
