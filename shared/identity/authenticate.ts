/** Authentication of a request by its access token: genuine, of a living principal, of its present version. */
import type { Environment } from "../runtime/environment.ts";
import type { Principal } from "../contract/principal.ts";
import type { Table } from "../runtime/table.ts";
import { verifyAccessToken, type TokenRefusal, type VerifiedToken } from "./access-tokens.ts";
import type { PublicKey } from "./signing-keys.ts";
import { findPrincipal, findPublicKeys, type PrincipalState } from "./store.ts";

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
  const inspected = await inspectToken(token, table, options);
  return typeof inspected === "string" ? inspected : inspected.principal;
}

/**
 * What an access token is worth at this moment.
 *
 * @returns what the token says, if it is genuine and still counts, or why it is refused
 * @throws Problem `unavailable`
 */
export async function inspectToken(
  token: string,
  table: Table,
  options: { readonly issuer: string; readonly expires: boolean },
): Promise<VerifiedToken | AuthenticationRefusal> {
  const verified = await verifyAccessToken(token, (kid) => findKey(table, kid), options);
  if (typeof verified === "string") return verified;
  const { principal, version } = verified;
  const state = await findPrincipal(table, principal.id);
  return state !== undefined && isCurrent(state, principal, version) ? verified : "token_revoked";
}

/** Whether a genuine token still counts. @param version the one that the token carries */
export function isCurrent(state: PrincipalState, principal: Principal, version: number): boolean {
  if (state.status !== "active") return false;
  if (state.kind === "partner") return principal.kind === "partner" && state.version === version;
  return (
    principal.kind === "user" &&
    state.role === principal.role &&
    (state.version === version || state.keptSession === principal.sessionId) &&
    state.endedSessions?.[principal.sessionId] === undefined
  );
}

/** How tokens of a stage are verified. */
export function verificationOf(environment: Environment): { readonly issuer: string; readonly expires: boolean } {
  const { PUBLIC_URL: issuer, PARTNER_TOKEN_SECONDS, USER_TOKEN_SECONDS } = environment;
  return { issuer, expires: PARTNER_TOKEN_SECONDS !== undefined && USER_TOKEN_SECONDS !== undefined };
}

const freshMs = 60_000;
/** No unknown `kid` makes us read the keys more often than this, so that forged tokens cost no read each. */
export const refetchMs = 1000;

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
