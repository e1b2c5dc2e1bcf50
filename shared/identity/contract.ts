/** The messages of the OAuth endpoints, as their clients send and get them. */
import * as z from "zod";

/** RFC 6749 §3.2 requires extension parameters to be ignored, so forms are the only bodies that are not strict. */
export const tokenRequest = z.looseObject({
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

/** How a token is presented: to whoever holds it (RFC 6750), or with a proof of its key (RFC 9449 §5). */
const tokenTypes = ["Bearer", "DPoP"] as const;

export const tokenAnswer = z.object({
  access_token: z.string(),
  token_type: z.enum(tokenTypes),
  expires_in: z.int().positive().optional().meta({ description: "Seconds; absent for a token that never expires" }),
  scope: z.string().optional().meta({ description: "For a partner's token" }),
  refresh_token: z.string().optional().meta({ description: "For a user's session" }),
  issued_token_type: z.string().optional().meta({ description: "After a token exchange (RFC 8693 §2.2.1)" }),
});

export type TokenAnswer = z.output<typeof tokenAnswer>;

export const introspection = z.object({
  active: z.boolean(),
  scope: z.string().optional(),
  client_id: z.string().optional(),
  token_type: z.enum(tokenTypes).optional(),
  exp: z.int().optional(),
  iat: z.int().optional(),
  sub: z.string().optional(),
  aud: z.string().optional(),
  iss: z.string().optional(),
  jti: z.string().optional(),
  cnf: z
    .object({ jkt: z.string() })
    .optional()
    .meta({ description: "The thumbprint of the key that the token is bound to (RFC 9449 §6.2)" }),
});

export type Introspection = z.output<typeof introspection>;

/** A token and the client that presents it (RFC 7009 §2.1, RFC 7662 §2.1). */
export const presentedToken = z.looseObject({
  token: z.string().optional(),
  token_type_hint: z.string().optional(),
  client_id: z.string().optional(),
  client_secret: z.string().optional(),
});

export type PresentedToken = z.output<typeof presentedToken>;

/** Shown in examples. Its signature is not valid. */
export const exampleToken =
  "eyJhbGciOiJFZERTQSIsInR5cCI6ImF0K2p3dCIsImtpZCI6IjIwMjYtMTEtMjAtMTFxWUFZS3gifQ.eyJzdWIiOiJwdHJfMDFKRDMifQ.c2lnbmF0dXJl";
