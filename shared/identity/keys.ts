/** Keys of principals, credentials, sessions, attempts and signing keys. */
import { principalPartitions, principalStateKey } from "../contract/principal-key.ts";
import { hashed, type Key } from "../runtime/key.ts";
import type {
  CreationLock,
  FailureCount,
  PasswordLink,
  PrincipalState,
  PublicKey,
  Session,
  StoredAttempts,
  StoredCredential,
  UsedProof,
  StoredSecondFactor,
} from "./model.ts";

/** Partition keys as roles are granted them; `*` stands for any characters. */
export const identityPartitions = {
  signingKeys: "SIGNING-KEYS",
  principals: principalPartitions,
  credentials: "CREDENTIAL#*",
  attempts: "ATTEMPTS#*",
  sessions: "SESSIONS#*",
  usedProofs: "USED-PROOF#*",
  secondFactors: "SECOND-FACTOR#*",
  passwordLinks: "PASSWORD-LINK#*",
  creationLocks: "CREATION-LOCK#*",
} as const;

const sessionAttributes = ["version", "sessionsFrom", "keptSession", "keptTokensFrom", "endedSessions"] as const;

/** The attributes of a principal that updates name, by their purpose. Only a change by an administrator may write a role. */
export const principalAttributes = {
  endingSessions: sessionAttributes,
  openingSessions: [...sessionAttributes, "sessionsOpened"],
  changingPassword: [...sessionAttributes, "passwordIsOneTime"],
  changingSecondFactor: [...sessionAttributes, "secondFactor"],
  removingSecondFactor: ["secondFactor"],
  revokingTokens: ["version"],
  issuingTokens: ["status", "tokenPolicy", "dpopBoundAccessTokens", "version", "tokenIssuedAt"],
  deleting: ["status", "deletionUntil"],
  changingPartner: ["status", "tokenPolicy", "dpopBoundAccessTokens", "expiryNotice", "limits", "version"],
  namingSandbox: ["status", "tokenPolicy", "dpopBoundAccessTokens", "expiryNotice", "limits", "version", "sandboxId"],
  movingClock: ["testClock"],
  changingUser: ["status", "role", ...sessionAttributes],
} as const;

/** The attributes of a stripe of a creation lock that updates name, by their purpose. */
export const creationLockAttributes = { stopping: ["stoppedUntil", "ttl"], holding: ["heldUntil", "ttl"] } as const;

/** The attributes of a used proof. */
export const usedProofAttributes = ["use", "ttl"] as const;

export const identityKey = {
  /** The public halves of the signing keys (RFC 7517). */
  signingKeys: (): Key<{ readonly keys: readonly PublicKey[] }> => ({ pk: "SIGNING-KEYS", sk: "SIGNING-KEYS" }),
  /** Token version and status of a partner or user: all that the authorizer reads. */
  principal: (id: string): Key<PrincipalState> => principalStateKey(id),
  /** Hashes of a partner's client secrets or of a user's password. */
  credential: (id: string): Key<StoredCredential> => ({ pk: `CREDENTIAL#${id}`, sk: "CREDENTIAL" }),
  /** A person's second factor, confirmed or not. */
  secondFactor: (userId: string): Key<StoredSecondFactor> => ({ pk: `SECOND-FACTOR#${userId}`, sk: "SECOND-FACTOR" }),
  /** The newest one-time link with which a person sets a new password. */
  passwordLink: (userId: string): Key<PasswordLink & { readonly ttl: number }> => ({
    pk: `PASSWORD-LINK#${userId}`,
    sk: "PASSWORD-LINK",
  }),
  /** One stripe of the lock that keeps a partner's creations off. A partition each, because every creation checks one. */
  creationLock: (partnerId: string, stripe: number): Key<CreationLock> => ({
    pk: `CREATION-LOCK#${partnerId}#${stripe}`,
    sk: "CREATION-LOCK",
  }),
  /** Failed attempts of one kind for one name. */
  attempts: (kind: string, name: string): Key<StoredAttempts> => ({
    pk: `ATTEMPTS#${kind}#${hashed(name)}`,
    sk: "ATTEMPTS",
  }),
  /** Failures of one kind for one name in one window of time. */
  failures: (kind: string, name: string, window: number): Key<FailureCount> => ({
    pk: `ATTEMPTS#${kind}#${hashed(name)}`,
    sk: `FAILURES#${window}`,
  }),
  /** A session of a user, with the hash of its current refresh token. */
  session: (userId: string, sessionId: string): Key<Session & { readonly ttl: number }> => ({
    pk: `SESSIONS#${userId}`,
    sk: sessionId,
  }),
  /** A DPoP proof that was used. Two keys may have proofs with the same id. */
  usedProof: (thumbprint: string, id: string): Key<UsedProof> => ({
    pk: `USED-PROOF#${hashed(`${thumbprint}.${id}`)}`,
    sk: "USED-PROOF",
  }),
} as const;
