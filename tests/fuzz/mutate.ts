/** Small changes of a text, chosen by a random source. */

/** A number from 0 to below 1. */
export type Random = () => number;

/** Characters that parsers treat specially, and those that are hard for them. */
const characters = [
  ..."\"'\\/{}[]():;,.=&%+-_*~^$#@!?<>|` \t\r\n0123456789abcdefghijklmnopqrstuvwxyzEHMPSTWYZ",
  "\0",
  "\u007f",
  "é",
  "\ufeff",
];
const hardTexts = ["\ud800", "\udc00", "😀", "\u2028", "__proto__", "constructor", "%00", "1e999", "-0", "null"];

const maxLength = 2048;

export interface Material {
  readonly corpus: readonly string[];
  /** Texts that mean something to the parser. */
  readonly words: readonly string[];
}

/** A text of the corpus with one to eight changes. */
export function mutant({ corpus, words }: Material, random: Random): string {
  const below = (limit: number) => Math.floor(random() * limit);
  const oneOf = (texts: readonly string[]) => texts[below(texts.length)] ?? "";
  let text = oneOf(corpus);
  for (let changes = 1 + below(8); changes > 0; changes--) {
    const from = below(text.length + 1);
    const to = Math.min(text.length, from + 1 + below(below(8) === 0 ? text.length + 1 : 4));
    const [head, part, tail] = [text.slice(0, from), text.slice(from, to), text.slice(to)];
    const other = oneOf(corpus);
    const choices = [
      () => head + tail,
      () => head + oneOf(characters) + part + tail,
      () => head + oneOf(characters) + tail,
      () => head + part + part + tail,
      () => head + oneOf([...words, ...hardTexts]) + part + tail,
      () => head + oneOf(words) + tail,
      () => head + other.slice(below(other.length + 1)),
      () => head + part.split("").reverse().join("") + tail,
      () => head + part.replace(/\d/, (digit) => String((Number(digit) + 1 + below(9)) % 10)) + tail,
      () => head + part.repeat(2 + below(20)) + tail,
      () => head + String.fromCharCode(below(0x10000)) + tail,
    ];
    text = (choices[below(choices.length)]?.() ?? text).slice(0, maxLength);
  }
  return text;
}
