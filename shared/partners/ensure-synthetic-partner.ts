/** Creates the synthetic partner from its secret. Commits by itself: the bootstrap runs it, and it may be repeated. */
import * as z from "zod";
import { acceptsClientSecret, hashClientSecret } from "../identity/client-secrets.ts";
import { clientCredentialReplacement, findClientCredential, principalCreation } from "../identity/store.ts";
import type { Table } from "../runtime/table.ts";
import { syntheticPartnerId } from "./synthetic-partner.ts";

const secretSchema = z.object({ clientSecret: z.string().min(32) });

/**
 * Makes the credential of the synthetic partner match its secret.
 *
 * @param secret the secret `syntheticPartner`: `{"clientId", "clientSecret"}`
 * @param hashingKey the secret `clientSecretKey`
 */
export async function ensureSyntheticPartner(
  table: Table,
  { secret, hashingKey, now }: { readonly secret: string; readonly hashingKey: string; readonly now: Date },
): Promise<void> {
  const { clientSecret } = secretSchema.parse(JSON.parse(secret));
  const secretHash = hashClientSecret(clientSecret, hashingKey);
  const found = await findClientCredential(table, syntheticPartnerId);
  if (found === undefined) {
    const state = { kind: "partner", status: "active", tokenPolicy: "single", version: 0 } as const;
    await table.commit(principalCreation(syntheticPartnerId, state, { secretHash }));
    return;
  }
  if (acceptsClientSecret(found.value, secretHash, now)) return;
  const credential = {
    secretHash,
    issuedAt: now.toISOString(),
    previousHash: secretHash,
    previousValidUntil: now.toISOString(),
  };
  await table.commit([clientCredentialReplacement(syntheticPartnerId, credential, found.revision)]);
}
