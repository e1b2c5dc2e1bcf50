/** The messages of the OAuth endpoints, as their clients send and get them. */
import * as z from "zod";

const clientId = z
  .string()
  .optional()
  .describe("Client id, unless it is sent with HTTP Basic: a partner's id or e-mail address, or a public client");
const clientSecret = z.string().optional().describe("Client secret of a partner, unless it is sent with HTTP Basic");

/** RFC 6749 §3.2 requires extension parameters to be ignored, so forms are the only bodies that are not strict. */
export const tokenRequest = z.looseObject({
  grant_type: z.string().optional().describe("What the token is issued for (RFC 6749 §4)"),
  client_id: clientId,
  client_secret: clientSecret,
  scope: z.string().optional().describe("Requested scopes, separated by spaces; all scopes by default"),
  refresh_token: z.string().optional().describe("Refresh token of the session to continue"),
  subject_token: z.string().optional().describe("JWT of the identity provider (RFC 8693 §2.1)"),
  subject_token_type: z.string().optional().describe("Type of `subject_token`"),
  requested_token_type: z.string().optional().describe("Type of the token to issue: an access token"),
  actor_token: z.string().optional().describe("Not supported: a request with it is refused"),
});

export type TokenRequest = z.output<typeof tokenRequest>;

const { client_id, client_secret, scope, refresh_token, subject_token } = tokenRequest.shape;
const publicClientId = z.string().describe("The public client, which has no secret");

/** The same as the contract shows it: each grant with its parameters. The server itself answers with OAuth errors. */
export const grantRequest = z.discriminatedUnion("grant_type", [
  z
    .object({
      grant_type: z.literal("client_credentials").describe("A token for a partner (RFC 6749 §4.4)"),
      client_id,
      client_secret,
      scope,
    })
    .catchall(z.string())
    .meta({ id: "ClientCredentialsGrant", description: "A partner asks for an access token" }),
  z
    .object({
      grant_type: z.literal("refresh_token").describe("New tokens of a session (RFC 6749 §6)"),
      client_id: publicClientId,
      refresh_token: refresh_token.unwrap().describe("Refresh token of the session to continue"),
    })
    .catchall(z.string())
    .meta({ id: "RefreshTokenGrant", description: "A public client continues a session" }),
  z
    .object({
      grant_type: z
        .literal("urn:ietf:params:oauth:grant-type:token-exchange")
        .describe("A session for a token of the identity provider (RFC 8693)"),
      client_id: publicClientId,
      subject_token: subject_token.unwrap().describe("JWT of the identity provider (RFC 8693 §2.1)"),
      subject_token_type: z
        .string()
        .describe("`urn:ietf:params:oauth:token-type:id_token`, `…:jwt` or `…:access_token`"),
      requested_token_type: z
        .literal("urn:ietf:params:oauth:token-type:access_token")
        .optional()
        .describe("Type of the token to issue"),
    })
    .catchall(z.string())
    .meta({ id: "TokenExchangeGrant", description: "A public client exchanges a token of the identity provider" }),
]);

/** How a token is presented: to whoever holds it (RFC 6750), or with a proof of its key (RFC 9449 §5). */
const tokenType = z
  .enum(["Bearer", "DPoP"])
  .describe("How the token is sent: `Bearer` (RFC 6750), or `DPoP` with a proof (RFC 9449)");

export const tokenAnswer = z.object({
  access_token: z.string().describe("JWT (RFC 9068)"),
  token_type: tokenType,
  expires_in: z
    .int()
    .positive()
    .optional()
    .meta({ description: "Lifetime in seconds; absent for a token that never expires" }),
  scope: z.string().optional().meta({ description: "Scopes of a partner's token, separated by spaces" }),
  refresh_token: z.string().optional().meta({ description: "Continues a user's session. It works once" }),
  issued_token_type: z
    .string()
    .optional()
    .meta({ description: "Type of the token after a token exchange (RFC 8693 §2.2.1)" }),
});

export type TokenAnswer = z.output<typeof tokenAnswer>;

export const introspection = z.object({
  active: z.boolean().describe("Whether the token is valid now. The other members are present only for `true`"),
  scope: z.string().optional().describe("Scopes of the token, separated by spaces"),
  client_id: z.string().optional().describe("Client that the token was issued to"),
  token_type: tokenType.optional(),
  exp: z.int().optional().describe("When it expires, in seconds since 1970"),
  iat: z.int().optional().describe("When it was issued, in seconds since 1970"),
  sub: z.string().optional().describe("Id of the partner"),
  aud: z.string().optional().describe("Audience of the token: the URL of the API"),
  iss: z.string().optional().describe("Issuer of the token: the URL of the API"),
  jti: z.string().optional().describe("Id of the token"),
  cnf: z
    .object({ jkt: z.string().describe("SHA-256 thumbprint of the key (RFC 7638)") })
    .optional()
    .meta({ description: "The thumbprint of the key that the token is bound to (RFC 9449 §6.2)" }),
});

export type Introspection = z.output<typeof introspection>;

/** A token and the client that presents it (RFC 7009 §2.1, RFC 7662 §2.1). */
export const presentedToken = z
  .object({
    token: z.string().optional().describe("The token. Without it, the answer is 400 `invalid_request`"),
    token_type_hint: z.string().optional().describe("Ignored: tokens tell their type"),
    client_id: clientId,
    client_secret: clientSecret,
  })
  .catchall(z.string());

/** The same as the contract shows it: without a token, the server answers with an OAuth error instead of a problem. */
export const shownPresentedToken = presentedToken.extend({
  token: z.string().min(1).describe("The token. Without it, the answer is 400 `invalid_request`"),
});

export type PresentedToken = z.output<typeof presentedToken>;

/** Shown in examples. Its signature is not valid. */
export const exampleToken =
  "eyJhbGciOiJFZERTQSIsInR5cCI6ImF0K2p3dCIsImtpZCI6IjIwMjYtMTEtMjAtMTFxWUFZS3gifQ.eyJzdWIiOiJwdHJfMDFKRDMifQ.c2lnbmF0dXJl";
