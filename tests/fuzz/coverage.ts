/** Which blocks of the code under test ran, from V8's precise coverage: no instrumentation and no native module. */
import { Session } from "node:inspector/promises";

type Interval = readonly [start: number, end: number];

/** The functions that ran, each with the parts of it that did not. */
export type Snapshot = ReadonlyMap<string, readonly Interval[]>;

export class Coverage {
  readonly #session = new Session();
  readonly #covers: (url: string) => boolean;

  /** @param covers whether the functions of a script count */
  constructor(covers: (url: string) => boolean) {
    this.#covers = covers;
  }

  async start(): Promise<void> {
    this.#session.connect();
    await this.#session.post("Profiler.enable");
    await this.#session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
  }

  /** What ran since the last call. */
  async take(): Promise<Snapshot> {
    const { result } = await this.#session.post("Profiler.takePreciseCoverage");
    const snapshot = new Map<string, readonly Interval[]>();
    for (const { scriptId, url, functions } of result) {
      if (!this.#covers(url)) continue;
      for (const { ranges } of functions) {
        const [whole] = ranges;
        if (whole === undefined || whole.count === 0) continue;
        const idle = ranges.filter(({ count }) => count === 0);
        snapshot.set(
          `${scriptId}:${whole.startOffset}-${whole.endOffset}`,
          idle.map(({ startOffset, endOffset }) => [startOffset, endOffset]),
        );
      }
    }
    return snapshot;
  }

  async stop(): Promise<void> {
    await this.#session.post("Profiler.stopPreciseCoverage");
    this.#session.disconnect();
  }
}

/** What has run so far. V8 says which parts of a function did not run, so those are kept that no run has reached. */
export class Frontier {
  readonly #unreached = new Map<string, readonly Interval[]>();

  /** Adds what ran. @returns whether any of it had not run before */
  extend(snapshot: Snapshot): boolean {
    let isNew = false;
    for (const [name, idle] of snapshot) {
      const before = this.#unreached.get(name);
      const after = before === undefined ? idle : intersection(before, idle);
      if (before !== undefined && lengthOf(after) === lengthOf(before)) continue;
      this.#unreached.set(name, after);
      isNew = true;
    }
    return isNew;
  }

  /** Whether the snapshot has something that has not run before. */
  isExtendedBy(snapshot: Snapshot): boolean {
    return [...snapshot].some(([name, idle]) => {
      const before = this.#unreached.get(name);
      return before === undefined || lengthOf(intersection(before, idle)) < lengthOf(before);
    });
  }

  get functions(): number {
    return this.#unreached.size;
  }
}

function intersection(some: readonly Interval[], others: readonly Interval[]): readonly Interval[] {
  return some.flatMap(([start, end]) =>
    others.map(([from, to]): Interval => [Math.max(start, from), Math.min(end, to)]).filter(([from, to]) => from < to),
  );
}

const lengthOf = (intervals: readonly Interval[]): number =>
  intervals.reduce((sum, [start, end]) => sum + end - start, 0);
