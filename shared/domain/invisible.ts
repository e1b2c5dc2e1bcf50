/**
 * Characters that a reader does not see, by UAX #31 and UTS #39: with them two names that look the same differ, and a name can
 * reverse the text around it.
 */

/** Ignorable and bidirectional control characters, and the separators that end a line. */
const invisible = /[\p{Default_Ignorable_Code_Point}\p{Bidi_Control}\p{Zl}\p{Zp}]/v;
const allInvisible = new RegExp(invisible.source, "gv");

/** Letters and marks of the scripts whose spelling uses joiners. */
const joinedLetter =
  "[[\\p{L}\\p{M}]&&[\\p{scx=Arab}\\p{scx=Syrc}\\p{scx=Mong}\\p{scx=Nkoo}\\p{scx=Deva}\\p{scx=Beng}\\p{scx=Guru}\\p{scx=Gujr}" +
  "\\p{scx=Orya}\\p{scx=Taml}\\p{scx=Telu}\\p{scx=Knda}\\p{scx=Mlym}\\p{scx=Sinh}\\p{scx=Khmr}\\p{scx=Mymr}\\p{scx=Tibt}]]";

const virama = "[\\u094d\\u09cd\\u0a4d\\u0acd\\u0b4d\\u0bcd\\u0c4d\\u0ccd\\u0d4d\\u0dca\\u17d2\\u1039]";

/** Where such characters are part of the spelling of a word or of an emoji. */
const meaningful = [
  // Zero-width non-joiner: Persian and Indic words (UAX #31, rules A1 and A2).
  `(?<=${joinedLetter})\\u200c(?=${joinedLetter})`,
  // Zero-width joiner: Indic conjuncts (UAX #31, rule B).
  `(?<=${virama})\\u200d`,
  // Emoji of several characters, their presentation, keycaps and flags of regions (UTS #51).
  "(?<=\\p{ExtPict}\\p{EMod}?\\ufe0f?)\\u200d(?=\\p{ExtPict})",
  "(?<=\\p{ExtPict})[\\ufe0e\\ufe0f]",
  "(?<=[0-9#*])\\ufe0f(?=\\u20e3)",
  "(?<=\\u{1f3f4})[\\u{e0030}-\\u{e0039}\\u{e0061}-\\u{e007a}]+\\u{e007f}",
  // Variants of Chinese and Mongolian characters.
  "(?<=\\p{sc=Han})[\\u{fe00}-\\u{fe0d}\\u{e0100}-\\u{e01ef}]",
  "(?<=\\p{sc=Mong})[\\u180b-\\u180d\\u180f]",
];
const meaningfulPattern = new RegExp(meaningful.join("|"), "gv");

/** Whether a text has characters that its reader does not see, apart from those that spell words and emoji. */
export function hasInvisible(text: string): boolean {
  return invisible.test(text) && invisible.test(text.replaceAll(meaningfulPattern, ""));
}

/** The text without such characters, for one that cannot be refused. */
export function withoutInvisible(text: string): string {
  return hasInvisible(text) ? text.replaceAll(allInvisible, "") : text;
}
