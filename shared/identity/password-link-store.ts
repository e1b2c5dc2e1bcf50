/** Reads and writes of one-time links. */
import * as z from "zod";
import { roles } from "../domain/access.ts";
import type { Table, Write } from "../runtime/table.ts";
import { conflict } from "../runtime/writes.ts";
import { identityKey } from "./keys.ts";
import type { PasswordLink } from "./model.ts";

/** Parsed because a damaged link would decide who gets in: see `docs/decisions/0021-parsed-items.md`. */
const passwordLinkSchema = z.object({ tokenHash: z.string(), expiresAt: z.string(), role: z.enum(roles) });

/** @throws Error for a damaged item */
export async function findPasswordLink(table: Table, userId: string): Promise<PasswordLink | undefined> {
  const stored = await table.get(identityKey.passwordLink(userId));
  return stored && passwordLinkSchema.parse(stored);
}

/** Keeps a link in place of the person's previous one. */
export function passwordLinkReplacement(userId: string, link: PasswordLink): Write {
  return { put: { ...identityKey.passwordLink(userId), ...link, ttl: Math.ceil(Date.parse(link.expiresAt) / 1000) } };
}

/** Uses a link up. Of parallel callers with one token, only one succeeds. */
export function passwordLinkUse(userId: string, { tokenHash }: PasswordLink): Write {
  return {
    delete: identityKey.passwordLink(userId),
    condition: { expression: "tokenHash = :tokenHash", values: { ":tokenHash": tokenHash } },
    onConditionFailed: conflict,
  };
}

/** Removes whatever link a person has. */
export function passwordLinkRemoval(userId: string): Write {
  return { delete: identityKey.passwordLink(userId) };
}
