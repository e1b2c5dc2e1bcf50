/** Issues a client secret for a partner. */
import { generateClientSecret, hashClientSecret } from "../identity/client-secrets.ts";
import type { Secrets } from "../runtime/secrets.ts";

/** The secret, which is shown once, and its hash, which is kept. */
export interface IssuedClientSecret {
  readonly clientSecret: string;
  readonly secretHash: string;
}

/** @param chosen the caller's own secret; without it, one of 256 random bits is generated */
export async function issueClientSecret(secrets: Secrets, chosen: string | undefined): Promise<IssuedClientSecret> {
  const clientSecret = chosen ?? generateClientSecret();
  return { clientSecret, secretHash: hashClientSecret(clientSecret, await secrets.read("clientSecretKey")) };
}
