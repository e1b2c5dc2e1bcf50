/**
 * Money: decimal(12,2), never negative. It stays a decimal text from the request through the table to the response, so no binary
 * fraction can round it.
 */

/** A plain decimal, as JSON writes numbers: no sign, no exponent, no leading zeros. */
export const moneyPattern = /^(0|[1-9]\d{0,9})(?:\.(\d{1,2}))?$/;

/** The amount with exactly two places, as it is kept, compared and shown: `5` is `5.00`; undefined for any other text. */
export function canonicalMoney(text: string): string | undefined {
  const [, whole, fraction = ""] = moneyPattern.exec(text) ?? [];
  return whole === undefined ? undefined : `${whole}.${fraction.padEnd(2, "0")}`;
}
