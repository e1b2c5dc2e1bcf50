/**
 * The creation lock of a partner: a readers-writer lock in stripes. Each creation checks one stripe, so creations rarely collide.
 * What ends or suspends the partner closes every stripe before, one by one, so that none of them escapes it.
 *
 * A stripe that is closed opens by itself, after longer than any request runs. See `docs/decisions/0099-creation-locks.md`.
 */
import type { Change, Expression, UpdateWrite, Write } from "../runtime/table.ts";
import { shardOf } from "../runtime/key.ts";
import { all, conflict } from "../runtime/writes.ts";
import { identityKey } from "./keys.ts";
import { lockMs, type CreationLock } from "./model.ts";

/** How many creations of one partner may be committed at the same moment, if their names spread evenly. */
export const stripes = 16;

/** The stripe that a creation checks. */
export const stripeOf = (name: string): number => shardOf(name, stripes);

/**
 * Holds while nothing closes the partner's creation lock. Whatever a suspension or a deletion must not miss is created together
 * with this check.
 *
 * @param name decides about the stripe: the id of what is created
 * @param now when the request began
 */
export function whileActive(partnerId: string, name: string, now: Date): Write {
  return {
    check: identityKey.creationLock(partnerId, stripeOf(name)),
    condition: all(isOpen("stoppedUntil", now), isOpen("heldUntil", now)),
    onConditionFailed: conflict,
  };
}

function isOpen(attribute: "stoppedUntil" | "heldUntil", now: Date): Expression {
  return {
    expression: `attribute_not_exists(${attribute}) OR ${attribute} < :startedAt`,
    values: { ":startedAt": now.toISOString() },
  };
}

/** Closes the stripes for a suspension or deletion that will not be given up. Nothing but `creationReopening` undoes it. */
export function creationStops(partnerId: string, now: Date): readonly UpdateWrite<CreationLock>[] {
  return closing(partnerId, "stoppedUntil", now);
}

/** Closes the stripes for a deletion that may yet be refused. Only one deletion at a time may do so. */
export function creationHolds(partnerId: string, now: Date): readonly UpdateWrite<CreationLock>[] {
  return closing(partnerId, "heldUntil", now);
}

/** Takes a hold back. */
export function creationReleases(partnerId: string, now: Date): readonly UpdateWrite<CreationLock>[] {
  return ofEachStripe((stripe) => ({
    update: identityKey.creationLock(partnerId, stripe),
    // With a `ttl`, because a reactivation may have deleted the item.
    set: {
      expression: "SET #ttl = :ttl REMOVE heldUntil",
      names: { "#ttl": "ttl" },
      values: { ":ttl": secondsOf(now.getTime() + lockMs) },
    },
  }));
}

/** Opens the stripes at once for a partner that becomes active again. */
export function creationReopening(partnerId: string): Change {
  return ofEachStripe((stripe) => ({ delete: identityKey.creationLock(partnerId, stripe) }));
}

function closing(
  partnerId: string,
  attribute: "stoppedUntil" | "heldUntil",
  now: Date,
): readonly UpdateWrite<CreationLock>[] {
  const until = new Date(now.getTime() + lockMs);
  return ofEachStripe((stripe) => ({
    update: identityKey.creationLock(partnerId, stripe),
    set: {
      expression: `SET ${attribute} = :until, #ttl = :ttl`,
      names: { "#ttl": "ttl" },
      values: { ":until": until.toISOString(), ":ttl": secondsOf(until.getTime()) },
    },
  }));
}

/** When DynamoDB may delete an item that nobody needs after a time, in seconds of the epoch: an hour later. */
const secondsOf = (milliseconds: number): number => Math.ceil(milliseconds / 1000) + 3600;

function ofEachStripe<Made>(make: (stripe: number) => Made): readonly Made[] {
  return Array.from({ length: stripes }, (_, stripe) => make(stripe));
}
