/** DPoP proofs at the token endpoint (RFC 9449 §5), which bind the tokens that it issues. */
import { OAuthError } from "../contract/oauth-error.ts";
import { publicUrlOf, type Environment } from "../runtime/environment.ts";
import type { UpdateWrite, Write } from "../runtime/table.ts";
import type { TokenAnswer } from "./contract.ts";
import { verifyProof, type Proof } from "./dpop.ts";
import type { UsedProof } from "./model.ts";
import { proofUse } from "./store.ts";

/** A request for a token, as far as its proof is concerned. */
export interface TokenProofRequest {
  readonly environment: Environment;
  readonly now: Date;
  /** Every value of a header by its lower-case name. */
  readonly headerValues: (name: string) => readonly string[];
}

/**
 * The proof of a request for a token; undefined for a request without one.
 *
 * @param path of the token endpoint
 * @throws OAuthError `invalid_dpop_proof`
 */
export async function readTokenProof(
  { environment, now, headerValues }: TokenProofRequest,
  path: string,
): Promise<Proof | undefined> {
  const proofs = headerValues("dpop");
  if (proofs.length === 0) return undefined;
  const proof = await verifyProof(proofs, { method: "POST", url: publicUrlOf(environment, path), now });
  if (proof === undefined) throw invalidProof("The DPoP proof is not valid for this request");
  return proof;
}

/** Marks the proof as used; refused with `invalid_dpop_proof` if it was used before. */
export function tokenProofUse(proof: Proof): UpdateWrite<UsedProof> & Write {
  return proofUse(proof, () => invalidProof("The DPoP proof was used before: make one for each request"));
}

export function tokenTypeOf(proof: Proof | undefined): TokenAnswer["token_type"] {
  return proof === undefined ? "Bearer" : "DPoP";
}

function invalidProof(description: string): OAuthError {
  return new OAuthError("invalid_dpop_proof", description);
}
