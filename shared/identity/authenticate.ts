/** Authentication of a request by its access token: genuine, of a living principal, of its present version. */
import type { Principal } from "../api/principal.ts";
import type { Table } from "../table/table.ts";
import { verifyAccessToken, type TokenRefusal } from "./access-tokens.ts";
import type { PublicKey } from "./signing-keys.ts";
import { findPrincipal, findPublicKeys } from "./store.ts";

export type AuthenticationRefusal = TokenRefusal | "token_revoked";

/** RFC 6750 §2.1; the scheme's name has no case (RFC 9110 §11.1). */
const bearerPattern = /^Bearer +([A-Za-z0-9\-._~+/]+=*)$/i;

/**
 * Who presents the token of an `Authorization` header.
 *
 * @returns the principal, or why it is refused
 * @throws Problem `unavailable`
 */
export async function authenticate(
  authorization: string,
  table: Table,
  options: { readonly issuer: string; readonly expires: boolean },
): Promise<Principal | AuthenticationRefusal> {
  const token = bearerPattern.exec(authorization)?.[1];
  if (token === undefined) return "token_invalid";
  const verified = await verifyAccessToken(token, (kid) => findKey(table, kid), options);
  if (typeof verified === "string") return verified;
  const { principal, version } = verified;
  const state = await findPrincipal(table, principal.id);
  const current =
    state?.status === "active" &&
    state.version === version &&
    state.kind === principal.kind &&
    (state.kind !== "user" || principal.kind !== "user" || state.role === principal.role);
  return current ? principal : "token_revoked";
}

const freshMs = 60_000;
/** No unknown `kid` makes us read the keys more often than this, so that forged tokens cost no read each. */
const refetchMs = 1000;

let known: { readonly keys: readonly PublicKey[]; readonly at: number } = { keys: [], at: 0 };

/** The public key, from memory for a minute; an unknown one is looked for at once, for it may have come by a rotation. */
async function findKey(table: Table, kid: string): Promise<PublicKey | undefined> {
  const find = () => known.keys.find((key) => key.kid === kid);
  const age = Date.now() - known.at;
  if (age > freshMs || (find() === undefined && age > refetchMs)) {
    const at = Date.now();
    known = { keys: await findPublicKeys(table), at };
  }
  return find();
}
