import { decodeTime, encodeTime, isValid, ulid } from "ulid";

/** A new id: the prefix and a ULID, which sorts by time and has 80 random bits, so that nobody can guess it. */
export function newId<Prefix extends string>(prefix: Prefix, now: Date): `${Prefix}${string}` {
  return `${prefix}${ulid(now.getTime())}`;
}

/** When an id was made. */
export function timeOf(id: string): Date {
  return new Date(decodeTime(id.slice(4)));
}

/** A text that sorts before every id with this prefix that was made at this time or later, and after every earlier one. */
export function beforeIdsFrom(prefix: string, time: Date): string {
  return `${prefix}${encodeTime(time.getTime())}`;
}

/** Whether a text is a ULID in its canonical, upper-case form. */
export function isUlid(text: string): boolean {
  return text === text.toUpperCase() && isValid(text);
}

/**
 * The ids among path parameters, in their order, as one text: `usr_…/ses_…`. Other values are left out, because a caller chose
 * them and they may be names or e-mail addresses.
 *
 * @returns undefined if there is no id
 */
export function targetOf(parameters: Readonly<Record<string, string | undefined>>): string | undefined {
  const isId = (value: string | undefined) => value?.[3] === "_" && isUlid(value.slice(4));
  const ids = Object.values(parameters).filter(isId);
  return ids.length === 0 ? undefined : ids.join("/");
}
