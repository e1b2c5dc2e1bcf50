import type * as z from "zod";
import { LocalHostError } from "./errors.ts";

/**
 * Parses a value that comes from outside the host.
 *
 * @param where begins the error's line; the member's path follows: `AWS::Lambda::Function Api/Health: property`
 * @throws LocalHostError in one line that names the first wrong member
 */
export function parseOrRefuse<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  where: string,
): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues as [z.core.$ZodIssue];
  const unknown = issue.code === "unrecognized_keys" ? issue.keys.slice(0, 1) : [];
  const path = [...issue.path, ...unknown].map(String).join(".");
  const reason = unknown.length > 0 ? "is not known to the local host" : issue.message;
  throw new LocalHostError([where, path, reason].filter((part) => part !== "").join(" "));
}

/** The error of a schema for a member that may be missing or have a wrong type. */
export const mustBe =
  (what: string) =>
  ({ input }: { readonly input?: unknown }): string =>
    input === undefined ? "is missing" : `must be ${what}`;
