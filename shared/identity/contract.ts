/** Operations of OAuth and its discovery. */
import * as z from "zod";
import { operation, scopes } from "../api/operation.ts";
import { tableKeys } from "../table/keys.ts";

const tokenRequest = z.strictObject({
  grant_type: z.string().optional(),
  client_id: z.string().optional(),
  client_secret: z.string().optional(),
  scope: z.string().optional(),
});

const tokenAnswer = z.object({
  access_token: z.string(),
  token_type: z.literal("Bearer"),
  expires_in: z.int().positive().optional().meta({ description: "Seconds; absent for a token that never expires" }),
  scope: z.string(),
});

/** Shown in examples; signed by nobody. */
export const exampleToken =
  "eyJhbGciOiJFZERTQSIsInR5cCI6ImF0K2p3dCIsImtpZCI6IjIwMjYtMTEtMjAtMTFxWUFZS3gifQ.eyJzdWIiOiJwdHJfMDFKRDMifQ.c2lnbmF0dXJl";

export const operations = {
  token: operation({
    id: "oauth.token",
    method: "POST",
    path: "/oauth/token",
    tag: "OAuth",
    summary: "Issue an access token",
    description:
      "The token endpoint (RFC 6749 §3.2) with the grant `client_credentials`. A partner authenticates with its id or its e-mail " +
      "address and its client secret, by HTTP Basic or in the body, one of the two. Under the token policy `single` the new token " +
      "ends the one before at once.",
    access: "public",
    request: {
      // Extension parameters are to be ignored (RFC 6749 §3.2), so this is the one body that is not strict.
      body: z.looseObject(tokenRequest.shape),
      bodyType: "form",
      bodyOptional: true,
      bodyExample: { grant_type: "client_credentials", scope: "subscriptions:read subscriptions:write" },
    },
    success: {
      status: 200,
      description: "The access token",
      body: tokenAnswer,
      example: {
        access_token: exampleToken,
        token_type: "Bearer",
        expires_in: 3600,
        scope: "subscriptions:read subscriptions:write",
      },
    },
    problems: [],
    errorFormat: "oauth",
    table: [
      { actions: ["GetItem"], leadingKeys: [tableKeys.partnerEmails, tableKeys.credentials] },
      { actions: ["GetItem", "UpdateItem"], leadingKeys: [tableKeys.principals] },
    ],
    secrets: ["signingKeys", "clientSecretKey"],
  }),

  metadata: operation({
    id: "oauth.metadata",
    method: "GET",
    path: "/.well-known/oauth-authorization-server",
    tag: "OAuth",
    summary: "Authorization server metadata",
    description: "What the authorization server can do and where (RFC 8414).",
    access: "public",
    request: {},
    success: {
      status: 200,
      description: "The metadata",
      body: z.object({
        issuer: z.url(),
        token_endpoint: z.url(),
        jwks_uri: z.url(),
        service_documentation: z.url(),
        scopes_supported: z.array(z.enum(scopes)),
        response_types_supported: z.array(z.string()),
        grant_types_supported: z.array(z.string()),
        token_endpoint_auth_methods_supported: z.array(z.string()),
      }),
      example: {
        issuer: "https://api.example.com",
        token_endpoint: "https://api.example.com/oauth/token",
        jwks_uri: "https://api.example.com/.well-known/jwks.json",
        service_documentation: "https://api.example.com/openapi.json",
        scopes_supported: [...scopes],
        response_types_supported: [],
        grant_types_supported: ["client_credentials"],
        token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post"],
      },
    },
    problems: [],
    cacheControl: "public, max-age=3600",
    table: [],
  }),

  keys: operation({
    id: "oauth.keys",
    method: "GET",
    path: "/.well-known/jwks.json",
    tag: "OAuth",
    summary: "Signing keys",
    description: "The public keys that verify access tokens, as a JWK set (RFC 7517).",
    access: "public",
    request: {},
    success: {
      status: 200,
      description: "The key set",
      body: z.object({
        keys: z.array(
          z.object({
            kty: z.literal("OKP"),
            crv: z.literal("Ed25519"),
            x: z.string(),
            kid: z.string(),
            use: z.literal("sig"),
            alg: z.literal("EdDSA"),
          }),
        ),
      }),
      example: {
        keys: [
          {
            kty: "OKP",
            crv: "Ed25519",
            x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
            kid: "2026-11-20-11qYAYKx",
            use: "sig",
            alg: "EdDSA",
          },
        ],
      },
    },
    problems: ["unavailable"],
    cacheControl: "public, max-age=60",
    table: [{ actions: ["GetItem"], leadingKeys: [tableKeys.signingKeys] }],
  }),
};
