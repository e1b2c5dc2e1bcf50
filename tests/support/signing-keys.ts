/** The rotation of the signing keys, and calls that show which keys are in use. */
import { decodeProtectedHeader } from "jose";
import type { Answer } from "./answer.ts";
import type { Portico, TestPartner } from "./portico.ts";

/** The rotated secret and its rotation function. */
export function rotationOf({ host }: Portico): { readonly arn: string; readonly functionId: string } {
  const rotated = host.model.secrets.find(({ rotation }) => rotation !== undefined);
  if (rotated?.rotation === undefined) throw new Error("the template rotates no secret");
  return { arn: rotated.arn, functionId: rotated.rotation.functionId };
}

/** The published keys as they are now: processes show them for a second. */
export async function publishedKids(portico: Portico): Promise<string[]> {
  portico.host.retire("oauth-keys");
  const { body } = await portico.call("GET", "/.well-known/jwks.json");
  return body.keys.map(({ kid }: { readonly kid: string }) => kid);
}

export function kidOf(token: string): string {
  return decodeProtectedHeader(token).kid!;
}

/** Ends the idle processes that have cached keys. */
export function withoutMemory({ host }: Portico): void {
  for (const name of ["authorizer", "oauth-keys", "oauth-token"]) host.retire(name);
}

export async function readSelf(portico: Portico, token: string): Promise<Answer> {
  return await portico.call("GET", "/v1/partners/me", { token });
}

export async function readUser(portico: Portico, token: string): Promise<Answer> {
  return await portico.call("GET", "/v1/users/me", { token });
}

/** A partner with the token policy `many`. */
export async function manyTokensPartner(portico: Portico): Promise<TestPartner> {
  const partner = await portico.registerPartner();
  const json = { tokenPolicy: "many" };
  await portico.call("PATCH", `/v1/partners/${partner.id}`, { token: await portico.rootToken(), json });
  return partner;
}
