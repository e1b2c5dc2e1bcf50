import { isValid, ulid } from "ulid";

/** A new id: the prefix and a ULID, which sorts by time and has 80 random bits, so that nobody can guess it. */
export function newId<Prefix extends string>(prefix: Prefix, now: Date): `${Prefix}${string}` {
  return `${prefix}${ulid(now.getTime())}`;
}

/** Whether a text is a ULID in its canonical, upper-case form. */
export function isUlid(text: string): boolean {
  return text === text.toUpperCase() && isValid(text);
}
