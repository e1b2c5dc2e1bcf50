/** Metrics as CloudWatch keeps them: samples by namespace, name and exact dimensions, at simulated times. */

/** A metric by all that identifies it. */
export interface MetricId {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
}

interface Sample {
  /** Seconds of the simulated clock. */
  readonly at: number;
  readonly value: number;
  /** How many samples of this value it stands for. */
  readonly times: number;
}

/** Numbers that may appear as a statistic of CloudWatch. */
const statistics: Readonly<Record<string, (samples: readonly Sample[]) => number>> = {
  Sum: (samples) => samples.reduce((sum, { value, times }) => sum + value * times, 0),
  Maximum: (samples) => Math.max(...samples.map(({ value }) => value)),
  SampleCount: countOf,
};

function countOf(samples: readonly Sample[]): number {
  return samples.reduce((sum, { times }) => sum + times, 0);
}

export class MetricStore {
  readonly #samples = new Map<string, Sample[]>();

  /** @param times how many samples of this value to keep */
  put({ namespace, name, dimensions }: MetricId, value: number, at: number, times = 1): void {
    const key = keyOf(namespace, name, dimensions);
    const samples = this.#samples.get(key) ?? [];
    samples.push({ at, value, times });
    this.#samples.set(key, samples);
  }

  /** Takes the metrics out of a log line in the embedded metric format; other lines have none. */
  ingest(line: string, at: number, times = 1): void {
    for (const { metric, value } of embeddedMetrics(line)) this.put(metric, value, at, times);
  }

  /** A statistic over the time after `from` up to `to`; undefined where there is no sample. */
  statistic(
    { namespace, name, dimensions }: MetricId,
    statistic: string,
    from: number,
    to: number,
  ): number | undefined {
    const samples = this.#samples.get(keyOf(namespace, name, dimensions)) ?? [];
    const within = samples.filter(({ at }) => at > from && at <= to);
    if (within.length === 0) return undefined;
    const [, bound] = /^PR\(:(\d+)\)$/.exec(statistic) ?? [];
    if (bound !== undefined) {
      return (100 * countOf(within.filter(({ value }) => value <= Number(bound)))) / countOf(within);
    }
    const compute = statistics[statistic];
    if (compute === undefined) throw new Error(`the simulator does not know the statistic ${statistic}`);
    return compute(within);
  }
}

function keyOf(namespace: string, name: string, dimensions: Readonly<Record<string, string>>): string {
  return JSON.stringify([namespace, name, Object.entries(dimensions).sort()]);
}

interface Directive {
  readonly Namespace: string;
  readonly Dimensions: readonly (readonly string[])[];
  readonly Metrics: readonly { readonly Name: string }[];
}

/** The metrics that CloudWatch takes out of a line; a metric or dimension that the line lacks makes no metric. */
function embeddedMetrics(line: string): readonly { readonly metric: MetricId; readonly value: number }[] {
  if (!line.includes('"_aws"')) return [];
  const record = JSON.parse(line) as Record<string, unknown> & {
    readonly _aws: { readonly CloudWatchMetrics: readonly Directive[] };
  };
  return record._aws.CloudWatchMetrics.flatMap(({ Namespace, Dimensions, Metrics }) =>
    Dimensions.flatMap((names) => {
      const pairs = names.map((name) => [name, record[name]] as const);
      if (pairs.some(([, value]) => typeof value !== "string")) return [];
      const dimensions = Object.fromEntries(pairs) as Record<string, string>;
      return Metrics.flatMap(({ Name }) => {
        const value = record[Name];
        return typeof value === "number" ? [{ metric: { namespace: Namespace, name: Name, dimensions }, value }] : [];
      });
    }),
  );
}
