/** Who calls: partners of very different sizes, and people. Seeded, so that every run gives the same figures. */
import { maxPieces } from "../../../shared/coupons/model.ts";
import { leaseMs } from "../../../shared/limits/model.ts";
import { mulberry32 } from "../../faults/fault-injector.ts";
import { durations } from "./quotas.ts";
import type { Load, LoadedCall } from "./simulate.ts";
import type { CallTemplate, Situation, StepTemplate, Templates } from "./templates.ts";

export const seed = 20_261_120;
/** Milliseconds of the epoch at which the simulated time begins. */
export const start = Date.UTC(2026, 10, 20, 12);

export const population = {
  partners: 1000,
  externalUsers: 10_000,
  users: 100_000,
  coupons: 20,
  threads: 10_000,
} as const;

const dayMs = 86_400_000;

/** Sampling by Zipf's law with the exponent 1: the n-th partner has a share of 1/n of the first one's. */
function zipf(count: number): (random: () => number) => number {
  let sum = 0;
  const sums = Array.from({ length: count }, (_, index) => (sum += 1 / (index + 1)));
  return (random) => {
    const drawn = random() * sum;
    let [low, high] = [0, count - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((sums[middle] as number) < drawn) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}

/** The share of the calls that the largest partner makes. */
export const largestShare =
  1 / Array.from({ length: population.partners }, (_, index) => 1 / (index + 1)).reduce((sum, share) => sum + share, 0);

const partnerRank = zipf(population.partners);
const couponRank = zipf(population.coupons);
const named = (prefix: string, number: number): string => `${prefix}${String(number).padStart(26, "0")}`;
const below = (count: number, random: () => number): number => Math.floor(random() * count);

/** The ids of a call by somebody. */
export function anybody(random: () => number): Record<string, string> {
  return {
    partnerId: named("ptr_", partnerRank(random)),
    userId: named("usr_", below(population.users, random)),
    externalUserId: `customer-${below(population.externalUsers, random)}`,
    couponId: named("cpn_", couponRank(random)),
    codeHash: String(couponRank(random)),
    threadId: named("thr_", below(population.threads, random)),
    idempotencyKey: String(random()),
    pieces: String(maxPieces),
  };
}

/** How often a process asks for what it keeps for its partners, in milliseconds. */
const renewalsMs: Readonly<Record<string, number>> = {
  "LIMITS#": leaseMs({ requestsPerSecond: 5000, burst: 50_000, requestsPerMonth: 999_999_999 }),
  "USAGE#": 5000,
  "USAGE#ALL#": 5000,
  "SIGNING-KEYS": 60_000,
};
/** Kept once for each process, not for each partner that it serves. */
const ofTheProcess = new Set(["SIGNING-KEYS", "USAGE#ALL#"]);

/** What the processes of the authorizer remember. A renewal is due at a random moment at first. */
class Processes {
  readonly #count: number;
  readonly #renewals: Templates["renewals"];
  readonly #due = new Map<string, number>();

  constructor(callsPerSecond: number, renewals: Templates["renewals"]) {
    this.#count = Math.max(1, Math.ceil((callsPerSecond * (durations.authorizer + durations.read)) / 1000));
    this.#renewals = renewals;
  }

  /** What a call of a partner asks for besides. */
  renewalsOf(partnerId: string, random: () => number, now: number): StepTemplate {
    const process = below(this.#count, random);
    return [...this.#renewals].flatMap(([name, call]) => {
      const every = renewalsMs[name] as number;
      const what = `${process} ${name} ${ofTheProcess.has(name) ? "" : partnerId}`;
      const due = this.#due.get(what) ?? random() * every;
      this.#due.set(what, due > now ? due : now + every);
      return due > now ? [] : [call];
    });
  }
}

export interface LoadOptions {
  readonly callsPerSecond: number;
  /** Only this operation; otherwise all, by their shares. */
  readonly only?: string;
  /** Ids that differ from those of anybody. */
  readonly roles?: (random: () => number) => Record<string, string>;
}

/** @throws Error for a renewal whose interval is not known, or an operation that is not recorded */
export function loadOf(templates: Templates, { callsPerSecond, only, roles = anybody }: LoadOptions): Load {
  for (const name of templates.renewals.keys()) {
    if (!(name in renewalsMs)) throw new Error(`how often the authorizer asks for ${name} is not known`);
  }
  const calls = templates.calls.filter(({ id }) => only === undefined || id === only);
  const shares = calls.reduce((sum, { share }) => sum + share, 0);
  if (calls.length === 0) throw new Error(`${only} is not recorded`);
  const processes = new Processes(callsPerSecond, templates.renewals);
  let created = 0;
  return {
    callsPerSecond,
    counting: templates.counting,
    next: (random, now) => {
      const template = drawn(calls, random() * shares);
      const ids = { ...anybody(random), ...roles(random) };
      const isCreation = template.id === "subscriptions.create";
      const externalUserId = isCreation ? `new-${++created}-${below(1e9, random)}` : ids["externalUserId"];
      const callerId = (template.caller === "partner" ? ids["partnerId"] : ids["userId"]) ?? "";
      const renewals = template.caller === "partner" ? processes.renewalsOf(callerId, random, now) : [];
      return loaded(
        { template, templates, renewals },
        {
          roles: { ...ids, callerId, ...(externalUserId !== undefined && { externalUserId }) },
          age: isCreation ? 0 : below(30 * dayMs, random),
        },
      );
    },
  };
}

function drawn(calls: readonly CallTemplate[], at: number): CallTemplate {
  let sum = 0;
  return calls.find(({ share }) => (sum += share) > at) ?? (calls.at(-1) as CallTemplate);
}

interface Composed {
  readonly template: CallTemplate;
  readonly templates: Templates;
  readonly renewals: StepTemplate;
}

function loaded({ template, templates, renewals }: Composed, who: Pick<Situation, "roles" | "age">): LoadedCall {
  const { id, caller, steps } = template;
  const [first = [], ...rest] = templates.authorizer;
  // Renewals are sent beside the read of the principal.
  const authorizer = caller === undefined ? [] : [renewals.length === 0 ? first : [...first, ...renewals], ...rest];
  return { id, steps: [...authorizer, ...steps], authorizerSteps: authorizer.length, ...who };
}

export const newRandom = (): (() => number) => mulberry32(seed);
