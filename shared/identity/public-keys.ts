/** The public halves of the signing keys, as a process caches them. */
import { Problem } from "../domain/problems.ts";
import type { Table } from "../runtime/table.ts";
import type { PublicKey } from "./model.ts";
import { findPublicKeys } from "./store.ts";

const freshMs = 60_000;

/** An unknown `kid` causes at most one read in this time, so that forged tokens do not cost a read each. */
export const refetchMs = 1000;

/**
 * How long keys are used after they were read, if they cannot be read again: a throttled item must not refuse everybody. It is short,
 * because it is also how long a key that was taken away may go on verifying. Revocation does not depend on it: the principal's
 * state is read on every call.
 */
export const maxStaleMs = 5 * 60_000;

/** How long a call waits for keys to replace stale ones. */
const maxRefreshMs = 300;

let known: { readonly keys: readonly PublicKey[]; readonly at: number } = { keys: [], at: 0 };
/** When the keys could not be read, since they were read last. */
let failedAt: number | undefined;

/**
 * The public key, cached for a minute. An unknown one is read at once, because a rotation may have published it.
 *
 * @param onStale hears why a key is used that is older than a minute
 * @throws Problem `unavailable` where the keys cannot be read and no cached one is young enough
 */
export async function findPublicKey(
  table: Table,
  kid: string,
  onStale: (error: unknown) => void = () => undefined,
): Promise<PublicKey | undefined> {
  const now = Date.now();
  const cached = find(known.keys, kid);
  const age = now - known.at;
  if (age <= (cached === undefined ? refetchMs : freshMs)) return cached;
  if (cached === undefined || age > maxStaleMs) return find(await readKeys(table, now), kid);
  // A throttled item does not recover while every call asks for it.
  if (failedAt !== undefined && now - failedAt <= refetchMs) return cached;
  try {
    return find(await readKeys(table.until(now + maxRefreshMs), now), kid);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    failedAt = Date.now();
    onStale(error);
    return cached;
  }
}

/**
 * The keys as anybody may see them, at most a second old: so callers cannot wear out the item that the authorizer needs. A rotation
 * waits longer between the publication of a key and its first signature.
 *
 * @throws Problem `unavailable`
 */
export async function listPublicKeys(table: Table): Promise<readonly PublicKey[]> {
  const now = Date.now();
  return now - known.at <= refetchMs ? known.keys : await readKeys(table, now);
}

async function readKeys(table: Table, at: number): Promise<readonly PublicKey[]> {
  const keys = await findPublicKeys(table);
  known = { keys, at };
  failedAt = undefined;
  return keys;
}

function find(keys: readonly PublicKey[], kid: string): PublicKey | undefined {
  return keys.find((key) => key.kid === kid);
}
