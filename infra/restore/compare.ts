/**
 * Compares today's table with a restored one, and says what an administrator or a partner has to do again. It prints ids, and
 * neither names nor addresses nor hashes.
 */
import type { Item } from "../../shared/runtime/table.ts";

/** One kind of loss. */
export interface Loss {
  readonly title: string;
  /** What to do about it. */
  readonly remedy: string;
  readonly lines: readonly string[];
}

/** Both tables, item by item. */
interface Tables {
  readonly now: TableIndex;
  readonly restored: TableIndex;
}

/** The items of a table by their place, and by kind: the part of the partition key before the first `#`. */
export class TableIndex {
  readonly #kinds: ReadonlyMap<string, readonly Item[]>;
  readonly #places: ReadonlyMap<string, Item>;

  constructor(items: readonly Item[]) {
    this.#kinds = Map.groupBy(items, ({ pk }) => partsOf(pk)[0] ?? "");
    this.#places = new Map(items.map((item) => [placeOf(item), item]));
  }

  ofKind(kind: string): readonly Item[] {
    return this.#kinds.get(kind) ?? [];
  }

  /** The item at the place of another one. */
  at(item: Item): Item | undefined {
    return this.#places.get(placeOf(item));
  }
}

function placeOf({ pk, sk }: Item): string {
  return `${String(pk)}\u0000${String(sk)}`;
}

function partsOf(pk: unknown): readonly string[] {
  return String(pk).split("#");
}

/** The losses of a restore, those that decide about access first. Kinds without a loss are left out. */
export function compareTables(now: readonly Item[], restored: readonly Item[]): readonly Loss[] {
  const tables = { now: new TableIndex(now), restored: new TableIndex(restored) };
  return [...accessLosses(tables), ...creditLosses(tables), ...partnerLosses(tables)].filter(
    ({ lines }) => lines.length > 0,
  );
}

/** Pairs of items that stand in both tables, of one kind. */
function pairsOf({ now, restored }: Tables, kind: string): readonly (readonly [before: Item, after: Item])[] {
  return restored.ofKind(kind).flatMap((before) => {
    const after = now.at(before);
    return after === undefined ? [] : [[before, after] as const];
  });
}

/** Items of today that the restored table lacks. */
function lostItems({ now, restored }: Tables, kind: string): readonly Item[] {
  return now.ofKind(kind).filter((item) => restored.at(item) === undefined);
}

function accessLosses(tables: Tables): readonly Loss[] {
  const { now, restored } = tables;
  const changed = (kind: string, attribute: string) =>
    pairsOf(tables, kind).filter(([before, after]) => before[attribute] !== after[attribute]);
  const statusOf = (item: Item) => String(item["status"]);
  const gone = restored.ofKind("PRINCIPAL").filter((item) => now.at(item) === undefined);
  return [
    {
      title: "Suspended, deleted or reactivated since",
      remedy: "suspend, delete or reactivate again; `--carry yes` suspends all of them before the table is used",
      lines: [
        ...changed("PRINCIPAL", "status").map(
          ([before, after]) => `${idOf(before)}: ${statusOf(before)} → ${statusOf(after)}`,
        ),
        ...gone.filter((item) => statusOf(item) === "active").map((item) => `${idOf(item)}: active → deleted`),
      ],
    },
    {
      title: "Role changed since",
      remedy: "change the role again; `--carry yes` does it before the table is used",
      lines: changed("PRINCIPAL", "role").map(
        ([before, after]) => `${idOf(before)}: ${String(before["role"])} → ${String(after["role"])}`,
      ),
    },
    {
      title: "Client secret changed since",
      remedy: "give the partner a new client secret; `--carry yes` takes today's over before the table is used",
      lines: changed("CREDENTIAL", "secretHash").map(([before]) => idOf(before)),
    },
    {
      title: "Password changed since",
      remedy: "give the user a new password; `--carry yes` takes today's over before the table is used",
      lines: changed("CREDENTIAL", "passwordHash").map(([before]) => idOf(before)),
    },
    {
      title: "Partner or user created since, and lost",
      remedy: "register or create it again; its credentials and tokens do not work",
      lines: lostItems(tables, "PRINCIPAL").map(idOf),
    },
  ];
}

function idOf({ pk }: Item): string {
  return partsOf(pk)[1] ?? "";
}

const couponTerms = ["name", "value", "quantity", "active", "expiresAt"] as const;

function changedTerms(before: Item, after: Item): readonly string[] {
  return couponTerms.filter((name) => before[name] !== after[name]);
}

function creditLosses(tables: Tables): readonly Loss[] {
  return [
    {
      title: "Coupon created or changed since",
      remedy: "create or change the coupon again; `--carry yes` deactivates changed ones before the table is used",
      lines: [
        ...lostItems(tables, "COUPONS").map(({ sk }) => `${String(sk)}: created`),
        ...pairsOf(tables, "COUPONS")
          .map(([before, after]) => [before, changedTerms(before, after)] as const)
          .filter(([, terms]) => terms.length > 0)
          .map(([{ sk }, terms]) => `${String(sk)}: ${terms.join(", ")}`),
      ],
    },
    {
      title: "Redemption lost",
      remedy:
        "user and stock have the unit again; `--carry yes` deactivates the coupon: lower its quantity by the lost redemptions, then activate it",
      lines: lostItems(tables, "REDEMPTIONS").map(
        (item) => `${idOf(item)}: ${String(item["couponId"])} for ${String(item["value"])} (${String(item["id"])})`,
      ),
    },
    {
      title: "Credit movement lost",
      remedy: "grant or debit the amount again",
      lines: lostItems(tables, "CREDIT")
        .filter(({ redemptionId }) => redemptionId === null)
        .map((item) => `${idOf(item)}: ${String(item["amount"])} at ${String(item["at"])} (${String(item["id"])})`),
    },
  ];
}

/** What partners have to repeat: counted by partner, because each learns its own part only. */
function partnerLosses(tables: Tables): readonly Loss[] {
  const changes = Map.groupBy(lostItems(tables, "SUBSCRIPTION-HISTORY"), ({ type }) => type === "personal_data_erased");
  const shown = (item: Item) =>
    `${idOf(item)}: ${String(item["type"])} at ${String(item["at"])} (${String(item["id"])})`;
  return [
    {
      title: "Personal data erased since, and back",
      remedy: "the partner erases it again",
      lines: (changes.get(true) ?? []).map(shown),
    },
    {
      title: "Subscription change lost",
      remedy: "the partner repeats the request, with the same idempotency key or a new one",
      lines: (changes.get(false) ?? []).map(shown),
    },
    {
      title: "Company created since, and lost",
      remedy: "the partner creates it again",
      lines: lostItems(tables, "COMPANIES").map((item) => `${idOf(item)}: ${String(item["sk"])}`),
    },
    {
      title: "Company changed since",
      remedy: "the partner changes it again",
      lines: pairsOf(tables, "COMPANIES")
        .filter(([before, after]) => before["revision"] !== after["revision"])
        .map(([item]) => `${idOf(item)}: ${String(item["sk"])}`),
    },
    {
      title: "Message lost",
      remedy: "its author posts it again",
      lines: counted(lostItems(tables, "MESSAGES").map(idOf), "messages"),
    },
    {
      title: "Idempotency record lost",
      remedy: "a repetition with the same key is carried out, because the restored table does not know the first one",
      lines: counted(
        lostItems(tables, "IDEMPOTENCY").map(({ pk }) => partsOf(pk).slice(1, 3).join(" ")),
        "records",
      ),
    },
  ];
}

function counted(names: readonly string[], unit: string): readonly string[] {
  return [...Map.groupBy(names, (name) => name)].map(([name, all]) => `${name}: ${all.length} ${unit}`);
}

/** The items to write into the restored table before it is used: nothing revoked works in it, and no coupon is oversold. */
export function carriedItems(now: readonly Item[], restored: readonly Item[]): readonly Item[] {
  const tables = { now: new TableIndex(now), restored: new TableIndex(restored) };
  return [...carriedAccess(tables), ...deactivatedCoupons(tables)];
}

/**
 * States and credentials that changed since. What was deleted since becomes suspended, so an administrator can delete it in the
 * usual way, with everything that belongs to it.
 */
function carriedAccess(tables: Tables): readonly Item[] {
  const differs = (before: Item, after: Item, names: readonly string[]) =>
    names.some((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]));
  const states = pairsOf(tables, "PRINCIPAL")
    .filter(([before, after]) => differs(before, after, Object.keys({ ...before, ...after })))
    .map(([, after]) => (after["status"] === "deleted" ? suspended(after) : after));
  const gone = tables.restored
    .ofKind("PRINCIPAL")
    .filter((item) => tables.now.at(item) === undefined)
    .map(suspended);
  const credentials = pairsOf(tables, "CREDENTIAL")
    .filter(([before, after]) => differs(before, after, ["secretHash", "previousHash", "passwordHash"]))
    .map(([, after]) => after);
  const carried = [...states, ...gone];
  const known = new Set(tables.restored.ofKind("PRINCIPAL").map(idOf));
  const factors = tables.now
    .ofKind("SECOND-FACTOR")
    .filter((after) => known.has(idOf(after)) && JSON.stringify(tables.restored.at(after)) !== JSON.stringify(after));
  return [...carried, ...credentials, ...factors, ...carried.flatMap((state) => profileLike(state, tables.restored))];
}

/** Coupons with lost redemptions or changed terms, inactive: an administrator decides how many units are left. */
function deactivatedCoupons(tables: Tables): readonly Item[] {
  const { restored } = tables;
  const oversold = new Set(lostItems(tables, "REDEMPTIONS").map(({ couponId }) => String(couponId)));
  const changed = pairsOf(tables, "COUPONS").filter(([before, after]) => changedTerms(before, after).length > 0);
  const ids = new Set([...oversold, ...changed.map(([{ sk }]) => String(sk))]);
  const coupons = restored.ofKind("COUPONS").filter(({ sk, active }) => active === true && ids.has(String(sk)));
  const closed = new Set(coupons.map(({ sk }) => String(sk)));
  return [
    // Only an active coupon has a place in the index.
    ...coupons.map(({ gsi1pk: _partition, gsi1sk: _place, ...coupon }) => ({
      ...coupon,
      active: false,
      revision: (coupon["revision"] as number) + 1,
    })),
    ...restored
      .ofKind("COUPON-PIECE")
      .filter((piece) => closed.has(idOf(piece)))
      .map((piece) => ({ ...piece, active: false })),
  ];
}

function suspended(state: Item): Item {
  return { ...state, status: "suspended", version: (state["version"] as number) + 1 };
}

/** The profile in the restored table with the status, role and token policy of a state; none if it shows them already. */
function profileLike(state: Item, restored: TableIndex): readonly Item[] {
  const id = idOf(state);
  const profile = restored.at(state["kind"] === "user" ? { pk: `USER#${id}`, sk: "USER" } : { pk: "PARTNERS", sk: id });
  if (profile === undefined) return [];
  const shown = ["status", "role", "tokenPolicy"].filter((name) => name in profile && name in state);
  if (shown.every((name) => profile[name] === state[name])) return [];
  const next = Object.fromEntries(shown.map((name) => [name, state[name]]));
  return [{ ...profile, ...next, revision: (profile["revision"] as number) + 1 }];
}

/** The comparison as lines for an operator. */
export function describeLosses(losses: readonly Loss[]): readonly string[] {
  if (losses.length === 0) return ["nothing was lost: both tables hold the same"];
  return losses.flatMap(({ title, remedy, lines }) => [
    `${title}: ${lines.length}`,
    `  → ${remedy}`,
    ...lines.map((line) => `  ${line}`),
  ]);
}
