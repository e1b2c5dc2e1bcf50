/** Forms of values that many tests expect. */

/** A time as the API writes it: UTC with milliseconds. */
export const instant = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** Every sign-in and every new user costs an argon2id hash, so a crowd of them takes long on a small machine. */
export const crowdTimeoutMs = 120_000;

export const dayMs = 86_400_000;

/** A password that nobody has. */
export const wrongPassword = "not the password of anybody";

/** Well-formed ids of nothing. */
export const unknownPartnerId = "ptr_01JD3Y5W8Q4T6V2X9ZB7C1D3EF";
export const unknownUserId = "usr_01JD3Y5W8Q4T6V2X9ZB7C1D3EF";

/** The same text with letters in upper and lower case, different for each index. */
export function inMixedCase(text: string, index: number): string {
  return [...text].map((letter, at) => ((index >> (at % 6)) & 1 ? letter.toUpperCase() : letter)).join("");
}
