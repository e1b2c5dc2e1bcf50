/** People's identities from the external provider: its JWTs, verified against the keys that it publishes. */
import { createRemoteJWKSet, errors, jwtVerify, type JWTVerifyGetKey } from "jose";
import * as z from "zod";
import type { Environment } from "../runtime/environment.ts";
import { describeError, log } from "../runtime/log.ts";
import { unavailable } from "../domain/problems.ts";

/** Who a token of the provider speaks of. */
export interface ExternalIdentity {
  readonly issuer: string;
  readonly subject: string;
  /** What the provider calls the person, where it says so. */
  readonly name: string | undefined;
  /** When the person signed in at the provider, where it says so. */
  readonly authenticatedAt: Date | undefined;
  /** The provider says that the person used a second factor (`mfa` in `amr`, RFC 8176). */
  readonly usedSecondFactor: boolean;
  /** The token itself, which is exchanged at most once. */
  readonly token: ExternalToken;
}

/** A token of the provider, as its exchange is remembered. */
export interface ExternalToken {
  /** Names the token whatever its encoding: its `jti`, or its signed part. */
  readonly id: string;
  /** When nothing accepts it any more, in seconds of the epoch. */
  readonly refusedFrom: number;
}

/** No provider's token is longer, and nothing longer is worth a signature check. */
const maxTokenLength = 8192;

/** The tolerance between the provider's clock and ours, in seconds. */
const clockToleranceSeconds = 30;

/** The maximum age of a token, in seconds: an exchange follows the sign-in at the provider at once. */
const maxTokenAgeSeconds = 60 * 60;

/** The maximum lifetime of a token, in seconds. A token that is valid for longer is no proof of a recent sign-in. */
const maxTokenLifetimeSeconds = 24 * 60 * 60;

/** The last second that `Date` can represent. */
const maxAuthTime = 8_640_000_000_000;

const claimsSchema = z.object({
  iss: z.string(),
  sub: z.string().min(1).max(255),
  aud: z.union([z.string(), z.array(z.string())]),
  azp: z.string().optional(),
  exp: z.number(),
  iat: z.number(),
  jti: z.string().min(1).optional(),
  name: z.string().optional().catch(undefined),
  auth_time: z.int().min(0).max(maxAuthTime).optional().catch(undefined),
  amr: z.array(z.string()).optional().catch(undefined),
});

type Claims = z.output<typeof claimsSchema>;

/** RFC 8725 §3.11: a JWT of a different type, such as an access token or a logout token, is no ID token. */
const acceptedTypes = [undefined, "jwt", "application/jwt"];

/** OpenID Connect Core §3.1.3.7: a token for several audiences names us as its authorized party, and never another client. */
function isForUs({ aud, azp }: Claims, audience: string): boolean {
  const several = Array.isArray(aud) && aud.length > 1;
  return azp === undefined ? !several : azp === audience;
}

let keys: JWTVerifyGetKey | undefined;

/** The keys are kept for ten minutes; unknown `kid`s make them be fetched again at most every thirty seconds. */
function providerKeys(jwksUri: string): JWTVerifyGetKey {
  keys ??= createRemoteJWKSet(new URL(jwksUri), {
    timeoutDuration: 3000,
    cooldownDuration: 30_000,
    cacheMaxAge: 600_000,
  });
  return keys;
}

/** Whether the stage has an identity provider. */
export function hasIdentityProvider({ IDP_ISSUER }: Environment): boolean {
  return IDP_ISSUER !== undefined;
}

/**
 * Verifies a provider's JWT (OpenID Connect Core §3.1.3.7, RFC 8725): type, issuer, audience, authorized party, algorithm, times,
 * age and signature.
 *
 * @returns undefined for a token that proves nothing
 * @throws Problem `unavailable` when the provider's keys cannot be fetched
 */
export async function verifyExternalToken(
  token: string,
  environment: Environment,
): Promise<ExternalIdentity | undefined> {
  const { IDP_ISSUER: issuer, IDP_AUDIENCE: audience, IDP_ALGORITHMS: algorithms, IDP_JWKS_URI: jwksUri } = environment;
  if (issuer === undefined || audience === undefined || algorithms === undefined || jwksUri === undefined)
    return undefined;
  if (token.length > maxTokenLength) return undefined;
  try {
    const { payload, protectedHeader } = await jwtVerify(token, providerKeys(jwksUri), {
      algorithms: algorithms.split(" "),
      issuer,
      audience,
      requiredClaims: ["sub", "exp", "iat"],
      clockTolerance: clockToleranceSeconds,
      // The age includes the check that `iat` is not in the future.
      maxTokenAge: maxTokenAgeSeconds,
    });
    if (!acceptedTypes.includes(protectedHeader.typ?.toLowerCase())) return undefined;
    const claims = claimsSchema.safeParse(payload).data;
    if (claims === undefined || !isForUs(claims, audience)) return undefined;
    if (claims.exp - claims.iat > maxTokenLifetimeSeconds) return undefined;
    // A restored table does not know which of the earlier tokens were exchanged.
    if (claims.iat < (environment.TOKENS_FROM ?? 0)) return undefined;
    return identityOf(claims, token);
  } catch (error) {
    if (isProvidersFault(error)) {
      log("error", "identity_provider_unreachable", describeError(error));
      throw unavailable(error);
    }
    // The signature is verified by now, so the provider signed a time that is still to come.
    if (error instanceof errors.JWTClaimValidationFailed && error.claim === "nbf") {
      log("warn", "identity_provider_clock_ahead", {});
    }
    return undefined;
  }
}

function identityOf(claims: Claims, token: string): ExternalIdentity {
  const { iss: issuer, sub: subject, name, auth_time: authTime, amr = [] } = claims;
  const authenticatedAt = authTime === undefined ? undefined : new Date(authTime * 1000);
  const usedSecondFactor = amr.includes("mfa");
  return { issuer, subject, name, authenticatedAt, usedSecondFactor, token: tokenOf(claims, token) };
}

/** The signed part names the token: its signature may be encoded in more than one way. */
function tokenOf({ jti, exp, iat }: Claims, token: string): ExternalToken {
  const lastAccepted = Math.min(exp, iat + maxTokenAgeSeconds) + clockToleranceSeconds;
  return {
    id: jti === undefined ? token.slice(0, token.lastIndexOf(".")) : `jti ${jti}`,
    refusedFrom: Math.ceil(lastAccepted) + 1,
  };
}

/** Its keys could not be fetched or read: nothing is said about the token. */
function isProvidersFault(error: unknown): boolean {
  if (error instanceof errors.JWKSTimeout || error instanceof errors.JWKSInvalid) return true;
  return !(error instanceof errors.JOSEError) || error.code === "ERR_JOSE_GENERIC";
}
