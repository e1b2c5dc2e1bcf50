/** Access tokens: JWTs of the type `at+jwt` (RFC 9068), signed with EdDSA. */
import { randomUUID } from "node:crypto";
import { errors, jwtVerify, SignJWT, type JWTPayload } from "jose";
import * as z from "zod";
import { roles, scopes, type Role, type Scope } from "../domain/access.ts";
import type { Principal } from "../contract/principal.ts";
import type { PublicKey } from "./model.ts";
import { signatureAlgorithm, type SigningKey } from "./signing-keys.ts";

/** What a token is issued for. */
export interface TokenSubject {
  readonly principal:
    | { readonly kind: "partner"; readonly id: string; readonly scopes: readonly Scope[] }
    | {
        readonly kind: "user";
        readonly id: string;
        readonly role: Role;
        readonly sessionId: string;
        /** RFC 8176. */
        readonly amr?: readonly string[] | undefined;
      };
  /** The client that asked: a partner itself, or the public client of a user. */
  readonly clientId: string;
  /** When the person signed in, in seconds of the epoch (OpenID Connect Core §2); absent for a partner. */
  readonly authTime?: number;
  /** The principal's token version: another one in the table refuses the token. */
  readonly version: number;
  /** The thumbprint of the key that the token is bound to (RFC 9449 §6.1); absent for a bearer token. */
  readonly thumbprint?: string | undefined;
}

export interface IssuedToken {
  readonly token: string;
  /** Seconds; undefined for a token that never expires. */
  readonly expiresIn: number | undefined;
}

/** What all tokens of a stage have in common. */
export interface TokenTerms {
  /** Both issuer and audience: the API protects nothing but itself. */
  readonly issuer: string;
  /** Undefined for a token that never expires. */
  readonly lifetimeSeconds: number | undefined;
  readonly now: Date;
  /**
   * The cut-off of the stage, in seconds of the epoch. The token names it: functions that do not know the cut-off yet go on issuing
   * tokens after it, and their time of issue would not tell these from valid ones.
   */
  readonly tokensFrom?: number | undefined;
}

/** Signs an access token. */
export async function issueAccessToken(
  { principal, clientId, authTime, version, thumbprint }: TokenSubject,
  key: SigningKey,
  { issuer, lifetimeSeconds, now, tokensFrom }: TokenTerms,
): Promise<IssuedToken> {
  const issuedAt = Math.floor(now.getTime() / 1000);
  const jwt = new SignJWT({
    client_id: clientId,
    // RFC 9068 has no claim for these; `sid` is the one of OpenID Connect's logout.
    principal: principal.kind,
    ver: version,
    ...(authTime !== undefined && { auth_time: authTime }),
    ...(thumbprint !== undefined && { cnf: { jkt: thumbprint } }),
    ...(tokensFrom !== undefined && { epoch: tokensFrom }),
    ...(principal.kind === "partner"
      ? { scope: principal.scopes.join(" ") }
      : { role: principal.role, sid: principal.sessionId, ...(principal.amr && { amr: principal.amr }) }),
  })
    .setProtectedHeader({ alg: signatureAlgorithm, typ: "at+jwt", kid: key.kid })
    .setIssuer(issuer)
    .setAudience(issuer)
    .setSubject(principal.id)
    .setIssuedAt(issuedAt)
    .setJti(randomUUID());
  if (lifetimeSeconds !== undefined) jwt.setExpirationTime(issuedAt + lifetimeSeconds);
  return { token: await jwt.sign(key), expiresIn: lifetimeSeconds };
}

const claimsSchema = z.intersection(
  z.object({
    sub: z.string().max(64),
    jti: z.string(),
    client_id: z.string(),
    ver: z.int(),
    cnf: z.strictObject({ jkt: z.string() }).optional(),
  }),
  z.discriminatedUnion("principal", [
    z.object({ principal: z.literal("partner"), scope: z.string() }),
    z.object({
      principal: z.literal("user"),
      role: z.enum(roles),
      sid: z.string(),
      amr: z.array(z.string()).optional(),
    }),
  ]),
);

/** What a genuine token says. */
export interface VerifiedToken {
  readonly principal: Principal;
  readonly version: number;
  /** The thumbprint of the key that the token is bound to; undefined for a bearer token. */
  readonly thumbprint: string | undefined;
  /** How its person signed in (RFC 8176); empty where that is not known. */
  readonly amr: readonly string[];
  readonly claims: JWTPayload;
}

export type TokenRefusal = "token_invalid" | "token_expired";

/**
 * Verifies signature, algorithm, type, issuer, audience, times and claims (RFC 9068 §4). Whether the token has been revoked
 * is for its version to say.
 *
 * @param findKey the public key by its `kid`
 * @param expires whether a token must have an `exp`
 */
export async function verifyAccessToken(
  token: string,
  findKey: (kid: string) => Promise<PublicKey | undefined>,
  { issuer, expires }: { issuer: string; expires: boolean },
): Promise<VerifiedToken | TokenRefusal> {
  try {
    const { payload } = await jwtVerify(
      token,
      async ({ kid }) => {
        const key = kid === undefined ? undefined : await findKey(kid);
        if (key === undefined) throw new errors.JWKSNoMatchingKey();
        // The library keeps the imported key as long as this object lives.
        return key;
      },
      {
        algorithms: [signatureAlgorithm],
        typ: "at+jwt",
        issuer,
        audience: issuer,
        requiredClaims: ["sub", "iat", "jti", "client_id", "principal", "ver", ...(expires ? ["exp"] : [])],
      },
    );
    const claims = claimsSchema.safeParse(payload).data;
    if (claims === undefined) return "token_invalid";
    return {
      principal: principalOf(claims),
      version: claims.ver,
      thumbprint: claims.cnf?.jkt,
      amr: claims.principal === "user" ? (claims.amr ?? []) : [],
      claims: payload,
    };
  } catch (error) {
    if (error instanceof errors.JWTExpired) return "token_expired";
    if (error instanceof errors.JOSEError) return "token_invalid";
    throw error;
  }
}

function principalOf(claims: z.output<typeof claimsSchema>): Principal {
  const { sub: id, jti: tokenId } = claims;
  if (claims.principal === "user") return { kind: "user", id, tokenId, role: claims.role, sessionId: claims.sid };
  const granted = claims.scope.split(" ");
  return { kind: "partner", id, tokenId, scopes: scopes.filter((scope) => granted.includes(scope)) };
}
