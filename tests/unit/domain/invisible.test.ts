import { hasInvisible, withoutInvisible } from "../../../shared/domain/invisible.ts";

test.each([
  ["plain", "Ada Lovelace"],
  ["an accent", "Zoë Brontë"],
  ["a combining accent", "Zoe\u0308"],
  ["Hebrew", "עדה לאבלייס"],
  ["Arabic beside Latin", "آدا Lovelace"],
  ["a Persian word with a non-joiner", "نمی\u200cدانم"],
  ["a Sinhala conjunct with a joiner", "ශ්\u200dරී"],
  ["a Devanagari conjunct with a joiner", "क्\u200dष"],
  ["a Malayalam chillu at the end", "അവന്\u200d"],
  ["a Bengali word with a non-joiner", "র\u200c\u09cdযাব"],
  ["an emoji", "🚲"],
  ["an emoji with a presentation", "❤\ufe0f"],
  ["an emoji of several characters", "👩🏽\u200d🚀 👩\u200d👩\u200d👧"],
  ["a rainbow flag", "🏳\ufe0f\u200d🌈"],
  ["a keycap", "1\ufe0f\u20e3"],
  ["the flag of a region", "🏴\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}"],
  ["a flag", "🇫🇷"],
  ["a variant of a Chinese character", "葛\u{e0100}"],
  ["a variant of a Mongolian letter", "ᠠ\u180b"],
])("%s is visible", (_what, text) => {
  expect(hasInvisible(text)).toBe(false);
});

const alone = [
  0xad, 0x34f, 0x61c, 0x115f, 0x180b, 0x180e, 0x200b, 0x200c, 0x200d, 0x200e, 0x200f, 0x2028, 0x2029, 0x202a, 0x202b,
  0x202c, 0x202d, 0x202e, 0x2060, 0x2061, 0x2066, 0x2067, 0x2068, 0x2069, 0x206f, 0x3164, 0xfe0f, 0xfeff, 0xffa0,
  0xe0001, 0xe0061, 0xe0100,
];

test.each(alone.map((code) => [`U+${code.toString(16).padStart(4, "0").toUpperCase()}`, String.fromCodePoint(code)]))(
  "%s between Latin letters, alone and at either end is not",
  (_name, character) => {
    for (const text of [`a${character}b`, character, `${character}Ada`, `Ada${character}`]) {
      expect([text, hasInvisible(text)]).toEqual([text, true]);
    }
  },
);

test.each([
  ["two non-joiners", "نمی\u200c\u200cدانم"],
  ["a non-joiner at the end", "نمی\u200c"],
  ["a joiner without a virama", "ا\u200dب"],
  ["a joiner at the end of an emoji", "🚀\u200d"],
  ["two presentations", "❤\ufe0f\ufe0f"],
  ["a presentation of a digit without a keycap", "1\ufe0f"],
  ["tags without their end", "🏴\u{e0067}\u{e0062}"],
  ["tags of a different emoji", "🚲\u{e0067}\u{e007f}"],
  ["an override beside a meaningful joiner", "नमक्\u200dष\u202e"],
])("%s are not", (_what, text) => {
  expect(hasInvisible(text)).toBe(true);
});

test("is removed with the other ones where a text cannot be refused", () => {
  expect(withoutInvisible("Ada\u202e\u200b Lovelace")).toBe("Ada Lovelace");
  expect(withoutInvisible("نمی\u200cدانم")).toBe("نمی\u200cدانم");
});
