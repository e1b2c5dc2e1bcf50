/** Principals, credentials, sessions and attempts as they are kept, with their limits. */
import type { JWK } from "jose";
import type { Role } from "../domain/access.ts";
import type { PartnerLimits } from "../domain/limits.ts";

/** How many access tokens of a partner are valid at once: the newest alone, or all of the current version. */
export const tokenPolicies = ["single", "many"] as const;
export type TokenPolicy = (typeof tokenPolicies)[number];

/** The state that decides whether a principal's tokens are valid: one small item, because every request reads it. */
export type PrincipalState = PartnerState | UserState;

interface CommonState {
  readonly status: "active" | "suspended" | "deleted";
  /** The token version: a token with a different one is refused. */
  readonly version: number;
}

export interface PartnerState extends CommonState {
  readonly kind: "partner";
  readonly tokenPolicy: TokenPolicy;
  /** Every access token is bound to a key (RFC 9449 §5.2); absent means no. */
  readonly dpopBoundAccessTokens?: boolean | undefined;
  /** How long before its expiry a subscription is announced. Here, because the authorizer reads it anyway. Absent: the default. */
  readonly expiryNotice?: string | undefined;
  /** How much it may call. Here, because the authorizer reads it anyway. Absent or null: the stage's defaults. */
  readonly limits?: PartnerLimits | null | undefined;
  /** The clock of a sandbox. Here, because the authorizer reads it anyway. Absent: a live partner. */
  readonly testClock?: TestClock | undefined;
  /**
   * When the newest token was issued, RFC 3339: written with its version, so it costs no write of its own. Tokens of the policy
   * `many` have no version of their own, and leave it as it is.
   */
  readonly tokenIssuedAt?: string | undefined;
  /** The sandbox of a live partner, which a repeated deletion has to find. */
  readonly sandboxId?: string | undefined;
}

/** A clock that stands still until its partner moves it. Times are RFC 3339. */
export interface TestClock {
  readonly time: string;
  /** Every notice until then has been announced. */
  readonly announcedTo: string;
  /** A hash of the idempotency key of the request that moved it last: a repetition of that request must not move it again. */
  readonly movedBy?: string | undefined;
}

export interface UserState extends CommonState {
  readonly kind: "user";
  readonly role: Role;
  /** Sessions that began or were last used before the token version reached this one are over. */
  readonly sessionsFrom: number;
  /** The one session that outlived the last password change. */
  readonly keptSession?: string;
  /**
   * The kept session's access tokens from this token version on are still valid. Every change of role or status removes it:
   * without it, a change and the change back would make tokens valid again that were refused in between.
   */
  readonly keptTokensFrom?: number;
  /** Counts the sessions that were opened; absent before the second one. Of parallel openings, each expects its own count. */
  readonly sessionsOpened?: number;
  /** Sessions that ended one by one, with the time (seconds of the epoch) when their last access token expires. */
  readonly endedSessions?: Readonly<Record<string, number>>;
  /** The person has confirmed a second factor: sign-in asks for a code. */
  readonly secondFactor?: boolean;
  /** An administrator chose the password: its owner changes it before anything else. */
  readonly passwordIsOneTime?: boolean;
}

/**
 * How much longer than its last access token an ended session is remembered, in seconds: a refresh that ran while the session
 * ended may have issued that token a moment later, by another clock.
 */
export const endedSessionMarginSeconds = 60;

/** The maximum number of ended sessions that are remembered; with one more, all access tokens of the user end instead. */
export const maxEndedSessions = 50;

/** How long a lock lasts that nobody releases, in milliseconds: longer than any request runs, so none outlasts it. */
export const lockMs = 60_000;

/** A stripe of a partner's creation lock. Absent: it is open. */
export interface CreationLock {
  /** Until when a suspension or deletion that is not given up closes it, in ISO 8601. */
  readonly stoppedUntil?: string;
  /** Until when a deletion closes it that may yet be refused, in ISO 8601. */
  readonly heldUntil?: string;
  readonly ttl: number;
}

/** The hashes of a partner's client secrets. */
export interface ClientCredential {
  readonly secretHash: string;
  /** When the secret was issued, RFC 3339; absent for one that was issued before this was kept. */
  readonly issuedAt?: string;
  /** The previous secret, which is valid until `previousValidUntil`. */
  readonly previousHash?: string;
  /** RFC 3339. */
  readonly previousValidUntil?: string;
}

/** The hash of a user's password; absent for a user that signs in elsewhere. */
export interface PasswordCredential {
  readonly passwordHash?: string | undefined;
}

/** The second factor of a person (RFC 6238) as it is kept: readable with the secret `secondFactorKey` only. */
export interface SecondFactor {
  /** The encrypted TOTP secret. */
  readonly sealedSecret: string;
  /** When its owner proved it with a first code, RFC 3339; absent until then. */
  readonly confirmedAt?: string;
  /** The time step of the last accepted code. Codes of this and earlier steps are refused (RFC 6238 §5.2). */
  readonly lastStep: number;
  /** Keyed hashes of the recovery codes that are left. */
  readonly recoveryHashes: readonly string[];
}

/** The second factor with its revision. */
export type StoredSecondFactor = SecondFactor & { readonly revision: number };

/** How many recovery codes a person gets at a time. */
export const recoveryCodeCount = 10;

/** How a person proved its identity at sign-in, as RFC 8176 names it. */
export const authenticationMethods = ["pwd", "otp", "mfa"] as const;
export type AuthenticationMethod = (typeof authenticationMethods)[number];

/** The methods of a sign-in with a password and a code. */
export const withSecondFactor: readonly AuthenticationMethod[] = ["pwd", "otp", "mfa"];

/** A one-time link with which a person sets a new password, as it is kept. */
export interface PasswordLink {
  /** A keyed hash of its token. */
  readonly tokenHash: string;
  /** RFC 3339. */
  readonly expiresAt: string;
  /** The person's role when the link was made: a link for a user must not open the account of an administrator. */
  readonly role: Role;
}

/** Lifetime of a one-time link: a day, because a person has to receive it first. */
export const passwordLinkSeconds = 24 * 60 * 60;

/** Either credential as it is kept. */
export type StoredCredential = (ClientCredential | PasswordCredential) & { readonly revision: number };

/** How a person proves at the start of a session who it is. */
export const signInMethods = ["password", "identity_provider"] as const;
export type SignInMethod = (typeof signInMethods)[number];

/** A session as it is kept. */
export interface Session {
  readonly userId: string;
  /** `ses_…`, the claim `sid` of its access tokens. */
  readonly sessionId: string;
  /** The public client that signed the user in. */
  readonly clientId: string;
  /** Absent in sessions from before it was kept, until the migration `session-start` adds it. */
  readonly signInMethod?: SignInMethod;
  /** When the session began, RFC 3339. Its maximum age counts from here. */
  readonly createdAt: string;
  /** When the person signed in, here or at the identity provider, RFC 3339: the claim `auth_time`. */
  readonly authenticatedAt: string;
  /** How its owner signed in; absent where that is not known. The claim `amr` of its access tokens. */
  readonly amr?: readonly AuthenticationMethod[];
  /** Counts the session's refresh tokens, from 1. */
  readonly generation: number;
  /** Hash of the current refresh token's secret. */
  readonly tokenHash: string;
  /** When the current refresh token was issued, RFC 3339. */
  readonly issuedAt: string;
  /** When the current refresh token expires, RFC 3339. */
  readonly expiresAt: string;
  /** The principal's token version when the session began or was last used: see `sessionsFrom`. */
  readonly version: number;
  /** A keyed hash of the network from which the previous refresh token was spent; absent before the first refresh. */
  readonly spentFrom?: string;
  /** The thumbprint of the key that its tokens are bound to (RFC 9449 §5); absent for a session of bearer tokens. */
  readonly thumbprint?: string | undefined;
}

/** A DPoP proof that was used. */
export interface UsedProof {
  /** Names the use. */
  readonly use: string;
  readonly ttl: number;
}

/** Lifetime of a refresh token; each refresh starts a new one, until the session reaches its maximum age. */
export const refreshTokenSeconds = 7 * 24 * 60 * 60;

/**
 * How long a spent refresh token still gets its successor, for a client that lost the answer: time for two retries with
 * backoff, or for two tabs that refresh at once while a function starts.
 */
export const graceMs = 5000;

/** A limit on guessing. */
export interface AttemptLimit {
  readonly maxFailures: number;
  readonly windowSeconds: number;
}

/** Ten failures in fifteen minutes. */
export const guessLimit: AttemptLimit = { maxFailures: 10, windowSeconds: 15 * 60 };

/**
 * Ten wrong codes of a second factor in an hour. Only whoever knows the password can guess, and each guess finds one of three valid
 * codes of a million.
 */
export const secondFactorGuessLimit: AttemptLimit = { maxFailures: 10, windowSeconds: 60 * 60 };

/** A hundred wrong client secrets in fifteen minutes: more than a misconfigured program sends before somebody looks. */
export const clientSecretGuessLimit: AttemptLimit = { maxFailures: 100, windowSeconds: 15 * 60 };

/** A hundred wrong tokens of one-time links in fifteen minutes. A token has 256 random bits, so nobody finds one by guessing. */
export const passwordLinkGuessLimit: AttemptLimit = { maxFailures: 100, windowSeconds: 15 * 60 };

/** Counts failures of one name in one window of time. */
export interface FailureCount {
  readonly failed: number;
  readonly ttl: number;
}

/** The failures that a name has: of all sources together and, where sources are told apart, of each. */
export interface AttemptBudget {
  readonly perName: AttemptLimit;
  readonly perSource?: AttemptLimit;
}

/**
 * Sign-in is open to anyone, so one source must not be able to lock a name for all others: ten failures in each of the five
 * windows that an hour touches are far below a hundred.
 */
export const signInBudget = {
  perName: { maxFailures: 100, windowSeconds: 60 * 60 },
  perSource: guessLimit,
} as const satisfies AttemptBudget;

/** One attempt as it is kept. */
export interface Attempt {
  /** When it began or failed, in seconds of the epoch. */
  readonly at: number;
  /** A hash of the source; absent where sources are not told apart. */
  readonly source?: string;
}

/** The attempts of one name as they are kept. */
export interface Attempts {
  /** Attempts that failed; some may be older than the window. */
  readonly failures: readonly Attempt[];
  /** Attempts that are being checked, by the id of each. */
  readonly pending: Readonly<Record<string, Attempt>>;
}

/** Attempts with the nonce that every change of them renews. */
export type StoredAttempts = Attempts & { readonly nonce: string; readonly ttl?: number };

/** An attempt that holds a slot until it is settled. */
export interface ReservedAttempt {
  /** What is guessed, such as `sign-in`. */
  readonly kind: string;
  readonly name: string;
  readonly id: string;
  readonly source?: string | undefined;
}

/** The public half of a signing key (RFC 7517, RFC 8037). */
export interface PublicKey extends JWK {
  readonly kty: "OKP";
  readonly crv: "Ed25519";
  readonly x: string;
  readonly kid: string;
  readonly use: "sig";
  readonly alg: "EdDSA";
}
