import { proofAlgorithms } from "../../shared/identity/dpop.ts";
import { scopes } from "../../shared/domain/access.ts";
import { serveStateless } from "../../shared/http/serve-stateless.ts";
import { operations } from "../../shared/oauth/contract.ts";
import { grantsOf } from "../../shared/identity/token-requests.ts";

export const handler = serveStateless(operations.metadata, async ({ environment }) => {
  const { PUBLIC_URL: issuer } = environment;
  const confidential = ["client_secret_basic", "client_secret_post"];
  return {
    body: {
      issuer,
      token_endpoint: `${issuer}${operations.token.path}`,
      revocation_endpoint: `${issuer}${operations.revoke.path}`,
      introspection_endpoint: `${issuer}${operations.introspect.path}`,
      jwks_uri: `${issuer}${operations.keys.path}`,
      service_documentation: `${issuer}/openapi.json`,
      scopes_supported: [...scopes],
      response_types_supported: [],
      grant_types_supported: [...grantsOf(environment)],
      token_endpoint_auth_methods_supported: [...confidential, "none"],
      revocation_endpoint_auth_methods_supported: [...confidential, "none"],
      introspection_endpoint_auth_methods_supported: confidential,
      dpop_signing_alg_values_supported: [...proofAlgorithms],
    },
  };
});
