/**
 * The families of keys, each with the builder that the code uses. A recorded key is taken apart by its pattern and must come out of
 * the builder again; the simulation then makes the keys of other partners and people with the same builder.
 */
import { idempotencyRecordKey } from "../../../shared/contract/idempotency-record.ts";
import { couponKey } from "../../../shared/coupons/keys.ts";
import { eventKey } from "../../../shared/events/keys.ts";
import { stripeOf } from "../../../shared/identity/creation-lock-store.ts";
import { identityKey } from "../../../shared/identity/keys.ts";
import { limitKey } from "../../../shared/limits/keys.ts";
import { partnerKey } from "../../../shared/partners/keys.ts";
import { byExpiry, placeById, placeByNotice, subscriptionKey } from "../../../shared/subscriptions/keys.ts";
import { threadKey } from "../../../shared/threads/keys.ts";
import { shardOfAll, usageKey } from "../../../shared/usage/keys.ts";
import { userKey } from "../../../shared/users/keys.ts";
import { attemptCountKey } from "../../../shared/webhooks/keys.ts";
import type { Access, Place } from "./record.ts";

export interface PlaceKey {
  readonly pk: string;
  readonly sk: string;
}

/** Ids by their names. */
export type Ids = Readonly<Record<string, string>>;

export interface Family {
  /** The beginning of the partition key, as `docs/table.md` shows it. */
  readonly name: string;
  readonly place: Place;
  /** Matches the partition key, a space and the sort key; its groups are the parts that the builder needs. */
  readonly pattern: RegExp;
  readonly key: (ids: any) => PlaceKey;
}

const inFirstIndex = ({ gsi1pk, gsi1sk }: { gsi1pk: string; gsi1sk: string }): PlaceKey => ({ pk: gsi1pk, sk: gsi1sk });
const inSecondIndex = ({ gsi2pk, gsi2sk }: { gsi2pk: string; gsi2sk: string }): PlaceKey => ({
  pk: gsi2pk,
  sk: gsi2sk,
});

const byExpiryKey =
  (cancelled: boolean) => (ids: { partnerId: string; expiresAt: string; externalUserId: string }) => ({
    pk: byExpiry(ids.partnerId, cancelled).pk,
    sk: `${ids.expiresAt}#${ids.externalUserId}`,
  });

const table = (name: string, pattern: RegExp, key: Family["key"]): Family => ({ name, place: "table", pattern, key });

export const families: readonly Family[] = [
  table("PRINCIPAL#", /^PRINCIPAL#(?<principalId>\S+) PRINCIPAL$/, ({ principalId }) =>
    identityKey.principal(principalId),
  ),
  table("CREDENTIAL#", /^CREDENTIAL#(?<principalId>\S+) CREDENTIAL$/, ({ principalId }) =>
    identityKey.credential(principalId),
  ),
  table("CREATION-LOCK#", /^CREATION-LOCK#/, ({ partnerId, externalUserId }) =>
    identityKey.creationLock(partnerId, stripeOf(externalUserId)),
  ),
  table("SECOND-FACTOR#", /^SECOND-FACTOR#/, ({ userId }) => identityKey.secondFactor(userId)),
  table("SIGNING-KEYS", /^SIGNING-KEYS /, () => identityKey.signingKeys()),
  table("ATTEMPTS#", /^ATTEMPTS#(?<kind>[a-z]+)#\S+ ATTEMPTS$/, ({ kind, userId }) =>
    identityKey.attempts(kind, userId),
  ),
  table("LIMITS#", /^LIMITS#/, ({ partnerId }) => limitKey.limits(partnerId)),
  // Each process of the authorizer adds to one shard; here all of them to the same, which is the worst case.
  table("USAGE#ALL#", /^USAGE#ALL#(?<shard>\d) (?<day>.*)$/, ({ shard, day }) => usageKey.day(`ALL#${shard}`, day)),
  table("USAGE#", /^USAGE#ptr_\S+ (?<day>.*)$/, ({ partnerId, day }) => usageKey.day(partnerId, day)),
  table("SUBSCRIPTION-COUNTS#ALL#", /^SUBSCRIPTION-COUNTS#ALL#\d TOTAL$/, ({ partnerId }) =>
    usageKey.allSubscriptions(shardOfAll(partnerId)),
  ),
  table("SUBSCRIPTION-COUNTS#ALL#", /^SUBSCRIPTION-COUNTS#ALL#\d (?<day>.+)$/, ({ partnerId, day }) =>
    usageKey.subscriptions(shardOfAll(partnerId), day),
  ),
  table("SUBSCRIPTION-COUNTS#", /^SUBSCRIPTION-COUNTS#ptr_\S+ TOTAL$/, ({ partnerId }) =>
    usageKey.allSubscriptions(partnerId),
  ),
  table("SUBSCRIPTION-COUNTS#", /^SUBSCRIPTION-COUNTS#ptr_\S+ (?<day>.*)$/, ({ partnerId, day }) =>
    usageKey.subscriptions(partnerId, day),
  ),
  table("ATTEMPT-COUNTS#", /^ATTEMPT-COUNTS#/, ({ partnerId }) => ({ ...attemptCountKey.days(partnerId), sk: "" })),
  table(
    "IDEMPOTENCY#",
    /^IDEMPOTENCY#(?<principalId>[^#]+)#(?<operationId>[^#]+)#/,
    ({ principalId, operationId, idempotencyKey }) => idempotencyRecordKey(principalId, operationId, idempotencyKey),
  ),
  table("PARTNERS", /^PARTNERS /, ({ partnerId }) => partnerKey.partner(partnerId)),
  table("SUBSCRIPTIONS#", /^SUBSCRIPTIONS#/, ({ partnerId, externalUserId }) =>
    subscriptionKey.subscription(partnerId, externalUserId),
  ),
  table("SUBSCRIPTION-HISTORY#", /^SUBSCRIPTION-HISTORY#\S+ (?<number>\d*)$/, ({ partnerId, externalUserId, number }) =>
    subscriptionKey.historyEntry(partnerId, externalUserId, Number(number)),
  ),
  // Lists are read from the newest event on: the end of each shard.
  table("EVENTS#", /^EVENTS#\S+#(?<shard>\d+) $/, ({ partnerId, shard }) => ({
    pk: eventKey.shards(partnerId)[Number(shard)]?.pk ?? "",
    sk: "~",
  })),
  table("EVENTS#", /^EVENTS#\S+ (?<eventId>.+)$/, ({ partnerId, eventId }) => eventKey.event(partnerId, eventId)),
  table("USER#", /^USER#/, ({ userId }) => userKey.user(userId)),
  table("CREDIT#", /^CREDIT#\S+ (?<number>\d*)$/, ({ userId, number }) =>
    userKey.creditMovement(userId, Number(number)),
  ),
  table("COUPON-PIECE#", /^COUPON-PIECE#\S+#(?<piece>\d+) /, ({ couponId, piece }) =>
    couponKey.couponPiece(couponId, Number(piece)),
  ),
  table("REDEEMED#", /^REDEEMED#/, ({ userId, couponId }) => couponKey.redeemedCoupon(userId, couponId)),
  table("REDEMPTIONS#", /^REDEMPTIONS#\S+ (?<number>\d*)$/, ({ userId, number }) =>
    couponKey.redemption(userId, Number(number)),
  ),
  table("THREAD#", /^THREAD#\S+ THREAD$/, ({ threadId }) => threadKey.thread(threadId)),
  table("THREAD#", /^THREAD#\S+ LAST-MESSAGE$/, ({ threadId }) => threadKey.lastMessage(threadId)),
  table("MESSAGES#", /^MESSAGES#\S+ (?<number>\d*)$/, ({ threadId, number }) =>
    threadKey.message(threadId, Number(number)),
  ),
  {
    name: "SUBSCRIPTIONS#",
    place: "gsi1",
    pattern: /^SUBSCRIPTIONS#\S+#CANCELLED (?<expiresAt>[^#]+)#(?<externalUserId>.+)$/,
    key: byExpiryKey(true),
  },
  {
    name: "SUBSCRIPTIONS#",
    place: "gsi1",
    pattern: /^SUBSCRIPTIONS#\S+ (?<expiresAt>[^#]+)#(?<externalUserId>.+)$/,
    key: byExpiryKey(false),
  },
  {
    name: "SUBSCRIPTION-ID#",
    place: "gsi1",
    pattern: /^SUBSCRIPTION-ID#(?<id>\S+) /,
    key: ({ partnerId, id, externalUserId }) => inFirstIndex(placeById(partnerId, { id, externalUserId })),
  },
  {
    name: "EXPIRY#",
    place: "gsi2",
    pattern: /^EXPIRY#\S+ (?<noticeAt>[^#]+)#/,
    key: ({ partnerId, externalUserId, noticeAt }) =>
      inSecondIndex(placeByNotice(partnerId, externalUserId, { type: "expired", at: noticeAt })),
  },
];

/** A key with gaps for the ids of other calls. */
export interface KeyTemplate {
  readonly family: Family;
  /** The values of the pattern's groups, as they were recorded. */
  readonly parts: Ids;
}

/**
 * Takes a recorded key apart.
 *
 * @param roles the ids of the call
 * @throws Error for a key that belongs to no family, or that its builder makes differently
 */
export function templateOf({ place, pk, sk }: Pick<Access, "place" | "pk" | "sk">, roles: Ids): KeyTemplate {
  const text = `${pk} ${sk}`;
  const family = families.find((each) => each.place === place && each.pattern.test(text));
  if (family === undefined) throw new Error(`no family of keys has ${text} in ${place}`);
  const parts = { ...family.pattern.exec(text)?.groups };
  const made = family.key({ ...roles, ...parts });
  // A query that finds nothing names a partition alone.
  if (made.pk !== pk || (sk !== "" && made.sk !== sk)) throw new Error(`${text} is built as ${made.pk} ${made.sk}`);
  return { family, parts };
}
