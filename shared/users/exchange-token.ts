/** The grant `token-exchange` (RFC 8693): turns a JWT of the external identity provider into a session. */
import { OAuthError } from "../contract/oauth-error.ts";
import { newId } from "../domain/ids.ts";
import { withoutInvisible } from "../domain/invisible.ts";
import { readOnly } from "../domain/problems.ts";
import type { TokenRequest } from "../identity/contract.ts";
import { verifyExternalToken, type ExternalIdentity } from "../identity/external-identity.ts";
import type { UserState } from "../identity/model.ts";
import type { Proof } from "../identity/dpop.ts";
import {
  openFirstSession,
  openSession,
  type Issuance,
  type OpenedSession,
  type SignIn,
} from "../identity/open-session.ts";
import { findUserState } from "../identity/store.ts";
import { tokenProofUse } from "../identity/token-proof.ts";
import { readPublicClient, refuseScope } from "../identity/token-requests.ts";
import { tokenAnswer, type GrantContext, type GrantOutcome } from "./refresh-session.ts";
import { createUser } from "./rules.ts";
import { externalUserCreation, findExternalUserId, isExchanged, tokenExchange } from "./store.ts";

const subjectTokenTypes = ["urn:ietf:params:oauth:token-type:jwt", "urn:ietf:params:oauth:token-type:id_token"];
const issuedTokenType = "urn:ietf:params:oauth:token-type:access_token";

/**
 * Exchanges the external provider's JWT for a session, once. The first exchange of a subject creates its user, also when several
 * run in parallel.
 *
 * @param proof binds the tokens of the session to its key
 * @throws Problem `read_only` for a first exchange while the stage is read-only: the user would be lost with the data
 * @throws OAuthError `invalid_client`, `invalid_request` (also for a refused subject token, RFC 8693 §2.2.2)
 */
export async function exchangeToken(
  body: TokenRequest,
  authorization: string | undefined,
  context: GrantContext,
  proof: Proof | undefined,
): Promise<GrantOutcome> {
  const { table, secrets, environment, now, sourceIp, isReadOnly } = context;
  const clientId = readPublicClient(authorization, body, environment);
  const identity = await verifyExternalToken(readSubjectToken(body), environment);
  if (identity === undefined) return refusedToken("The subject_token is not a valid token of the identity provider");
  const [userId, replayed] = await Promise.all([findExternalUserId(table, identity), isExchanged(table, identity)]);
  if (replayed) return refusedToken("The subject_token was exchanged before: each is accepted once");
  if (userId === undefined && isReadOnly) throw readOnly();
  const start = {
    clientId,
    signInMethod: "identity_provider",
    authenticatedAt: identity.authenticatedAt,
    ...(identity.usedSecondFactor && { amr: ["mfa"] as const }),
  } as const;
  // By name: a spread would read all members of the request, and a public request throws when asked for its principal.
  const opening = { table, secrets, environment, now, sourceIp, isReadOnly, thumbprint: proof?.thumbprint };
  const { tokens, change } =
    userId === undefined ? await signUp(identity, start, opening) : await signInAgain({ ...start, userId }, opening);
  return {
    body: { ...tokenAnswer(tokens, proof), issued_token_type: issuedTokenType },
    change: [tokenExchange(identity), ...change, ...(proof ? [tokenProofUse(proof)] : [])],
  };
}

type Start = Omit<SignIn, "userId" | "proven">;
type Opening = GrantContext & Issuance;

/** Creates the user of a subject together with its first session. */
async function signUp(identity: ExternalIdentity, start: Start, context: Opening): Promise<OpenedSession> {
  const { user, creation } = newExternalUser(identity, context.now);
  const opened = await openFirstSession({ ...start, userId: user.id, proven: firstState }, context);
  return { tokens: opened.tokens, change: [...creation, ...opened.change] };
}

/** @throws OAuthError `invalid_request` for a user that is not active */
async function signInAgain(start: Omit<SignIn, "proven">, context: Opening): Promise<OpenedSession> {
  const state = await findUserState(context.table, start.userId);
  if (state?.status !== "active") throw new OAuthError("invalid_request", "The subject may not sign in");
  return await openSession(context.table, { ...start, proven: state }, state, context);
}

function refusedToken(description: string): GrantOutcome {
  return {
    refusal: new OAuthError("invalid_request", description),
    securityEvents: [{ event: "external_token_refused" }],
  };
}

/** @throws OAuthError `invalid_request`, `invalid_scope` */
function readSubjectToken(body: TokenRequest): string {
  const {
    subject_token: subjectToken,
    subject_token_type: type,
    requested_token_type: requested,
    actor_token: actor,
  } = body;
  if (subjectToken === undefined) throw new OAuthError("invalid_request", "subject_token is required");
  if (type === undefined || !subjectTokenTypes.includes(type)) {
    throw new OAuthError("invalid_request", `subject_token_type is one of ${subjectTokenTypes.join(", ")}`);
  }
  if (requested !== undefined && requested !== issuedTokenType) {
    throw new OAuthError("invalid_request", `requested_token_type can only be ${issuedTokenType}`);
  }
  if (actor !== undefined) throw new OAuthError("invalid_request", "Delegation is not supported: omit actor_token");
  refuseScope(body.scope);
  return subjectToken;
}

/** The username is generated, because the provider's names are not unique here. */
function newExternalUser(identity: ExternalIdentity, now: Date) {
  const username = `ext-${newId("", now).toLowerCase()}`;
  const user = createUser({ username, name: displayName(identity.name) ?? username }, now);
  return { user, creation: externalUserCreation(user, identity) };
}

function displayName(name: string | undefined): string | undefined {
  const trimmed = withoutInvisible(name?.toWellFormed().replaceAll(/\p{Cc}/gu, " ") ?? "").trim();
  return trimmed === "" ? undefined : Array.from(trimmed).slice(0, 80).join("");
}

/** The state that `externalUserCreation` commits. */
const firstState: UserState = { kind: "user", status: "active", role: "user", version: 1, sessionsFrom: 1 };
