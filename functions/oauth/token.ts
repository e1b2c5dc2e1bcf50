import { serve } from "../../shared/api/serve.ts";
import { operations } from "../../shared/identity/contract.ts";
import { issueAccessToken } from "../../shared/identity/access-tokens.ts";
import { currentSigningKey } from "../../shared/identity/signing-keys.ts";
import { versionOfNewToken } from "../../shared/identity/store.ts";
import { authenticateClient } from "../../shared/partners/client-authentication.ts";
import { grantedScopes, readClientCredentials, requireGrant } from "../../shared/identity/token-requests.ts";

export const handler = serve(
  operations.token,
  async ({ body, header, now, requestId, table, secrets, environment }) => {
    requireGrant(body.grant_type);
    const presented = readClientCredentials(header("authorization"), body);
    const [key, client] = await Promise.all([
      currentSigningKey(secrets),
      authenticateClient(presented, { table, secrets, now, requestId }),
    ]);
    const scopes = grantedScopes(body.scope);
    const version = await versionOfNewToken(table, client.id, client.state);
    const { token, expiresIn } = await issueAccessToken(
      { principal: { kind: "partner", id: client.id, scopes }, clientId: client.id, version },
      key,
      { issuer: environment.PUBLIC_URL, lifetimeSeconds: environment.PARTNER_TOKEN_SECONDS, now },
    );
    return {
      body: { access_token: token, token_type: "Bearer" as const, expires_in: expiresIn, scope: scopes.join(" ") },
      headers: { pragma: "no-cache" },
    };
  },
);
