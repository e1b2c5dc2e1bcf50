/** Brings the signing keys about: a key set in Secrets Manager, and its public half in the table. */
import type { Secrets, SecretStage } from "../runtime/secrets.ts";
import type { Table } from "../runtime/table.ts";
import {
  continuesKeySet,
  generateSigningKey,
  parseSigningKeySet,
  publicKeysOf,
  type SigningKeySet,
} from "./signing-keys.ts";
import { keyPublication } from "./store.ts";

/**
 * Does nothing but publish where a key set exists. Read past the memory of the process: a rotation may have just ended, and
 * publishing the set before it would hide the key that signs now.
 */
export async function ensureSigningKeys(table: Table, secrets: Secrets, now: Date): Promise<void> {
  const current = await readKeySet(secrets, "AWSCURRENT");
  if (current === undefined) {
    // Also a set that was emptied because a key has leaked: nothing of before is published.
    const first: SigningKeySet = { keys: [await generateSigningKey(now)] };
    // Published first: a key that signs before it can be found would have its tokens refused.
    await table.commit(keyPublication(publicKeysOf(first)));
    await secrets.write("signingKeys", JSON.stringify(first));
    return;
  }
  // A rotation that is under way has published its key already and will let it sign in a moment.
  const pending = await readKeySet(secrets, "AWSPENDING");
  const next = pending !== undefined && continuesKeySet(pending, current) ? pending.keys : [];
  const all = new Map([...next, ...current.keys].map((key) => [key.kid, key]));
  await table.commit(keyPublication(publicKeysOf({ keys: [...all.values()] })));
}

async function readKeySet(secrets: Secrets, stage: SecretStage): Promise<SigningKeySet | undefined> {
  return parseSigningKeySet((await secrets.readVersion("signingKeys", stage)) ?? "");
}
