import { scopes } from "../../shared/api/operation.ts";
import { serve } from "../../shared/api/serve.ts";
import { operations } from "../../shared/identity/contract.ts";
import { grantTypes } from "../../shared/identity/token-requests.ts";

export const handler = serve(operations.metadata, async ({ environment: { PUBLIC_URL: issuer } }) => ({
  body: {
    issuer,
    token_endpoint: `${issuer}${operations.token.path}`,
    jwks_uri: `${issuer}${operations.keys.path}`,
    service_documentation: `${issuer}/openapi.json`,
    scopes_supported: [...scopes],
    response_types_supported: [],
    grant_types_supported: [...grantTypes],
    token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post"],
  },
}));
