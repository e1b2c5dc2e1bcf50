/** Decides in the memory of a process which calls of a partner are within its limits. */
import type { LimitState } from "../contract/limit-state.ts";
import type { LimitRefusal, PartnerLimits } from "../domain/limits.ts";
import { leaseMs, monthOf, type LeaseAnswer, type LeaseRequest } from "./model.ts";
import { leaseSize, tokensOf } from "./rules.ts";

/** Where leases come from. @throws when it does not answer */
export type TakeLease = (partnerId: string, request: LeaseRequest) => Promise<LeaseAnswer>;

/** What a call needs of the counters. */
export interface Counters {
  readonly takeLease: TakeLease;
  /** Hears of counters that did not answer: calls are allowed. */
  readonly onFailure: (error: unknown) => void;
}

/** A call of a partner. */
export interface MeteredCall {
  readonly partnerId: string;
  readonly limits: PartnerLimits;
  /** Milliseconds of the epoch. */
  readonly now: number;
}

/** What a process knows of a partner. */
interface Account {
  limits: PartnerLimits;
  tokens: number;
  /** Calls counted to the month and not allowed yet; negative for calls that are allowed and not counted. */
  prepaid: number;
  leaseEndsAt: number;
  fullAt: number;
  used: number;
  month: string;
  /** The calls of about the time that a lease lasts. */
  demand: number;
  lastCallAt: number;
  isFull: boolean;
  /** The process asks for no lease before this moment. */
  asksFrom: number;
  /** The limit that the partner has reached, if it has. */
  refusal: LimitRefusal;
  /** Leases in a row that were refused. */
  refusals: number;
}

/** A process forgets the partner that it served least recently. */
const maxAccounts = 10_000;

const firstPauseMs = 100;
const maxPauseMs = 1000;

/** How long a process goes on alone after the counters did not answer. */
const aloneMs = 1000;

export class CallMeter {
  readonly #accounts = new Map<string, Account>();
  readonly #random: () => number;

  /** @param random a number in [0, 1), for pauses that differ */
  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  /**
   * Renews the lease of a partner that the process knows, if the next call needs it. It counts no call, so it may run while the
   * caller is still being authenticated.
   */
  async prepare(partnerId: string, now: number, counters: Counters): Promise<void> {
    const account = this.#accounts.get(partnerId);
    if (account !== undefined) await this.#ensureToken(account, { partnerId, limits: account.limits, now }, counters);
  }

  /** Counts a call and decides on it. A call that a lease covers costs no access to the table. */
  async admit(call: MeteredCall, counters: Counters): Promise<LimitState> {
    const { now } = call;
    const account = this.#accountOf(call);
    await this.#ensureToken(account, call, counters);
    const isAllowed = hasToken(account, now);
    if (isAllowed) {
      account.tokens -= 1;
      account.prepaid -= 1;
    }
    return stateOf(account, now, isAllowed ? undefined : account.refusal);
  }

  async #ensureToken(account: Account, call: MeteredCall, { takeLease, onFailure }: Counters): Promise<void> {
    if (hasToken(account, call.now) || call.now < account.asksFrom) return;
    await this.#renew(account, call, takeLease).catch((error: unknown) => {
      goAlone(account, call.now);
      onFailure(error);
    });
  }

  #accountOf({ partnerId, limits, now }: MeteredCall): Account {
    const known = this.#accounts.get(partnerId);
    const account = known ?? newAccount(limits, now);
    if (!isSame(account.limits, limits)) Object.assign(account, { limits, asksFrom: 0, leaseEndsAt: 0 });
    const sinceMs = Math.max(0, now - account.lastCallAt);
    account.demand = account.demand * Math.exp(-sinceMs / leaseMs(limits)) + 1;
    account.lastCallAt = now;
    // A map keeps the order of insertion, so its first account is the one that was used least recently.
    this.#accounts.delete(partnerId);
    this.#accounts.set(partnerId, account);
    if (this.#accounts.size > maxAccounts) this.#accounts.delete(this.#accounts.keys().next().value as string);
    return account;
  }

  async #renew(account: Account, { partnerId, limits, now }: MeteredCall, takeLease: TakeLease): Promise<void> {
    const month = monthOf(now).attribute;
    if (account.month !== month) Object.assign(account, { month, prepaid: 0, used: 0 });
    const { isFull, prepaid } = account;
    const left = { tokens: tokensOf(account.fullAt, limits, now), quota: limits.requestsPerMonth - account.used };
    const wanted = leaseSize(limits, account.demand, left);
    const { refusal, ...lease } = await takeLease(partnerId, { limits, tokens: wanted, prepaid, isFull, now });
    Object.assign(account, lease);
    if (refusal === undefined) Object.assign(account, { prepaid: lease.tokens, leaseEndsAt: now + leaseMs(limits) });
    if (lease.tokens === wanted) {
      account.refusals = 0;
      return;
    }
    // A lease of fewer tokens has emptied the bucket, so the next one would be refused.
    account.refusal = refusal ?? (tokensOf(lease.fullAt, limits, now) < 1 ? "rate_limited" : "quota_exceeded");
    account.asksFrom = now + this.#pauseMs(account.refusals);
    account.refusals += 1;
  }

  /** Exponential backoff with jitter: a crowd beyond its limit does not wear out the counters. */
  #pauseMs(refusals: number): number {
    return Math.min(maxPauseMs, firstPauseMs * 2 ** refusals) * (0.5 + this.#random() / 2);
  }
}

function hasToken({ tokens, leaseEndsAt }: Account, now: number): boolean {
  return tokens >= 1 && now < leaseEndsAt;
}

function newAccount(limits: PartnerLimits, now: number): Account {
  return {
    limits,
    tokens: 0,
    prepaid: 0,
    leaseEndsAt: 0,
    fullAt: 0,
    used: 0,
    month: monthOf(now).attribute,
    demand: 0,
    lastCallAt: now,
    isFull: true,
    asksFrom: 0,
    refusal: "rate_limited",
    refusals: 0,
  };
}

function isSame(one: PartnerLimits, other: PartnerLimits): boolean {
  return (
    one.requestsPerSecond === other.requestsPerSecond &&
    one.burst === other.burst &&
    one.requestsPerMonth === other.requestsPerMonth
  );
}

/** Allows what the whole rate gives, so that a failure of the counters stops nobody within its limit and opens no floodgate. */
function goAlone(account: Account, now: number): void {
  const endsAt = now + aloneMs;
  const tokens = (account.limits.requestsPerSecond * aloneMs) / 1000;
  Object.assign(account, { tokens, leaseEndsAt: endsAt, asksFrom: endsAt, refusal: "rate_limited" });
}

function stateOf(account: Account, now: number, refusal: LimitRefusal | undefined): LimitState {
  const { limits, fullAt, used, tokens } = account;
  const { from, to } = monthOf(now);
  const spare = refusal === undefined ? Math.max(0, tokens) : 0;
  const untilFull = Math.max(1, Math.ceil((fullAt / 1000 - now) / 1000));
  return {
    limits,
    available: refusal === "rate_limited" ? 0 : Math.min(limits.burst, tokensOf(fullAt, limits, now) + spare),
    availableSeconds: refusal === "rate_limited" ? 1 : untilFull,
    monthLeft: refusal === "quota_exceeded" ? 0 : Math.max(0, limits.requestsPerMonth - used + spare),
    monthLeftSeconds: Math.ceil((to - now) / 1000),
    monthSeconds: (to - from) / 1000,
    refusal,
  };
}
