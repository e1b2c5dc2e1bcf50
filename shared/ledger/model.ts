/** What the check of the ledger remembers between two runs. */

/** Something that does not add up. */
export interface Difference {
  /** Id of the user, redemption or coupon. */
  readonly id: string;
  /** Numbers and ids only. */
  readonly reason: string;
}

/** How far the movements of a user have been checked. */
export interface UserProgress {
  readonly userId: string;
  /** The number of the last movement that was checked, and the balance after it. */
  readonly movement: number;
  readonly balance: number;
}

/** A coupon's stock when the round began, and the redemptions that the round has found since. */
export interface StockCount {
  readonly quantity: number;
  /** How often the pieces of the stock say that it was redeemed. */
  readonly taken: number;
  /** When the pieces were read, RFC 3339. */
  readonly readAt: string;
  /** Redemptions that were committed before the pieces were read, whatever the clocks say. */
  readonly before: number;
  /** Redemptions that may have been committed before the pieces were read; those of `before` among them. */
  readonly perhapsBefore: number;
  /** It differed in the previous round as well. */
  readonly suspected: boolean;
}

/** A round over all users, which takes as many runs as it needs. */
export interface Round {
  /** RFC 3339. */
  readonly began: string;
  /** The last user whose check is complete. */
  readonly after?: string;
  /** A user with so many movements that one run could not check them all. */
  readonly partly?: UserProgress;
  /** Coupon id → its count. */
  readonly stock: Readonly<Record<string, StockCount>>;
  readonly ended: boolean;
}

export interface Checkpoint {
  readonly revision: number;
  readonly round: Round;
  /** The next round counts the coupons after this one; absent: from the first. */
  readonly couponsAfter?: string;
  /** Coupons whose stock differed: the next round counts them again before anyone is told. */
  readonly suspects: readonly string[];
}
