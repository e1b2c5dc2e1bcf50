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
}

/** No provider's token is longer, and nothing longer is worth a signature check. */
const maxTokenLength = 8192;

const claimsSchema = z.object({
  iss: z.string(),
  sub: z.string().min(1).max(255),
  name: z.string().optional().catch(undefined),
});

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
 * Verifies issuer, audience, algorithm, times and signature of a provider's JWT.
 *
 * @returns undefined for a token that proves nothing
 * @throws Problem `unavailable` when the provider's keys cannot be fetched
 */
export async function verifyExternalToken(
  token: string,
  { IDP_ISSUER: issuer, IDP_AUDIENCE: audience, IDP_ALGORITHMS: algorithms, IDP_JWKS_URI: jwksUri }: Environment,
): Promise<ExternalIdentity | undefined> {
  if (issuer === undefined || audience === undefined || algorithms === undefined || jwksUri === undefined)
    return undefined;
  if (token.length > maxTokenLength) return undefined;
  try {
    const { payload } = await jwtVerify(token, providerKeys(jwksUri), {
      algorithms: algorithms.split(" "),
      issuer,
      audience,
      requiredClaims: ["sub", "exp"],
    });
    const claims = claimsSchema.safeParse(payload).data;
    return claims && { issuer: claims.iss, subject: claims.sub, name: claims.name };
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

/** Its keys could not be fetched or read: nothing is said about the token. */
function isProvidersFault(error: unknown): boolean {
  if (error instanceof errors.JWKSTimeout || error instanceof errors.JWKSInvalid) return true;
  return !(error instanceof errors.JOSEError) || error.code === "ERR_JOSE_GENERIC";
}
