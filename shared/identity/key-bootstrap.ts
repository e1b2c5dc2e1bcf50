/** Brings the signing keys about: a key set in Secrets Manager, and its public half in the table. */
import type { Secrets } from "../secrets.ts";
import type { Table } from "../table/table.ts";
import { generateSigningKey, parseSigningKeySet, publicKeysOf, type SigningKeySet } from "./signing-keys.ts";
import { publishKeys } from "./store.ts";

/** Does nothing but publish where a key set exists. */
export async function ensureSigningKeys(table: Table, secrets: Secrets, now: Date): Promise<void> {
  const existing = parseSigningKeySet(await secrets.read("signingKeys"));
  const keySet: SigningKeySet = existing ?? { keys: [await generateSigningKey(now)] };
  // Published first: a key that signs before it can be found would have its tokens refused.
  await publishKeys(table, publicKeysOf(keySet));
  if (existing === undefined) await secrets.write("signingKeys", JSON.stringify(keySet));
}
