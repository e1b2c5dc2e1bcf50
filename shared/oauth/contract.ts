/** Operations of the OAuth endpoints and their discovery. */
import * as z from "zod";
import { operation } from "../contract/operation.ts";
import { scopes } from "../domain/access.ts";
import {
  exampleToken,
  grantRequest,
  introspection,
  presentedToken,
  shownPresentedToken,
  tokenAnswer,
  tokenRequest,
} from "../identity/contract.ts";
import { proofAlgorithms } from "../identity/dpop.ts";
import { identityPartitions, principalAttributes, usedProofAttributes } from "../identity/keys.ts";
import { partnerPartitions } from "../partners/keys.ts";
import { userPartitions } from "../users/keys.ts";

const authMethods = z.array(z.string());

export const operations = {
  token: operation({
    id: "oauth.token",
    method: "POST",
    path: "/oauth/token",
    tag: "OAuth",
    summary: "Issue an access token",
    description:
      "The token endpoint (RFC 6749 §3.2). `client_credentials`: a partner authenticates with its id or its e-mail address and its " +
      "client secret, either with HTTP Basic or in the body. With the token policy `single` the new token revokes the previous one " +
      "at once. `refresh_token`: a public client continues a user's session. Each refresh token works once; reuse of a spent one " +
      "ends the session. `urn:ietf:params:oauth:grant-type:token-exchange` (RFC 8693): a public client exchanges a JWT of the external " +
      "identity provider for a session. The first exchange of a subject creates its user. A `DPoP` proof (RFC 9449) binds the issued " +
      "tokens to its key; a partner with `dpopBoundAccessTokens` has to send one.",
    access: "public",
    acceptsClient: true,
    acceptsProof: true,
    servedWhenReadOnly: true,
    request: {
      body: tokenRequest,
      shownBody: grantRequest,
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
    problems: ["too_many_attempts"],
    errorFormat: "oauth",
    oauthErrors: [
      "invalid_request",
      "invalid_client",
      "invalid_grant",
      "invalid_scope",
      "invalid_dpop_proof",
      "unsupported_grant_type",
    ],
    table: [
      // Wrong client secrets are counted.
      { actions: ["UpdateItem"], leadingKeys: [identityPartitions.attempts] },
      { actions: ["GetItem"], leadingKeys: [partnerPartitions.partnerEmails] },
      {
        actions: ["GetItem", "PutItem"],
        leadingKeys: [identityPartitions.credentials, userPartitions.externalSubjects, userPartitions.exchangedTokens],
      },
      {
        actions: ["GetItem", "PutItem", "UpdateItem"],
        leadingKeys: [identityPartitions.principals],
        attributes: [...principalAttributes.issuingTokens, ...principalAttributes.openingSessions],
      },
      { actions: ["GetItem", "Query", "PutItem", "DeleteItem"], leadingKeys: [identityPartitions.sessions] },
      { actions: ["UpdateItem"], leadingKeys: [identityPartitions.usedProofs], attributes: usedProofAttributes },
      {
        actions: ["PutItem"],
        leadingKeys: [userPartitions.usernames, userPartitions.users, userPartitions.userPlaces],
      },
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
      "RFC 7009. A partner authenticates and presents an access token to revoke all of its access tokens. A public client presents a " +
      "refresh token or an access token of a session to end that session. The answer is the same for a token that is unknown or " +
      "belongs to another client.",
    access: "public",
    acceptsClient: true,
    servedWhenReadOnly: true,
    request: {
      body: presentedToken,
      shownBody: shownPresentedToken,
      bodyType: "form",
      bodyOptional: true,
      bodyExample: { token: exampleToken, token_type_hint: "access_token" },
    },
    success: { status: 200, description: "The token is not valid, or no longer valid" },
    problems: ["too_many_attempts"],
    errorFormat: "oauth",
    oauthErrors: ["invalid_request", "invalid_client"],
    table: [
      // Wrong client secrets are counted.
      { actions: ["UpdateItem"], leadingKeys: [identityPartitions.attempts] },
      {
        actions: ["GetItem"],
        leadingKeys: [partnerPartitions.partnerEmails, identityPartitions.credentials, identityPartitions.signingKeys],
      },
      {
        actions: ["GetItem", "UpdateItem"],
        leadingKeys: [identityPartitions.principals],
        attributes: principalAttributes.endingSessions,
      },
      { actions: ["GetItem", "DeleteItem"], leadingKeys: [identityPartitions.sessions] },
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
      'RFC 7662, for an authenticated partner and its own access tokens. Any other token is `{"active": false}`.',
    access: "public",
    acceptsClient: true,
    servedWhenReadOnly: true,
    request: {
      body: presentedToken,
      shownBody: shownPresentedToken,
      bodyType: "form",
      bodyOptional: true,
      bodyExample: { token: exampleToken },
    },
    success: {
      status: 200,
      description: "The claims of the token if it is active",
      body: introspection,
      example: { active: false },
    },
    problems: ["too_many_attempts"],
    errorFormat: "oauth",
    oauthErrors: ["invalid_request", "invalid_client"],
    table: [
      // Wrong client secrets are counted.
      { actions: ["UpdateItem"], leadingKeys: [identityPartitions.attempts] },
      {
        actions: ["GetItem"],
        leadingKeys: [
          partnerPartitions.partnerEmails,
          identityPartitions.credentials,
          identityPartitions.principals,
          identityPartitions.signingKeys,
        ],
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
    description: "The endpoints and capabilities of the authorization server (RFC 8414).",
    access: "public",
    request: {},
    success: {
      status: 200,
      description: "The metadata",
      body: z.object({
        issuer: z.url().describe("Issuer of the tokens: the URL of the API"),
        token_endpoint: z.url().describe("URL that issues tokens"),
        revocation_endpoint: z.url().describe("URL that revokes tokens (RFC 7009)"),
        introspection_endpoint: z.url().describe("URL that introspects tokens (RFC 7662)"),
        jwks_uri: z.url().describe("URL of the public keys (RFC 7517)"),
        service_documentation: z.url().describe("URL of the documentation"),
        scopes_supported: z.array(z.enum(scopes)).describe("All scopes of partners"),
        response_types_supported: z.array(z.string()).describe("Empty: there is no authorization endpoint"),
        grant_types_supported: z.array(z.string()).describe("The grants of the token endpoint"),
        token_endpoint_auth_methods_supported: authMethods.describe("How clients authenticate at the token endpoint"),
        revocation_endpoint_auth_methods_supported: authMethods.describe("How clients authenticate at the revocation"),
        introspection_endpoint_auth_methods_supported: authMethods.describe(
          "How clients authenticate at introspection",
        ),
        dpop_signing_alg_values_supported: z.array(z.string()).describe("Algorithms of proofs (RFC 9449 §5.1)"),
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
        dpop_signing_alg_values_supported: [...proofAlgorithms],
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
        keys: z
          .array(
            z.object({
              kty: z.literal("OKP").describe("Type of the key (RFC 8037)"),
              crv: z.literal("Ed25519").describe("Curve of the key"),
              x: z.string().describe("The public key, base64url"),
              kid: z.string().describe("Id of the key, as tokens name it"),
              use: z.literal("sig").describe("The key verifies signatures"),
              alg: z.literal("EdDSA").describe("Algorithm of the signatures"),
            }),
          )
          .describe("The keys that are valid now"),
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
    table: [{ actions: ["GetItem"], leadingKeys: [identityPartitions.signingKeys] }],
  }),
};
