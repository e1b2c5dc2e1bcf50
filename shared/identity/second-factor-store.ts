/** Reads and writes of second factors. */
import * as z from "zod";
import type { Change, Table, Write } from "../runtime/table.ts";
import { deleteUnchanged, present, putAbsent, putUnchanged, updateIf } from "../runtime/writes.ts";
import { identityKey } from "./keys.ts";
import type { SecondFactor, StoredSecondFactor } from "./model.ts";
import { endAllSessions } from "./session-store.ts";

/** Parsed because a damaged factor would decide who gets in: see `docs/decisions/0021-parsed-items.md`. */
const secondFactorSchema = z.object({
  sealedSecret: z.string(),
  confirmedAt: z.string().optional(),
  lastStep: z.int(),
  recoveryHashes: z.array(z.string()),
  revision: z.int(),
});

/** @throws Error for a damaged item */
export async function findSecondFactor(table: Table, userId: string): Promise<StoredSecondFactor | undefined> {
  const stored = await table.get(identityKey.secondFactor(userId));
  if (stored === undefined) return undefined;
  const { confirmedAt, ...factor } = secondFactorSchema.parse(stored);
  return { ...factor, ...(confirmedAt !== undefined && { confirmedAt }) };
}

/** Keeps a factor. @param before as read; a change of it since is an optimistic-concurrency conflict */
export function secondFactorWrite(userId: string, before: StoredSecondFactor | undefined, factor: SecondFactor): Write {
  const key = identityKey.secondFactor(userId);
  if (before !== undefined) return putUnchanged(key, { ...factor, revision: before.revision + 1 }, before.revision);
  return putAbsent(key, { ...factor, revision: 1 });
}

/**
 * Removes a factor: sign-in asks for no code from then on.
 *
 * @param before as read; a change of it since is an optimistic-concurrency conflict
 */
export function secondFactorRemoval(userId: string, before: StoredSecondFactor): Change {
  return [
    deleteUnchanged(identityKey.secondFactor(userId), before.revision),
    updateIf(identityKey.principal(userId), present, { expression: "REMOVE secondFactor" }),
  ];
}

/** Removes whatever factor a user has, and ends its sessions. */
export function secondFactorReset(userId: string): Change {
  return [{ delete: identityKey.secondFactor(userId) }, endAllSessions(userId, undefined, { remove: "secondFactor" })];
}
