/**
 * States an invariant, chooses faults and callers, runs, and says how to repeat a failure: `docs/torture.md`. It runs under
 * Jest and without it.
 */
import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { FaultInjector, type FaultRule, type RuleCount } from "../faults/fault-injector.ts";
import type { HostOptions } from "../../infra/local/host.ts";
import { userFields } from "../support/people.ts";
import type { Answer } from "../support/answer.ts";
import { Portico, type CallOptions } from "../support/portico.ts";

/** A promise of the contract, and the callers that test it. */
export interface Scenario {
  readonly name: string;
  /** The invariant, as a sentence. */
  readonly invariant: string;
  /** Why rules of this kind are excluded; undefined if the scenario supports them. */
  readonly unfit?: (rules: readonly FaultRule[]) => string | undefined;
  /**
   * Prepares a round, without faults.
   *
   * @param callers how many callers to make
   */
  readonly begin: (world: World, callers: number) => Promise<Round>;
}

export interface Round {
  /** They run in parallel under faults. The round fails if one of them throws. */
  readonly callers: readonly (() => Promise<void>)[];
  /** Verifies the invariant without faults; throws if it does not hold. */
  readonly verify: () => Promise<void>;
}

export interface RunOptions {
  readonly scenarios: readonly Scenario[];
  readonly rules: readonly FaultRule[];
  /** The number of callers of each scenario. */
  readonly callers: number;
  readonly seed: number;
}

export interface RunReport {
  readonly counts: readonly RuleCount[];
  /** Answers by status. */
  readonly answers: Readonly<Record<string, number>>;
  /** The number of parallel callers. */
  readonly begun: number;
}

/** The number of retries before the round fails. */
const maxRepetitions = 60;

/** Root's token lives for a quarter of an hour. */
const rootTokenMs = 5 * 60_000;

/** A running Portico with injected faults; records every response that is never allowed. */
export class World {
  readonly portico: Portico;
  readonly faults: FaultInjector;
  /** Violations of the promises that hold for every response, one line each. */
  readonly violations: string[] = [];
  readonly #reports: string[];
  #answers: Record<string, number> = {};
  #root: { readonly token: Promise<string>; readonly at: number } | undefined;
  #colleague: string | undefined;

  private constructor(portico: Portico, faults: FaultInjector, reports: string[]) {
    this.portico = portico;
    this.faults = faults;
    this.#reports = reports;
  }

  /** Starts a host of its own. @param processes how many of one function may run at once */
  static async start(processes: number, options: Partial<HostOptions> = {}): Promise<World> {
    const faults = new FaultInjector();
    const reports: string[] = [];
    const portico = await Portico.start({
      interceptors: [faults.intercept],
      processesPerFunction: processes,
      report: (line) => reports.push(line),
      ...options,
    });
    faults.killWith((functionId) => portico.host.kill(functionId));
    return new World(portico, faults, reports);
  }

  async close(): Promise<void> {
    this.faults.clear();
    await this.portico.close();
  }

  /** One call. Records a response that is never allowed as a violation. */
  async call(method: string, path: string, options?: CallOptions): Promise<Answer> {
    const answer = await this.portico.call(method, path, options);
    const { status, headers, text } = answer;
    this.#answers[status] = (this.#answers[status] ?? 0) + 1;
    const known = status < 500 || status === 503;
    if (!known) this.violations.push(`${method} ${path} was answered ${status}: ${text}`);
    if (status === 503 && !/^\d+$/.test(headers.get("retry-after") ?? "")) {
      this.violations.push(`${method} ${path} was answered 503 without retry-after: ${text}`);
    }
    return answer;
  }

  /**
   * Repeats a call until its answer is one of the contract's: neither 503 nor `request_in_progress`. For calls with an
   * idempotency key, and for those that may happen twice.
   *
   * @throws Error when 60 repetitions got none
   */
  async persist(method: string, path: string, options?: CallOptions): Promise<Answer> {
    for (let repetition = 0; repetition < maxRepetitions; repetition++) {
      const answer = await this.call(method, path, options);
      if (answer.status !== 503 && answer.body?.code !== "request_in_progress") return answer;
    }
    throw new Error(`${method} ${path} got no answer in ${maxRepetitions} repetitions`);
  }

  /** The next call of `rootToken` signs in: sessions that scenarios begin as root may have ended the earlier one. */
  forgetRootToken(): void {
    this.#root = undefined;
  }

  /** An access token of the root user. */
  async rootToken(): Promise<string> {
    // Callers at the same moment share one sign-in: a session each would exceed the maximum, which ends the oldest.
    if (this.#root === undefined || Date.now() - this.#root.at > rootTokenMs) {
      const signIn = this.call("POST", "/v1/auth/login", { json: this.portico.host.rootSignIn });
      this.#root = { token: signIn.then(({ body }) => body.accessToken as string), at: Date.now() };
    }
    return await this.#root.token;
  }

  /** The username of a user whom root can start threads with, always the same. */
  async colleague(): Promise<string> {
    if (this.#colleague === undefined) {
      const json = userFields();
      const { status, body, text } = await this.call("POST", "/v1/users", { token: await this.rootToken(), json });
      assert.equal(status, 201, text);
      this.#colleague = body.username as string;
    }
    return this.#colleague;
  }

  /** A new partner with a token. */
  async partner(): Promise<{ readonly id: string; readonly secret: string; readonly token: string }> {
    const { status, body, text } = await this.call("POST", "/v1/partners", {
      token: await this.rootToken(),
      json: {
        name: "Blue Bicycle",
        websiteUrl: "https://bluebicycle.example",
        email: `${crypto.randomUUID()}@a.example`,
      },
    });
    assert.equal(status, 201, text);
    const partner = { id: body.id as string, secret: body.clientSecret as string };
    return { ...partner, token: await this.portico.partnerToken(partner) };
  }

  /** Responses since the last call of this method, by status. */
  takeAnswers(): Readonly<Record<string, number>> {
    const answers = this.#answers;
    this.#answers = {};
    return answers;
  }

  /** Other failures since the last call of this method: a crashed process, a logged bug. */
  takeTrouble({ killing }: { readonly killing: boolean }): readonly string[] {
    const bugs = this.portico.logs.splice(0).filter((line) => line.includes('"internal_error"'));
    const reports = this.#reports.splice(0).filter((line) => !killing || !line.includes("signal SIGKILL"));
    return [...this.violations.splice(0), ...bugs, ...reports.filter((line) => !isDependencyFailure(line))];
  }
}

/** The authorizer causes 503 by throwing, which the host reports; this is expected. */
function isDependencyFailure(line: string): boolean {
  return line.endsWith("authorizer: Problem: unavailable");
}

/** A failed run, with everything needed to repeat it. */
export class TortureFailure extends Error {
  override readonly name = "TortureFailure";
}

/**
 * Runs scenarios side by side under faults and verifies them when the faults are over.
 *
 * @throws TortureFailure with the seed, when an invariant or a promise that holds for every answer is broken
 */
export async function torture(world: World, { scenarios, rules, callers, seed }: RunOptions): Promise<RunReport> {
  const fit = scenarios.filter(({ unfit }) => unfit?.(rules) === undefined);
  const failures: string[] = [];
  const attempt = async (name: string, act: () => Promise<unknown>): Promise<void> => {
    await act().catch((error: unknown) => failures.push(`${name}: ${messageOf(error)}`));
  };
  world.forgetRootToken();
  const rounds = await Promise.all(fit.map(async ({ name, begin }) => ({ name, ...(await begin(world, callers)) })));
  world.takeAnswers();
  world.faults.replace(rules, seed);
  const begun = rounds.flatMap(({ name, callers: acts }) => acts.map((act) => attempt(name, act)));
  await Promise.all(begun);
  const counts = world.faults.clear();
  const answers = world.takeAnswers();
  await Promise.all(rounds.map(({ name, verify }) => attempt(name, verify)));
  failures.push(...world.takeTrouble({ killing: rules.some(({ fault }) => fault.kind === "kill") }));
  if (failures.length > 0) {
    const broken = fit.filter(({ name }) => failures.some((failure) => failure.startsWith(`${name}:`)));
    throw new TortureFailure(
      [
        `seed ${seed}, ${callers} callers, faults ${JSON.stringify(rules)}`,
        `to repeat it: PORTICO_TORTURE_SEED=${seed} for tests, --seed ${seed} for npm run torture`,
        ...broken.map(({ name, invariant }) => `broken: ${name}: ${invariant}`),
        ...failures,
        `fired: ${JSON.stringify(counts.map(({ matched, fired }) => `${fired} of ${matched}`))}, answers: ${JSON.stringify(answers)}`,
      ].join("\n"),
    );
  }
  return { counts, answers, begun: begun.length };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** The seed of this run of the tests: `PORTICO_TORTURE_SEED`, or a random one. */
export function seedOfRun(): number {
  const given = process.env.PORTICO_TORTURE_SEED;
  if (given === undefined) return randomInt(2 ** 32);
  if (!/^\d{1,10}$/.test(given)) throw new Error(`PORTICO_TORTURE_SEED is ${given}, and should be a whole number`);
  return Number(given);
}
