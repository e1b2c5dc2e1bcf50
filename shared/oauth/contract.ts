/** Operations of OAuth and its discovery. */
import * as z from "zod";
import { scopes } from "../domain/access.ts";
import { operation } from "../contract/operation.ts";
import { tableKeys } from "../runtime/key.ts";

/** Extension parameters are to be ignored (RFC 6749 §3.2), so forms are the bodies that are not strict. */
const tokenRequest = z.looseObject({
  grant_type: z.string().optional(),
  client_id: z.string().optional(),
  client_secret: z.string().optional(),
  scope: z.string().optional(),
  refresh_token: z.string().optional(),
  subject_token: z.string().optional(),
  subject_token_type: z.string().optional(),
  requested_token_type: z.string().optional(),
  actor_token: z.string().optional(),
});

export type TokenRequest = z.output<typeof tokenRequest>;

const tokenAnswer = z.object({
  access_token: z.string(),
  token_type: z.literal("Bearer"),
  expires_in: z.int().positive().optional().meta({ description: "Seconds; absent for a token that never expires" }),
  scope: z.string().optional().meta({ description: "Of a partner's token" }),
  refresh_token: z.string().optional().meta({ description: "Of a person's session" }),
  issued_token_type: z.string().optional().meta({ description: "After a token exchange (RFC 8693 §2.2.1)" }),
});

export type TokenAnswer = z.output<typeof tokenAnswer>;

const introspection = z.object({
  active: z.boolean(),
  scope: z.string().optional(),
  client_id: z.string().optional(),
  token_type: z.literal("Bearer").optional(),
  exp: z.int().optional(),
  iat: z.int().optional(),
  sub: z.string().optional(),
  aud: z.string().optional(),
  iss: z.string().optional(),
  jti: z.string().optional(),
});

export type Introspection = z.output<typeof introspection>;

/** A token and the client that presents it (RFC 7009 §2.1, RFC 7662 §2.1). */
const presentedToken = z.looseObject({
  token: z.string().optional(),
  token_type_hint: z.string().optional(),
  client_id: z.string().optional(),
  client_secret: z.string().optional(),
});

export type PresentedToken = z.output<typeof presentedToken>;

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
      "The token endpoint (RFC 6749 §3.2). `client_credentials`: a partner authenticates with its id or its e-mail address and its " +
      "client secret, by HTTP Basic or in the body, one of the two; under the token policy `single` the new token ends the one before " +
      "at once. `refresh_token`: a public client continues a person's session; each refresh token works once, and using a spent one " +
      "ends the session. `urn:ietf:params:oauth:grant-type:token-exchange` (RFC 8693): a public client turns the external identity " +
      "provider's JWT into a session; the user is created the first time.",
    access: "public",
    request: {
      body: tokenRequest,
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
    oauthErrors: ["invalid_request", "invalid_client", "invalid_grant", "invalid_scope", "unsupported_grant_type"],
    table: [
      { actions: ["GetItem"], leadingKeys: [tableKeys.partnerEmails] },
      { actions: ["GetItem", "PutItem"], leadingKeys: [tableKeys.credentials, tableKeys.externalSubjects] },
      { actions: ["GetItem", "PutItem", "UpdateItem"], leadingKeys: [tableKeys.principals] },
      { actions: ["GetItem", "PutItem", "DeleteItem"], leadingKeys: [tableKeys.sessions] },
      { actions: ["PutItem"], leadingKeys: [tableKeys.usernames, tableKeys.users, tableKeys.userPlaces] },
    ],
    secrets: ["signingKeys", "clientSecretKey", "refreshTokenKey"],
  }),

  revoke: operation({
    id: "oauth.revoke",
    method: "POST",
    path: "/oauth/revoke",
    tag: "OAuth",
    summary: "Revoke a token",
    description:
      "RFC 7009. A partner authenticates and ends its access tokens by presenting one; a public client ends a person's session by " +
      "presenting its refresh token or its access token. A token that is not known, or not this client's, is answered alike.",
    access: "public",
    request: {
      body: presentedToken,
      bodyType: "form",
      bodyOptional: true,
      bodyExample: { token: exampleToken, token_type_hint: "access_token" },
    },
    success: { status: 200, description: "The token is not valid, or no longer" },
    problems: [],
    errorFormat: "oauth",
    oauthErrors: ["invalid_request", "invalid_client"],
    table: [
      { actions: ["GetItem"], leadingKeys: [tableKeys.partnerEmails, tableKeys.credentials, tableKeys.signingKeys] },
      { actions: ["GetItem", "UpdateItem"], leadingKeys: [tableKeys.principals] },
      { actions: ["GetItem", "DeleteItem"], leadingKeys: [tableKeys.sessions] },
    ],
    secrets: ["clientSecretKey", "refreshTokenKey"],
  }),

  introspect: operation({
    id: "oauth.introspect",
    method: "POST",
    path: "/oauth/introspect",
    tag: "OAuth",
    summary: "Introspect a token",
    description:
      'RFC 7662, for a partner that authenticates, on its own access tokens. Any other token is `{"active": false}`.',
    access: "public",
    request: {
      body: presentedToken,
      bodyType: "form",
      bodyOptional: true,
      bodyExample: { token: exampleToken },
    },
    success: {
      status: 200,
      description: "What the token says, if it is active",
      body: introspection,
      example: { active: false },
    },
    problems: [],
    errorFormat: "oauth",
    oauthErrors: ["invalid_request", "invalid_client"],
    table: [
      {
        actions: ["GetItem"],
        leadingKeys: [tableKeys.partnerEmails, tableKeys.credentials, tableKeys.principals, tableKeys.signingKeys],
      },
    ],
    secrets: ["clientSecretKey"],
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
        revocation_endpoint: z.url(),
        introspection_endpoint: z.url(),
        jwks_uri: z.url(),
        service_documentation: z.url(),
        scopes_supported: z.array(z.enum(scopes)),
        response_types_supported: z.array(z.string()),
        grant_types_supported: z.array(z.string()),
        token_endpoint_auth_methods_supported: z.array(z.string()),
        revocation_endpoint_auth_methods_supported: z.array(z.string()),
        introspection_endpoint_auth_methods_supported: z.array(z.string()),
      }),
      example: {
        issuer: "https://api.example.com",
        token_endpoint: "https://api.example.com/oauth/token",
        revocation_endpoint: "https://api.example.com/oauth/revoke",
        introspection_endpoint: "https://api.example.com/oauth/introspect",
        jwks_uri: "https://api.example.com/.well-known/jwks.json",
        service_documentation: "https://api.example.com/openapi.json",
        scopes_supported: [...scopes],
        response_types_supported: [],
        grant_types_supported: ["client_credentials", "refresh_token"],
        token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post", "none"],
        revocation_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post", "none"],
        introspection_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post"],
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
