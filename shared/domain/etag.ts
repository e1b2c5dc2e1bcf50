/** Entity tags (RFC 9110 §8.8.3): a resource's revision in quotes. */
import { Problem } from "./problems.ts";

/** @param revision counts the changes of a resource, from 1 */
export function etagOf(revision: number): string {
  return `"${revision}"`;
}

/**
 * Checks `If-Match` (RFC 9110 §13.1.1) against the revision of a resource. Without the header every revision matches. A tag
 * without its quotes is accepted.
 *
 * @throws Problem `precondition_failed`
 */
export function requireMatch(ifMatch: string | undefined, revision: number): void {
  if (ifMatch === undefined || ifMatch.trim() === "*") return;
  const tags = ifMatch.split(",").map((tag) => tag.trim().replace(/^"(.*)"$/, "$1"));
  if (tags.includes(String(revision))) return;
  throw new Problem("precondition_failed", "The resource has changed since you read it. Read it again.");
}
