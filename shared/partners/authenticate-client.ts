/** Authenticates a partner with its client secret. */
import { isUlid } from "../domain/ids.ts";
import { acceptsClientSecret, hashClientSecret } from "../identity/client-secrets.ts";
import { countFailure } from "../identity/limit-attempts.ts";
import { clientSecretGuessLimit, type PartnerState } from "../identity/model.ts";
import { findClientCredential, findPartnerState } from "../identity/store.ts";
import { invalidClient, type ClientCredentials } from "../identity/token-requests.ts";
import type { Environment } from "../runtime/environment.ts";
import { log } from "../runtime/log.ts";
import type { Secrets } from "../runtime/secrets.ts";
import type { Table } from "../runtime/table.ts";
import { normalizeEmail } from "./model.ts";
import { findPartnerIdByEmail } from "./store.ts";

export interface AuthenticatedClient {
  readonly id: string;
  readonly state: PartnerState;
}

/** What the authentication of a client needs. */
export interface ClientContext {
  readonly table: Table;
  readonly secrets: Secrets;
  readonly environment: Environment;
  readonly now: Date;
  readonly requestId: string;
}

/**
 * The partner that the credentials belong to. Its client id is its id or its e-mail address.
 *
 * @throws OAuthError `invalid_client`, the same for an unknown client, a wrong secret and a suspended partner
 * @throws Problem `too_many_attempts` instead after a hundred failures in fifteen minutes in the client's name
 */
export async function authenticateClient(
  { clientId, clientSecret }: ClientCredentials,
  { table, secrets, now, requestId }: ClientContext,
): Promise<AuthenticatedClient> {
  const [hashingKey, partnerId] = await Promise.all([
    secrets.read("clientSecretKey"),
    resolveClientId(table, clientId),
  ]);
  const [credential, state] = await Promise.all([
    findClientCredential(table, partnerId),
    findPartnerState(table, partnerId, ["active"]),
  ]);
  const accepted = acceptsClientSecret(credential?.value, hashClientSecret(clientSecret, hashingKey), now);
  if (accepted && state !== undefined) return { id: partnerId, state };
  log("warn", "client_authentication_failed", { requestId, principalId: credential && partnerId });
  // Unknown clients are counted like known ones; otherwise the limit would tell which exist.
  const name = normalizeEmail(clientId);
  await countFailure(table, { kind: "client-secret", name, budget: { perName: clientSecretGuessLimit }, now });
  throw invalidClient("Unknown client or wrong client secret");
}

/** An id that no partner has. An unknown client takes the same steps with it, so the response time discloses nothing. */
const nobody = "ptr_00000000000000000000000000";

async function resolveClientId(table: Table, clientId: string): Promise<string> {
  if (clientId.startsWith("ptr_")) return isUlid(clientId.slice(4)) ? clientId : nobody;
  return (clientId.includes("@") ? await findPartnerIdByEmail(table, clientId) : undefined) ?? nobody;
}
