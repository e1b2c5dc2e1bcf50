/** Schemas that several areas share. Messages address the caller and never repeat its input. */
import * as z from "zod";
import { isUlid } from "../domain/ids.ts";
import { hasInvisible } from "../domain/invisible.ts";

/** The number of Unicode code points in a text, which is closer to what a person counts than UTF-16 units. */
export function codePoints(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

const controlCharacters = /[\u0000-\u001f\u007f-\u009f]/u;

/**
 * What a pattern can say of control and invisible characters: it names those that are never part of a word or an emoji. It has
 * no property escapes and no astral characters, which not every regular expression of ECMA 262's family knows. The contract's
 * patterns have no lookaround: JSON Schema advises against it, and generators of test data draw from it by trial and error.
 */
const unseen =
  "\\u0000-\\u001f\\u007f-\\u009f\\u00ad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u200b\\u200e\\u200f\\u2028-\\u202e\\u2060-\\u206f" +
  "\\u3164\\ufeff\\uffa0\\ufff0-\\ufff8";
const linePattern = `^[^${unseen}]*$`;
const filledLinePattern = `^[^${unseen}]*[^\\s${unseen}][^${unseen}]*$`;

/** A single line of text of `min` to `max` code points, without control or invisible characters and not blank. */
export function text(min: number, max: number) {
  return z
    .string()
    .refine((value) => codePoints(value) >= min && codePoints(value) <= max, `must have ${min} to ${max} characters`)
    .refine((value) => !controlCharacters.test(value), "must not have control characters")
    .refine((value) => !hasInvisible(value), "must not have invisible characters or direction marks")
    .refine((value) => value.trim() !== "" || min === 0, "must not be blank")
    .meta({
      minLength: min,
      maxLength: max,
      pattern: min === 0 ? linePattern : filledLinePattern,
    });
}

/** What the ids of each prefix name, for their descriptions. */
const namedByPrefix = {
  acc_: "bank account",
  aud_: "audit record",
  cmp_: "company",
  cpn_: "coupon",
  evt_: "event",
  hst_: "change",
  mov_: "movement",
  msg_: "message",
  ptr_: "partner",
  rdm_: "redemption",
  ses_: "session",
  sub_: "subscription",
  thr_: "thread",
  usr_: "user",
  whd_: "delivery",
  whe_: "endpoint",
} as const;

/** An id: its prefix and a ULID. In a path, any other form gets 404, not 422. */
export function id(prefix: keyof typeof namedByPrefix) {
  return z
    .string()
    .refine(
      (value) => value.startsWith(prefix) && isUlid(value.slice(prefix.length)),
      `must be an id that begins with ${prefix}`,
    )
    .meta({ pattern: `^${prefix}[0-9A-HJKMNP-TV-Z]{26}$`, examples: [`${prefix}01JD3Y5W8Q4T6V2X9ZB7C1D3EF`] })
    .describe(`Id of the ${namedByPrefix[prefix]}: \`${prefix}\` and a ULID`);
}

/** A username. Upper and lower case are the same name. */
export const username = z
  .string()
  .regex(/^[a-z0-9._-]{3,64}$/i, "must have 3 to 64 characters of a-z 0-9 . _ -, in upper or lower case")
  .meta({ description: "Upper and lower case are the same name", examples: ["ada"] });

/** A whole number that is exact in JSON. */
export const wholeNumber = z.int({
  // For a missing field, Zod's own message is the right one.
  error: ({ input }) => (input === undefined ? undefined : "must be a whole number"),
});

/** The local part as people use it, and labels of a domain of at most 63 characters that neither begin nor end with a hyphen. */
const emailPattern =
  /^(?:[A-Za-z0-9_'+-]+\.)*[A-Za-z0-9_'+-]*[A-Za-z0-9_+-]@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}$/;

/** An e-mail address of at most 254 characters, 64 of them before the @ (RFC 5321 §4.5.3.1). */
export const email = z
  // For a missing field, Zod's own message is the right one.
  .email({
    pattern: emailPattern,
    error: ({ input }) => (input === undefined ? undefined : "must be an e-mail address"),
  })
  .max(254, "must have at most 254 characters")
  .refine((value) => value.indexOf("@") <= 64, "must have at most 64 characters before the @")
  .meta({ description: "E-mail address", examples: ["grace@example.com"] });

const instantPattern = /^(\d{4})-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(?:\.\d{1,9})?(?:[Zz]|[+-](\d{2}):(\d{2}))$/;

/**
 * An RFC 3339 time with any offset; the year, in UTC, is 1970 to 9999. `Date` alone would read 30 February as 2 March.
 */
export const instant = z
  .string()
  .transform((value, context) => {
    const moment = parseInstant(value);
    if (moment !== undefined) return moment;
    context.issues.push({ code: "custom", input: value, message: "must be an RFC 3339 time from 1970 to 9999" });
    return z.NEVER;
  })
  .meta({
    type: "string",
    format: "date-time",
    // The years 1970 to 9999.
    pattern: "^(19[7-9][0-9]|[2-9][0-9]{3})-",
    description: "RFC 3339 time with any offset, from 1970 to 9999",
    examples: ["2027-01-01T00:00:00Z"],
  });

/** Parses an RFC 3339 time; undefined for any other text and for a day that does not exist. */
export function parseInstant(value: string): Date | undefined {
  const parts = instantPattern
    .exec(value)
    ?.slice(1)
    .map((part) => Number(part ?? 0));
  if (parts === undefined) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, offsetHour = 0, offsetMinute = 0] = parts;
  const daysInMonth = new Date(Date.UTC(year, month, 0)).getUTCDate();
  const onCalendar = month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth;
  if (!onCalendar || hour > 23 || minute > 59 || second > 59 || offsetHour > 23 || offsetMinute > 59) return undefined;
  const moment = new Date(value.toUpperCase());
  const utcYear = moment.getUTCFullYear();
  return utcYear >= 1970 && utcYear <= 9999 ? moment : undefined;
}

/** A time as the API shows it. */
export const shownInstant = z.string().meta({
  format: "date-time",
  description: "RFC 3339 time in UTC, with milliseconds",
  examples: ["2026-11-20T12:00:00.000Z"],
});

export const createdAt = shownInstant.describe("When it was created: RFC 3339, UTC");
export const updatedAt = shownInstant.describe("When it was last changed: RFC 3339, UTC");

/** An entity tag with its quotes (RFC 9110 §8.8.3), as `If-Match` takes it. */
export const etag = z.string().meta({
  description: "Entity tag of this version, with its quotes. Send it as `If-Match` to change only this version",
  examples: ['"3"'],
});

/** The pagination parameters of every list. */
export const pageQuery = {
  limit: z
    .string()
    .refine((value) => /^[1-9]\d{0,2}$/.test(value) && Number(value) <= 100, "must be a whole number from 1 to 100")
    .transform(Number)
    .meta({ type: "integer", minimum: 1, maximum: 100, description: "Maximum number of items of the page" })
    .default(20),
  cursor: z
    .string()
    .meta({
      // The shortest has a nonce, one byte and a tag.
      pattern: "^[A-Za-z0-9_-]{39,}$",
      description: "`nextCursor` of the previous page, unchanged. Without it, the list begins at its start",
    })
    .optional(),
};

/** A text by whose beginning a list is searched. */
export const search = text(1, 80).optional();

/** The orders of a list, the default first. */
export function orderBy<const Orders extends readonly [string, ...string[]]>(orders: Orders) {
  return z.enum(orders).default(orders[0] as Orders[number]);
}

/** A search has an order of its own. */
export function searchedOrSorted<Shape extends z.ZodRawShape>(query: z.ZodObject<Shape>, defaultOrder: string) {
  return query.refine(
    (given) => {
      const { search: wanted, sort } = given as { readonly search?: unknown; readonly sort?: unknown };
      return wanted === undefined || sort === defaultOrder;
    },
    { path: ["sort"], message: "must not be sent together with search" },
  );
}

/** The name of a file that a page loads, with the hash of its content. */
export const servedFile = z
  .string()
  .max(100)
  .meta({ description: "Name of the file, as the page names it", examples: ["main-3f6c1a526a5c.js"] });

/** A page of a list. */
export function pageOf<Schema extends z.ZodType>(item: Schema) {
  return z.object({
    items: z.array(item).describe("The items of the page, at most `limit`"),
    nextCursor: z.string().nullable().describe("Send it as `cursor` for the next page; null on the last page"),
  });
}
