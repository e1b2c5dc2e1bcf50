/** Authenticates a request by its access token: genuine, of an active principal, with its current token version. */
import { administrators, type RequiredAction } from "../domain/access.ts";
import type { Environment } from "../runtime/environment.ts";
import type { Principal } from "../contract/principal.ts";
import type { Table } from "../runtime/table.ts";
import { verifyAccessToken, type TokenRefusal, type VerifiedToken } from "./access-tokens.ts";
import { verifyProof, type Proof, type ProvenRequest } from "./dpop.ts";
import type { PrincipalState, UserState } from "./model.ts";
import { findPublicKey } from "./public-keys.ts";
import { findPrincipal, ProofReplayed, proofUse } from "./store.ts";

export type AuthenticationRefusal = TokenRefusal | "token_revoked";

/** How a token is presented: by RFC 6750, or with a proof by RFC 9449. */
export type Scheme = "Bearer" | "DPoP";

/** Why a caller is not authenticated, and the scheme by which it may try again. */
export interface Refused {
  readonly reason: AuthenticationRefusal | "token_missing" | "proof_invalid" | "proof_replayed";
  readonly scheme: Scheme;
}

/** What a caller presents. */
export interface PresentedRequest extends Omit<ProvenRequest, "accessToken"> {
  /** The `Authorization` header. */
  readonly authorization: string;
  /** The values of the `DPoP` headers. */
  readonly proofs: readonly string[];
}

/** RFC 6750 §2.1, RFC 9449 §7.1; the name of the scheme is case-insensitive (RFC 9110 §11.1). */
const authorizationPattern = /^(Bearer|DPoP) +([A-Za-z0-9\-._~+/]+=*)$/i;

/**
 * Authenticates the caller by its `Authorization` header and, for a bound token, by its proof. A bound token is never accepted
 * as a bearer token, nor an unbound one with a proof.
 *
 * @param onGenuine hears of the principal of a genuine token, before it is known whether the token is still valid
 * @throws Problem `unavailable`
 */
export async function authenticate(
  request: PresentedRequest,
  table: Table,
  options: Verification,
  onGenuine: (principal: Principal) => void = () => undefined,
): Promise<Principal | Refused> {
  if (request.authorization.trim() === "") return { reason: "token_missing", scheme: "Bearer" };
  const [, presentedScheme, token = ""] = authorizationPattern.exec(request.authorization) ?? [];
  if (presentedScheme === undefined) return { reason: "token_invalid", scheme: "Bearer" };
  const verified = await verifyAccessToken(token, (kid) => findPublicKey(table, kid, options.onStaleKeys), options);
  const isProven = presentedScheme.toLowerCase() === "dpop";
  if (typeof verified === "string") return { reason: verified, scheme: isProven ? "DPoP" : "Bearer" };
  const scheme = verified.thumbprint === undefined ? "Bearer" : "DPoP";
  if (isProven !== (scheme === "DPoP")) return { reason: "token_invalid", scheme };
  const proof = isProven ? await verifyProof(request.proofs, { ...request, accessToken: token }) : undefined;
  if (isProven && proof === undefined) return { reason: "proof_invalid", scheme };
  if (proof?.thumbprint !== verified.thumbprint) return { reason: "token_invalid", scheme };
  onGenuine(verified.principal);
  // Both at once: the check of a proof costs no round trip more.
  const [accepted, isFirstUse] = await Promise.all([
    acceptCurrent(table, verified, options),
    proof ? use(table, proof) : true,
  ]);
  if (typeof accepted === "string") return { reason: accepted, scheme };
  return isFirstUse ? accepted.principal : { reason: "proof_replayed", scheme };
}

async function use(table: Table, proof: Proof): Promise<boolean> {
  try {
    await table.update(proofUse(proof));
    return true;
  } catch (error) {
    if (error instanceof ProofReplayed) return false;
    throw error;
  }
}

/**
 * Checks whether an access token is valid now, whoever presents it.
 *
 * @returns the token's principal and claims, or why it is refused
 * @throws Problem `unavailable`
 */
export async function inspectToken(
  token: string,
  table: Table,
  options: Verification,
): Promise<VerifiedToken | AuthenticationRefusal> {
  const verified = await verifyAccessToken(token, (kid) => findPublicKey(table, kid, options.onStaleKeys), options);
  return typeof verified === "string" ? verified : await acceptCurrent(table, verified, options);
}

/** @returns the token with what the state adds to its principal, or why it is refused */
async function acceptCurrent(
  table: Table,
  verified: VerifiedToken,
  options: Verification,
): Promise<VerifiedToken | "token_revoked"> {
  if (verified.claims["epoch"] !== options.tokensFrom) return "token_revoked";
  const { principal, version } = verified;
  const state = await findPrincipal(table, principal.id);
  if (state === undefined || !isCurrent(state, principal, version)) return "token_revoked";
  if (principal.kind === "partner" && state.kind === "partner") {
    const { expiryNotice, limits, testClock } = state;
    const clock = testClock && { testClock: testClock.time };
    return { ...verified, principal: { ...principal, expiryNotice, limits, ...clock } };
  }
  if (principal.kind !== "user" || state.kind !== "user") return verified;
  const requiredAction = requiredActionOf(state, verified.amr, options);
  const signedIn = verified.amr.length === 0 ? principal : { ...principal, methods: verified.amr };
  return { ...verified, principal: requiredAction === undefined ? signedIn : { ...signedIn, requiredAction } };
}

/**
 * What a person has to do before anything else.
 *
 * @param amr how it signed in. Whoever has a password here proves a second factor of ours, which the state knows; whoever signs in
 *   at the identity provider has none here, and its token's `mfa` is the provider's word
 */
export function requiredActionOf(
  { role, passwordIsOneTime, secondFactor }: UserState,
  amr: readonly string[],
  { administratorsNeedSecondFactor }: Pick<Verification, "administratorsNeedSecondFactor">,
): RequiredAction | undefined {
  if (passwordIsOneTime === true) return "change_password";
  if (!administratorsNeedSecondFactor || !administrators.includes(role)) return undefined;
  const isProvenElsewhere = amr.includes("mfa") && !amr.includes("pwd");
  return secondFactor === true || isProvenElsewhere ? undefined : "enrol_second_factor";
}

/** Whether a genuine token is still valid. @param version the token version that it carries */
export function isCurrent(state: PrincipalState, principal: Principal, version: number): boolean {
  if (state.status !== "active") return false;
  if (state.kind === "partner") return principal.kind === "partner" && state.version === version;
  return (
    principal.kind === "user" &&
    state.role === principal.role &&
    (state.version === version || isKept(state, principal.sessionId, version)) &&
    state.endedSessions?.[principal.sessionId] === undefined
  );
}

/** Whether a token with an older version outlived the password change that its session made. */
function isKept({ keptSession, keptTokensFrom, version: current }: UserState, sessionId: string, version: number) {
  return keptSession === sessionId && keptTokensFrom !== undefined && version >= keptTokensFrom && version < current;
}

/** How tokens of a stage are verified. */
export interface Verification {
  readonly issuer: string;
  /** Whether a token must have an `exp`. */
  readonly expires: boolean;
  readonly administratorsNeedSecondFactor: boolean;
  /** The cut-off, in seconds of the epoch: tokens issued under a different one, or under none, are revoked. */
  readonly tokensFrom?: number | undefined;
  /** Hears why public keys are used that could not be read again. */
  readonly onStaleKeys?: (error: unknown) => void;
}

export function verificationOf(environment: Environment): Verification {
  const { PUBLIC_URL: issuer, PARTNER_TOKEN_SECONDS, USER_TOKEN_SECONDS } = environment;
  return {
    issuer,
    expires: PARTNER_TOKEN_SECONDS !== undefined && USER_TOKEN_SECONDS !== undefined,
    administratorsNeedSecondFactor: environment.ADMINISTRATORS_NEED_SECOND_FACTOR,
    tokensFrom: environment.TOKENS_FROM,
  };
}
