/**
 * Every partition and sort key of the single table, one readable function per item; `docs/table.md` lists them with their
 * access paths. A pattern (`…Keys`) is what a role may be granted: `dynamodb:LeadingKeys` of the declarations.
 */
import { createHash } from "node:crypto";

export interface Key {
  readonly pk: string;
  readonly sk: string;
}

export const tableKeys = {
  health: "HEALTH",
  signingKeys: "SIGNING-KEYS",
  principals: "PRINCIPAL#*",
  credentials: "CREDENTIAL#*",
  attempts: "ATTEMPTS#*",
  idempotency: "IDEMPOTENCY#*",
  partners: "PARTNERS",
  partnerEmails: "PARTNER-EMAIL#*",
  subscriptions: "SUBSCRIPTIONS#*",
  subscriptionHistories: "SUBSCRIPTION-HISTORY#*",
  companies: "COMPANIES#*",
  sessions: "SESSIONS#*",
  externalSubjects: "EXTERNAL-SUBJECT#*",
  usernames: "USERNAME#*",
  users: "USER#*",
  userPlaces: "USERS",
  creditMovements: "CREDIT#*",
  coupons: "COUPONS",
  activeCoupons: "COUPONS#ACTIVE",
  couponCodes: "COUPON-CODE#*",
  couponPieces: "COUPON-PIECE#*",
  redeemedCoupons: "REDEEMED#*",
  redemptions: "REDEMPTIONS#*",
  threads: "THREAD#*",
  threadMemberships: "THREADS-OF#*",
  messages: "MESSAGES#*",
} as const;

/** A value as part of a key that may be logged by AWS (CloudTrail's data events show keys): hashed, never in clear. */
function hashed(value: string): string {
  return createHash("sha256").update(value).digest("base64url");
}

/** A count as text that sorts like the number. */
function padded(count: number): string {
  return String(count).padStart(12, "0");
}

export const key = {
  /** Read by the health check; the item does not exist. */
  health: (): Key => ({ pk: "HEALTH", sk: "HEALTH" }),
  /** The public halves of the signing keys (RFC 7517). */
  signingKeys: (): Key => ({ pk: "SIGNING-KEYS", sk: "SIGNING-KEYS" }),
  /** Token version and status of a partner or user: all that the authorizer reads. */
  principal: (id: string): Key => ({ pk: `PRINCIPAL#${id}`, sk: "PRINCIPAL" }),
  /** Hashes of a partner's client secrets or of a user's password. */
  credential: (id: string): Key => ({ pk: `CREDENTIAL#${id}`, sk: "CREDENTIAL" }),
  /** Failed attempts of one kind for one name. */
  attempts: (kind: string, name: string): Key => ({ pk: `ATTEMPTS#${kind}#${hashed(name)}`, sk: "ATTEMPTS" }),
  /** The answer to the first request with an idempotency key. */
  idempotency: (principalId: string, operationId: string, idempotencyKey: string): Key => ({
    pk: `IDEMPOTENCY#${principalId}#${operationId}#${hashed(idempotencyKey)}`,
    sk: "IDEMPOTENCY",
  }),
  /** A session of a user, with the hash of its present refresh token. */
  session: (userId: string, sessionId: string): Key => ({ pk: `SESSIONS#${userId}`, sk: sessionId }),
  /** The user that an external identity provider's subject is. */
  externalSubject: (issuer: string, subject: string): Key => ({
    pk: `EXTERNAL-SUBJECT#${hashed(JSON.stringify([issuer, subject]))}`,
    sk: "EXTERNAL-SUBJECT",
  }),
  partner: (partnerId: string): Key => ({ pk: "PARTNERS", sk: partnerId }),
  /** Holds an e-mail address for one partner. */
  partnerEmail: (normalizedEmail: string): Key => ({
    pk: `PARTNER-EMAIL#${hashed(normalizedEmail)}`,
    sk: "PARTNER-EMAIL",
  }),
  subscription: (partnerId: string, externalUserId: string): Key => ({
    pk: `SUBSCRIPTIONS#${partnerId}`,
    sk: externalUserId,
  }),
  /** Entries sort by the revision of the subscription that they describe: the order of the changes, whatever the clocks say. */
  subscriptionHistory: (partnerId: string, externalUserId: string, revision: number): Key => ({
    pk: `SUBSCRIPTION-HISTORY#${partnerId}#${externalUserId}`,
    sk: padded(revision),
  }),
  /** A company with its bank accounts. */
  company: (partnerId: string, companyId: string): Key => ({ pk: `COMPANIES#${partnerId}`, sk: companyId }),
  /** Holds a username for one user, for ever. */
  username: (normalizedUsername: string): Key => ({ pk: `USERNAME#${normalizedUsername}`, sk: "USERNAME" }),
  /** Movements of a user's credit sort by their number, from 1: the order in which they came true, whatever the clocks say. */
  creditMovement: (userId: string, number: number): Key => ({ pk: `CREDIT#${userId}`, sk: padded(number) }),
  user: (userId: string): Key => ({ pk: `USER#${userId}`, sk: "USER" }),
  /** A user's place in the list of all: apart from the profile, so that no movement of credit writes to what all share. */
  userPlace: (userId: string): Key => ({ pk: "USERS", sk: userId }),
  coupon: (couponId: string): Key => ({ pk: "COUPONS", sk: couponId }),
  /** Holds a code for one coupon. @param codeHash of `hashCode` */
  couponCode: (codeHash: string): Key => ({ pk: `COUPON-CODE#${codeHash}`, sk: "COUPON-CODE" }),
  /** A part of a coupon's stock, in a partition of its own: DynamoDB limits what one item takes. @param piece from 0 */
  couponPiece: (couponId: string, piece: number): Key => ({
    pk: `COUPON-PIECE#${couponId}#${piece}`,
    sk: "COUPON-PIECE",
  }),
  /** Says that a user has redeemed a coupon. */
  redeemedCoupon: (userId: string, couponId: string): Key => ({ pk: `REDEEMED#${userId}`, sk: couponId }),
  /** Redemptions sort by the number of the credit movement that paid for them. */
  redemption: (userId: string, number: number): Key => ({ pk: `REDEMPTIONS#${userId}`, sk: padded(number) }),
  /** A thread as it was begun. */
  thread: (threadId: string): Key => ({ pk: `THREAD#${threadId}`, sk: "THREAD" }),
  /** Number and time of a thread's last message: small, and apart from the thread, for every post writes it. */
  lastMessage: (threadId: string): Key => ({ pk: `THREAD#${threadId}`, sk: "LAST-MESSAGE" }),
  /** A thread among those of a participant; ids sort by time. */
  threadMembership: (userId: string, threadId: string): Key => ({ pk: `THREADS-OF#${userId}`, sk: threadId }),
  message: (threadId: string, sequence: number): Key => ({
    pk: `MESSAGES#${threadId}`,
    sk: padded(sequence),
  }),
} as const;
