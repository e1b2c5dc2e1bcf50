/** How many calls a second one partner, one subscription, one coupon, one person and one thread can have. */
import { maxPieces } from "../../../shared/coupons/model.ts";
import { anybody, loadOf, newRandom, population, start } from "./load.ts";
import { Simulation, type RoundOptions, type RoundResult } from "./simulate.ts";
import type { Templates } from "./templates.ts";

/** Calls of one operation that have something in common. */
interface Scenario {
  readonly name: string;
  readonly operation: string;
  readonly roles: (random: () => number) => Record<string, string>;
  /** Calls a second that make partitions hot. Default: more than a single item takes. */
  readonly splittingRate?: number;
}

const usualSplittingRate = 2500;
/** For calls that are spread over many items, and for calls of one item, which no split helps. */
const [wide, narrow] = [6000, 250];

const one = (...roles: readonly string[]) => {
  const fixed = anybody(() => 0.5);
  const shared = Object.fromEntries(roles.map((role) => [role, fixed[role] as string]));
  return () => shared;
};
const anyPartner = (random: () => number) => ({
  partnerId: `ptr_${String(Math.floor(random() * population.partners)).padStart(26, "0")}`,
});
const oneCoupon = (pieces: number) => () => ({ ...one("couponId")(), pieces: String(pieces) });

export const scenarios: readonly Scenario[] = [
  { name: "one partner: creations", operation: "subscriptions.create", roles: one("partnerId") },
  { name: "one partner: extensions", operation: "subscriptions.extend", roles: one("partnerId") },
  { name: "one partner: reads", operation: "subscriptions.read", roles: one("partnerId") },
  { name: "one partner: lists of events", operation: "events.list", roles: one("partnerId") },
  { name: "one partner: tokens", operation: "oauth.token", roles: one("partnerId") },
  {
    name: "one subscription: extensions",
    operation: "subscriptions.extend",
    roles: one("partnerId", "externalUserId"),
    splittingRate: narrow,
  },
  { name: "all partners: own profiles", operation: "partners.self", roles: anyPartner, splittingRate: wide },
  { name: "one coupon, 1 piece: redemptions", operation: "coupons.redeem", roles: oneCoupon(1), splittingRate: narrow },
  {
    name: `one coupon, ${maxPieces} pieces: redemptions`,
    operation: "coupons.redeem",
    roles: oneCoupon(maxPieces),
    splittingRate: wide,
  },
  { name: "one person: redemptions", operation: "coupons.redeem", roles: one("userId"), splittingRate: narrow },
  { name: "one thread: posts", operation: "threads.post", roles: one("threadId"), splittingRate: narrow },
];

export interface Ceiling {
  readonly name: string;
  /** Calls a second that are all answered, on a new table and once DynamoDB has split what is hot. */
  readonly atOnce: number;
  readonly later: number;
  /** What refuses calls beyond it; undefined where nothing does up to the highest rate. */
  readonly limit: string | undefined;
}

/** Rates that are tried: each is a tenth more than the one before. */
const rates = Array.from({ length: 76 }, (_, step) => Math.round(5 * 1.1 ** step));
export const highestRate = rates.at(-1) as number;
/** How often DynamoDB splits what is hot, under more load than anybody is answered. */
const splits = 14;
/** Answers lag behind arrivals by their own duration, so a few may be missing. */
const keptUp = 0.98;

/** The highest rate at which calls are answered as fast as they arrive. */
export function ceilingOf(templates: Templates, scenario: Scenario): Ceiling {
  const simulation = new Simulation(newRandom(), start);
  const run = (rate: number) => simulation.try(optionsAt(templates, scenario, rate));
  const atOnce = highest(run);
  const hot = optionsAt(templates, scenario, scenario.splittingRate ?? usualSplittingRate);
  for (let split = 0; split < splits; split++) simulation.next({ ...hot, measuredMs: 300 });
  const later = highest(run);
  return { name: scenario.name, atOnce: atOnce.rate, later: later.rate, limit: causeOf(later.beyond) };
}

interface Tried {
  readonly rate: number;
  /** The lowest rate that was too much. */
  readonly beyond: RoundResult | undefined;
}

function highest(run: (rate: number) => RoundResult): Tried {
  let [low, high] = [-1, rates.length];
  let beyond: RoundResult | undefined;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    const result = run(rates[middle] as number);
    if (result.answered >= keptUp * result.arrived) low = middle;
    else [high, beyond] = [middle, result];
  }
  return { rate: rates[low] ?? 0, beyond };
}

function optionsAt(templates: Templates, { operation, roles }: Scenario, rate: number): RoundOptions {
  const load = loadOf(templates, { callsPerSecond: rate, only: operation, roles });
  // Calls that arrive and calls that are answered differ by chance; over this time by a quarter of what is tolerated.
  return { load, measuredMs: Math.min(6000, 49_000 / Math.sqrt(rate)) };
}

/** The most frequent refusal. */
function causeOf(result: RoundResult | undefined): string | undefined {
  return [...(result?.refusals ?? [])].toSorted(([, one], [, other]) => other - one)[0]?.[0];
}
