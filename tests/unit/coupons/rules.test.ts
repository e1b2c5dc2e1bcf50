import fc from "fast-check";
import { Problem } from "../../../shared/domain/problems.ts";
import { maxPieces, type ChangingCoupon, type Piece, type StoredCoupon } from "../../../shared/coupons/model.ts";
import {
  beginChange,
  concludeChange,
  createCoupon,
  drawPiece,
  isAbandoned,
  isSettled,
  outcomeOf,
  piecesFor,
  refuseRedemption,
  spread,
} from "../../../shared/coupons/rules.ts";

const now = new Date("2026-11-20T12:00:00.000Z");
const later = new Date("2026-11-20T12:00:05.000Z");
const tomorrow = new Date("2026-11-21T12:00:00.000Z");
const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);

const coupon = (quantity: number): StoredCoupon =>
  createCoupon({ name: "Museum", value: 7, quantity, active: true, expiresAt: tomorrow }, now);

const quantities = fc.integer({ min: 1, max: 1_000_000 });

/** A coupon, how often each of its pieces has been redeemed, and a requested quantity. */
const changes = quantities.chain((quantity) =>
  fc.record({
    before: fc.constant(coupon(quantity)),
    redeemed: fc.tuple(...coupon(quantity).allotments.map((allotted) => fc.integer({ min: 0, max: allotted }))),
    wanted: quantities.filter((wanted) => wanted !== quantity),
  }),
);

const begun = (before: StoredCoupon, quantity: number) => beginChange(before, { quantity }, later) as ChangingCoupon;

describe("the stock of a coupon", () => {
  test("is the quantity, split into pieces that differ by one at most", () => {
    fc.assert(
      fc.property(quantities, (quantity) => {
        const { allotments } = coupon(quantity);
        expect(sum(allotments)).toBe(quantity);
        expect(Math.max(...allotments) - Math.min(...allotments)).toBeLessThanOrEqual(1);
        expect(Math.min(...allotments)).toBeGreaterThan(0);
      }),
    );
  });

  test.each([
    [1, 1],
    [50, 1],
    [51, 2],
    [1000, 20],
    [3200, maxPieces],
    [1_000_000, maxPieces],
  ])("of %d units has %d pieces", (quantity, pieces) => {
    expect(piecesFor(quantity)).toBe(pieces);
  });

  test("spreads zero units over the requested number of parts", () => {
    expect(spread(0, 3)).toEqual([0, 0, 0]);
  });
});

describe("a change of the quantity", () => {
  test("keeps the redemptions of each piece and spreads the rest of the new quantity, or of the old one if refused", () => {
    fc.assert(
      fc.property(changes, ({ before, redeemed, wanted }) => {
        const after = concludeChange(begun(before, wanted), redeemed);
        const total = sum(redeemed);
        expect(after.refused).toBe(wanted < total);
        expect(after.quantity).toBe(after.refused ? before.quantity : wanted);
        expect(sum(after.allotments)).toBe(after.quantity);
        after.allotments.forEach((allotted, piece) => expect(allotted).toBeGreaterThanOrEqual(redeemed[piece] ?? 0));
        expect(after.allotments.length).toBeGreaterThanOrEqual(before.allotments.length);
      }),
    );
  });

  test("increases the revision if effective, and the epoch in either case", () => {
    const before = coupon(10);
    const lowered = concludeChange(begun(before, 5), [5]);
    const refused = concludeChange(begun(before, 5), [6]);
    expect(lowered).toMatchObject({ quantity: 5, revision: 2, epoch: 2, updatedAt: later.toISOString() });
    expect(refused).toMatchObject({ quantity: 10, revision: 1, epoch: 2, updatedAt: now.toISOString() });
    expect(outcomeOf(lowered)).toBe(lowered);
    expect(outcomeOf(refused)).toMatchObject({ code: "coupon_quantity_too_low" });
    expect([lowered.pending, refused.pending]).toEqual([undefined, undefined]);
  });
});

describe("a change of a coupon", () => {
  test("without a difference returns the same coupon", () => {
    const before = coupon(10);
    expect(beginChange(before, {}, later)).toBe(before);
    const same = { name: before.name, quantity: 10, active: true, expiresAt: tomorrow };
    expect(beginChange(before, same, later)).toBe(before);
  });

  test("of the name alone takes effect at once", () => {
    const after = beginChange(coupon(10), { name: "Zoo" }, later);
    expect(after).toMatchObject({ name: "Zoo", revision: 2, epoch: 1 });
    expect(after.pending).toBeUndefined();
  });

  test.each([[{ active: false }], [{ expiresAt: later }], [{ quantity: 11 }], [{ active: false, name: "Zoo" }]])(
    "of the terms %j becomes pending and leaves everything else unchanged",
    (patch) => {
      const before = coupon(10);
      const { pending, ...rest } = beginChange(before, patch, later);
      expect(rest).toEqual(before);
      expect(pending).toMatchObject({ epoch: 2, began: later.toISOString() });
      const concluded = concludeChange({ ...rest, pending: pending! }, [0]);
      const shown = { ...patch, ...("expiresAt" in patch && { expiresAt: later.toISOString() }) };
      expect(concluded).toMatchObject({ ...shown, epoch: 2, revision: 2 });
    },
  );
});

const piece = (fields: Partial<Piece> = {}): Piece => ({
  epoch: 1,
  closed: false,
  active: true,
  expiresAt: tomorrow.toISOString(),
  allotted: 5,
  redeemed: 0,
  soldOut: false,
  ...fields,
});

describe("settling", () => {
  test("a coupon is settled only when every piece is open under its terms", () => {
    const settled = coupon(100);
    expect(isSettled(settled, [piece(), piece()])).toBe(true);
    expect(isSettled(settled, [piece(), piece({ closed: true })])).toBe(false);
    expect(isSettled(settled, [piece(), piece({ epoch: 2 })])).toBe(false);
    expect(isSettled(settled, [piece(), undefined])).toBe(false);
    expect(isSettled(begun(settled, 60), [piece(), piece()])).toBe(false);
  });

  test("a change counts as abandoned after two seconds", () => {
    const changing = begun(coupon(100), 60);
    expect(isAbandoned(changing, new Date(later.getTime() + 1000))).toBe(false);
    expect(isAbandoned(changing, new Date(later.getTime() + 3000))).toBe(true);
  });
});

describe("a redemption", () => {
  const reasons = [
    ["coupon_inactive", { active: false }],
    ["coupon_expired", { expiresAt: now.toISOString() }],
    ["coupon_already_redeemed", { redeemedBefore: true }],
    ["coupon_exhausted", { exhausted: true }],
  ] as const;

  test("is refused for the first reason in the contract's order", () => {
    const subsets = fc.tuple(fc.boolean(), fc.boolean(), fc.boolean(), fc.boolean());
    fc.assert(
      fc.property(subsets, (chosen) => {
        const present = reasons.filter((_, index) => chosen[index]);
        const given = Object.assign(
          { active: true, expiresAt: tomorrow.toISOString(), redeemedBefore: false, exhausted: false },
          ...present.map(([, fields]) => fields),
        );
        const refusal = refuseRedemption(given, given, now);
        expect(refusal instanceof Problem ? refusal.code : undefined).toBe(present[0]?.[0]);
      }),
    );
  });
});

describe("drawing a piece", () => {
  test("returns a piece that is not empty, or undefined when all are empty", () => {
    const stocks = fc.array(
      fc.tuple(fc.nat(4), fc.nat(4)).map(([redeemed, left]) => piece({ redeemed, allotted: redeemed + left })),
      { minLength: 1, maxLength: maxPieces },
    );
    fc.assert(
      fc.property(stocks, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (pieces, random) => {
        const drawn = drawPiece(pieces, random);
        const left = pieces.map(({ allotted, redeemed }) => allotted - redeemed);
        if (sum(left) === 0) expect(drawn).toBeUndefined();
        else expect(left[drawn!]).toBeGreaterThan(0);
      }),
    );
  });

  test("follows the proportions of what is left", () => {
    const pieces = [piece({ allotted: 1 }), piece({ allotted: 0 }), piece({ allotted: 3 })];
    expect([0, 0.24, 0.25, 0.99].map((random) => drawPiece(pieces, random))).toEqual([0, 0, 2, 2]);
  });
});
