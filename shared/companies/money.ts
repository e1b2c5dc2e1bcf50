/**
 * Money, decimal(12,2) and never negative: from input to table to answer it stays the text of a decimal. No binary fraction and
 * no sum is ever made of it, so nothing can round it.
 */

/** A plain decimal, as JSON writes numbers: no sign, no exponent, no leading zeros. */
export const moneyPattern = /^(0|[1-9]\d{0,9})(?:\.(\d{1,2}))?$/;

/** The amount with exactly two places, in which it is kept, compared and shown: `5` is `5.00`; undefined for another text. */
export function canonicalMoney(text: string): string | undefined {
  const [, whole, fraction = ""] = moneyPattern.exec(text) ?? [];
  return whole === undefined ? undefined : `${whole}.${fraction.padEnd(2, "0")}`;
}
