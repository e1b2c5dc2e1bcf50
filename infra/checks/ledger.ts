/**
 * Checks that credit and coupon stock add up, from the items of the whole table and independently of the code that writes them.
 *
 * The check may run while calls run. Movements and redemptions are numbered and never change, so a second, later read
 * must confirm the users, redemptions and stock of the first read.
 */
import type { Item } from "../../shared/runtime/table.ts";

export interface LedgerReport {
  readonly users: number;
  readonly movements: number;
  readonly redemptions: number;
  /** The differences, one line each, with ids only. */
  readonly faults: readonly string[];
}

/**
 * @param first all items of the table
 * @param second all items of the table, read after `first`; the same items when no calls run
 */
export function checkLedger(first: readonly Item[], second: readonly Item[]): LedgerReport {
  const [before, after] = [kindsOf(first), kindsOf(second)];
  const users = before.get("USER") ?? [];
  const redemptions = before.get("REDEMPTIONS") ?? [];
  const marked = new Set(
    (after.get("REDEEMED") ?? []).map(({ sk, redemptionId }) => `${String(redemptionId)} ${String(sk)}`),
  );
  const movementAt = new Map((after.get("CREDIT") ?? []).map((movement) => [placeOf(movement), movement]));
  return {
    users: users.length,
    movements: movementAt.size,
    redemptions: redemptions.length,
    faults: [
      ...users.flatMap((user) => balanceFaults(user, movementAt)),
      ...redemptions.flatMap((redemption) => paymentFaults(redemption, movementAt, marked)),
      ...stockFaults(before, after),
    ],
  };
}

/** The movements 1 to n of a user lead from 0 to the user's credit. Each starts at the balance of the previous one, and none ends below 0. */
function balanceFaults({ id, credit, movements }: Item, movementAt: ReadonlyMap<string, Item>): string[] {
  let balance = 0;
  for (let number = 1; number <= movements; number++) {
    const movement = movementAt.get(`${String(id)} ${number}`);
    if (movement === undefined) return [`${String(id)}: movement ${number} is missing`];
    balance += movement["amount"] as number;
    if (movement["balance"] !== balance) return [`${String(id)}: movement ${number} does not lead to its balance`];
    if (balance < 0) return [`${String(id)}: movement ${number} leads below zero`];
  }
  return balance === credit ? [] : [`${String(id)}: the movements lead to ${balance}, the credit is ${String(credit)}`];
}

/** A redemption has its movement and the item that prevents a second redemption. */
function paymentFaults(redemption: Item, movementAt: ReadonlyMap<string, Item>, marked: ReadonlySet<string>): string[] {
  const { id, couponId, value } = redemption;
  const movement = movementAt.get(placeOf(redemption));
  const isPaid = movement?.["redemptionId"] === id && movement?.["amount"] === 0 - value;
  return [
    ...(isPaid ? [] : [`${String(id)}: no movement has paid for it`]),
    ...(marked.has(`${String(id)} ${String(couponId)}`)
      ? []
      : [`${String(id)}: nothing keeps its user from redeeming again`]),
  ];
}

/** The missing stock of a coupon equals its redemptions and does not exceed its quantity. */
function stockFaults(before: Kinds, after: Kinds): string[] {
  const left = [before, after].map((kinds) =>
    sums(kinds.get("COUPON-PIECE") ?? [], ({ pk }) => String(pk).split("#")[1] ?? "", "redeemed"),
  );
  const made = [before, after].map((kinds) => sums(kinds.get("REDEMPTIONS") ?? [], ({ couponId }) => String(couponId)));
  return (before.get("COUPONS") ?? []).flatMap(({ id, quantity }) => {
    const of = (counts: readonly ReadonlyMap<string, number>[], look: number) => counts[look]?.get(String(id)) ?? 0;
    const now = (after.get("COUPONS") ?? []).find((coupon) => coupon["id"] === id)?.["quantity"] as number;
    return [
      ...(of(left, 0) <= of(made, 1) && of(made, 0) <= of(left, 1)
        ? []
        : [`${String(id)}: ${of(left, 0)} have left the stock, ${of(made, 1)} were redeemed`]),
      ...(of(left, 0) <= Math.max(quantity as number, now)
        ? []
        : [`${String(id)}: redeemed more often than its quantity`]),
    ];
  });
}

type Kinds = ReadonlyMap<string, readonly Item[]>;

function kindsOf(items: readonly Item[]): Kinds {
  return Map.groupBy(items, ({ pk }) => String(pk).split("#")[0] ?? "");
}

/** The user and the number in the sort key of a movement or a redemption. */
function placeOf({ pk, sk }: Item): string {
  return `${String(pk).split("#")[1] ?? ""} ${Number(sk)}`;
}

function sums(items: readonly Item[], keyOf: (item: Item) => string, member?: string): ReadonlyMap<string, number> {
  const totals = new Map<string, number>();
  for (const item of items) {
    const units = member === undefined ? 1 : (item[member] as number);
    totals.set(keyOf(item), (totals.get(keyOf(item)) ?? 0) + units);
  }
  return totals;
}
