/** Revokes the access tokens of a partner that presents one of them (RFC 7009). */
import type { PresentedToken } from "../identity/contract.ts";
import { tokenRevocation } from "../identity/store.ts";
import type { Change } from "../runtime/table.ts";
import type { ClientContext } from "./authenticate-client.ts";
import { inspectOwnToken } from "./introspect-partner-token.ts";

/**
 * The change that ends all tokens of the partner; empty if the presented token is not an active one of its own.
 *
 * @throws OAuthError `invalid_client`, `invalid_request`
 */
export async function revokePartnerToken(
  body: PresentedToken,
  authorization: string | undefined,
  context: ClientContext,
): Promise<Change> {
  const own = await inspectOwnToken(body, authorization, context);
  return own === undefined ? [] : [tokenRevocation(own.principal.id)];
}
