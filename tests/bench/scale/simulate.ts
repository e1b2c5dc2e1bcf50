/**
 * Calls against DynamoDB's limits, event by event. A round simulates a second of steady load; between rounds pass the minutes in
 * which DynamoDB splits what is hot, so the last round shows what splitting can reach.
 */
import { pauseMs } from "../../../shared/runtime/retry.ts";
import { EventQueue } from "./event-queue.ts";
import { ask, hasRoom, Partitions, pointOf, type Partition, type Point } from "./partitions.ts";
import { durations, splitSeconds } from "./quotas.ts";
import type { Place } from "./record.ts";
import type { AccessTemplate, Situation, StepTemplate, TableCallTemplate } from "./templates.ts";

/** A call as the load makes it. */
export interface LoadedCall {
  readonly id: string;
  readonly steps: readonly StepTemplate[];
  /** The number of steps that the authorizer takes. */
  readonly authorizerSteps: number;
  readonly roles: Situation["roles"];
  readonly age: number;
}

export interface Load {
  readonly callsPerSecond: number;
  readonly next: (random: () => number, now: number) => LoadedCall;
  /** What follows a call that has written an event. */
  readonly counting?: TableCallTemplate;
}

export interface RoundResult {
  /** Of those that arrived and those that were answered in the same, measured time. */
  readonly arrived: number;
  readonly answered: number;
  /** The 99th percentile of the answered calls, in milliseconds. */
  readonly slowMs: number;
  /** Seconds of Lambda per call, in the authorizer and in the operation. */
  readonly busySeconds: { readonly authorizer: number; readonly operation: number };
  /** Units a second that were used. */
  readonly units: Readonly<Record<Place, { readonly read: number; readonly write: number }>>;
  /** The share of its limit that the hottest partition was asked for. */
  readonly hottest: Readonly<Record<Place, number>>;
  readonly partitions: Readonly<Record<Place, number>>;
  /** How often a call to the table was refused, by the reason and the family of keys. */
  readonly refusals: ReadonlyMap<string, number>;
}

interface RunningCall {
  readonly call: LoadedCall;
  readonly situation: Situation;
  readonly arrivedAt: number;
  readonly isFollowing: boolean;
  step: number;
  attempt: number;
  /** When it began to read what it decides on. */
  readAt: number;
  /** The places of the present step; a retry asks for the same. */
  places: readonly (readonly Placed[])[] | undefined;
  authorizedAt: number;
  eventId: PlacedKey | undefined;
}

type PlacedKey = ReturnType<AccessTemplate["keyFor"]>;

interface Placed {
  readonly template: AccessTemplate;
  readonly point: Point;
  readonly partition: Partition;
}

const spaces: readonly Place[] = ["table", "gsi1", "gsi2"];
/** The load settles before it is measured, in milliseconds. */
const settlingMs = 300;
const deadlineMs = 9250;
/** The stream brings an event to the functions that read it about this much later. */
const streamMs = 200;

export interface RoundOptions {
  readonly load: Load;
  readonly measuredMs?: number;
}

interface RoundSettings extends Required<RoundOptions> {
  readonly random: () => number;
  /** Milliseconds of the epoch at which the round begins. */
  readonly start: number;
}

export class Simulation {
  readonly #random: () => number;
  readonly #start: number;
  readonly #spaces: Readonly<Record<Place, Partitions>> = {
    table: new Partitions(),
    gsi1: new Partitions(),
    gsi2: new Partitions(),
  };
  #rounds = 0;

  /** @param start milliseconds of the epoch at which the first round begins */
  constructor(random: () => number, start: number) {
    this.#random = random;
    this.#start = start;
  }

  /** Simulates a round, which leaves the partitions as they are. */
  try({ load, measuredMs = 1000 }: RoundOptions): RoundResult {
    for (const space of spaces) this.#spaces[space].begin();
    const start = this.#start + this.#rounds * splitSeconds * 1000;
    return new Round({ load, measuredMs, random: this.#random, start }, this.#spaces).run();
  }

  /** Simulates a round, and the minutes after it in which what is hot is split. */
  next({ load, measuredMs = 1000 }: RoundOptions): RoundResult {
    const result = this.try({ load, measuredMs });
    for (const space of spaces) this.#spaces[space].split((measuredMs + settlingMs) / 1000);
    this.#rounds++;
    return result;
  }
}

class Round {
  readonly #options: RoundSettings;
  readonly #spaces: Readonly<Record<Place, Partitions>>;
  readonly #queue = new EventQueue<RunningCall>();
  /** Until when a transaction keeps others from an item. */
  readonly #held = new Map<Point, number>();
  /** When an item was changed. */
  readonly #changed = new Map<Point, number>();
  readonly #refusals = new Map<string, number>();
  readonly #latencies: number[] = [];
  readonly #used = { table: { read: 0, write: 0 }, gsi1: { read: 0, write: 0 }, gsi2: { read: 0, write: 0 } };
  #busy = { authorizer: 0, operation: 0 };

  constructor(options: RoundSettings, partitions: Readonly<Record<Place, Partitions>>) {
    this.#options = options;
    this.#spaces = partitions;
  }

  run(): RoundResult {
    const { load, random, start, measuredMs } = this.#options;
    const end = settlingMs + measuredMs;
    const gapMs = 1000 / load.callsPerSecond;
    let arrived = 0;
    for (let at = 0; at < end; at += gapMs) {
      const arrivedAt = at + random() * gapMs;
      const situationAt = start + arrivedAt;
      const call = load.next(random, arrivedAt);
      const situation = { roles: call.roles, now: situationAt, age: call.age, random };
      this.#queue.add(arrivedAt, begun(call, situation, arrivedAt));
      if (arrivedAt >= settlingMs && arrivedAt < end) arrived++;
    }
    for (let next = this.#queue.take(); next !== undefined && next.at < end; next = this.#queue.take()) {
      this.#advance(next.value, next.at);
    }
    return this.#result(arrived);
  }

  #result(arrived: number): RoundResult {
    const { measuredMs } = this.#options;
    const seconds = (measuredMs + settlingMs) / 1000;
    const sorted = this.#latencies.toSorted((a, b) => a - b);
    const answered = sorted.length;
    const perSecond = (units: { read: number; write: number }) => ({
      read: units.read / seconds,
      write: units.write / seconds,
    });
    const { table, gsi1, gsi2 } = this.#used;
    return {
      arrived,
      answered,
      slowMs: sorted[Math.min(answered - 1, Math.floor(answered * 0.99))] ?? 0,
      busySeconds: {
        authorizer: this.#busy.authorizer / 1000 / Math.max(1, answered),
        operation: this.#busy.operation / 1000 / Math.max(1, answered),
      },
      units: { table: perSecond(table), gsi1: perSecond(gsi1), gsi2: perSecond(gsi2) },
      hottest: bySpace((space) => this.#spaces[space].hottest(seconds)),
      partitions: bySpace((space) => this.#spaces[space].count),
      refusals: this.#refusals,
    };
  }

  /** Does the present step of a call, or ends it. */
  #advance(running: RunningCall, now: number): void {
    const { call, step } = running;
    if (step === call.authorizerSteps) running.authorizedAt = now;
    const calls = call.steps[step];
    if (calls === undefined) {
      this.#end(running, now);
      return;
    }
    if (now - running.arrivedAt > deadlineMs) return;
    running.places ??= calls.map((each) => this.#placesOf(each, running.situation));
    const refusal = this.#refusalOf(calls, running, now);
    if (refusal !== undefined) {
      this.#retry(running, refusal, now);
      return;
    }
    if (step === call.authorizerSteps) running.readAt = now;
    const doneAt = now + this.#perform(calls, running, now) + computing(call, step);
    Object.assign(running, { step: step + 1, attempt: 1, places: undefined });
    this.#queue.add(doneAt, running);
  }

  #placesOf({ accesses }: TableCallTemplate, situation: Situation): readonly Placed[] {
    return accesses.map((template) => {
      const { pk, sk } = template.keyFor(situation);
      const point = pointOf(pk, sk);
      return { template, point, partition: this.#spaces[template.access.place].at(point) };
    });
  }

  #refusalOf(calls: StepTemplate, running: RunningCall, now: number): Refusal | undefined {
    for (const [at, { kind }] of calls.entries()) {
      for (const { template, point, partition } of running.places?.[at] ?? []) {
        const { access, family } = template;
        ask(partition, access, point);
        const name = `${access.place} ${family.name}`;
        if (!hasRoom(partition, access.kind, now)) return { reason: "throttled", name };
        if (kind === "read" || access.place !== "table") continue;
        if ((this.#held.get(point) ?? 0) > now) return { reason: "in conflict", name };
        if (access.isGuarded && (this.#changed.get(point) ?? -1) >= running.readAt) return { reason: "outdated", name };
      }
    }
    return undefined;
  }

  /** @returns how long the calls take, in milliseconds */
  #perform(calls: StepTemplate, running: RunningCall, now: number): number {
    let longest = 0;
    for (const [at, { kind }] of calls.entries()) {
      longest = Math.max(longest, durations[kind]);
      for (const { template, point, partition } of running.places?.[at] ?? []) {
        const { access, family } = template;
        partition.tokens[access.kind] -= access.units;
        this.#used[access.place][access.kind] += access.units;
        if (access.kind === "read" || access.place !== "table") continue;
        if (kind === "transaction") this.#held.set(point, now + durations.hold);
        if (access.isGuarded) this.#changed.set(point, now + durations[kind]);
        if (family.name === "EVENTS#") running.eventId = template.keyFor(running.situation);
      }
    }
    return longest;
  }

  #retry(running: RunningCall, { reason, name }: Refusal, now: number): void {
    const cause = `${name} ${reason}`;
    this.#refusals.set(cause, (this.#refusals.get(cause) ?? 0) + 1);
    const pause = pauseMs(running.attempt++, this.#options.random());
    // The operation reads and decides again.
    if (reason === "outdated") Object.assign(running, { step: running.call.authorizerSteps, places: undefined });
    this.#queue.add(now + durations.read + pause, running);
  }

  #end(running: RunningCall, now: number): void {
    const { call, arrivedAt, situation, isFollowing, authorizedAt } = running;
    if (isFollowing) return;
    const { counting } = this.#options.load;
    if (counting !== undefined && running.eventId !== undefined) {
      const following = { ...call, steps: [[fixed(counting, running.eventId)]], authorizerSteps: 0 };
      this.#queue.add(now + streamMs, { ...begun(following, situation, now + streamMs), isFollowing: true });
    }
    if (now < settlingMs) return;
    this.#latencies.push(now - arrivedAt);
    this.#busy.authorizer += authorizedAt - arrivedAt;
    this.#busy.operation += now - authorizedAt;
  }
}

interface Refusal {
  readonly reason: "throttled" | "in conflict" | "outdated";
  readonly name: string;
}

function begun(call: LoadedCall, situation: Situation, arrivedAt: number): RunningCall {
  return {
    call,
    situation,
    arrivedAt,
    isFollowing: false,
    step: 0,
    attempt: 1,
    readAt: arrivedAt,
    places: undefined,
    authorizedAt: arrivedAt,
    eventId: undefined,
  };
}

/** The computing time that follows the last step of the authorizer, and of the operation. */
function computing({ authorizerSteps, steps }: LoadedCall, step: number): number {
  if (step === authorizerSteps - 1) return durations.authorizer;
  return step === steps.length - 1 ? durations.operation : 0;
}

/** The counting of one event, whose key is known. */
function fixed({ kind, accesses }: TableCallTemplate, key: PlacedKey): TableCallTemplate {
  return { kind, accesses: accesses.map((access) => ({ ...access, keyFor: () => key })) };
}

function bySpace<Value>(valueOf: (space: Place) => Value): Readonly<Record<Place, Value>> {
  return { table: valueOf("table"), gsi1: valueOf("gsi1"), gsi2: valueOf("gsi2") };
}
