/** How an alarm is declared: data from which the alarms, the dashboard, the costs and the tests are made. */
import type { Severity } from "./alarm-channels.ts";

/** One metric as CloudWatch names it. */
export interface MetricSource {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
  /** `Sum`, `Maximum`, or a percentile rank such as `PR(:1000)`. */
  readonly statistic: string;
}

/** A page of `docs/runbooks`, without its ending. */
export type Runbook = string;

interface Named {
  /** Behind the name of the API: `Portico-prod-<name>`. */
  readonly name: string;
  /** What is wrong while it rings, as one sentence. */
  readonly means: string;
  readonly runbook: Runbook;
}

/** An alarm on metrics. It rings by itself if it has a severity, and else is a part of composite alarms. */
export interface MetricAlarm extends Named {
  readonly kind: "metric";
  readonly severity?: Severity;
  readonly metrics: Readonly<Record<string, MetricSource>>;
  /** Metric math over the metrics' names. Left out where the only metric itself is watched. */
  readonly expression?: string;
  readonly periodSeconds: number;
  /** Rings when the value is above it … */
  readonly above: number;
  /** … in this many periods in a row. Default 1. */
  readonly periods?: number;
}

/** An alarm on alarms: any of them, or any group of which all ring. */
export interface CompositeAlarm extends Named {
  readonly kind: "composite";
  readonly severity: Severity;
  /** Rings when all alarms of any of these groups ring. */
  readonly anyGroup: readonly (readonly string[])[];
  /** Stays silent while this alarm rings, which tells the same, and for some time afterwards. */
  readonly suppressedBy?: { readonly name: string; readonly waitSeconds: number; readonly extensionSeconds: number };
}

export type AlarmDeclaration = MetricAlarm | CompositeAlarm;

/** An alarm on a count: rings when more than `above` are counted in a period. */
export function countAlarm(
  alarm: Omit<MetricAlarm, "kind" | "expression" | "metrics"> & { readonly count: readonly MetricSource[] },
): MetricAlarm {
  const { count, ...rest } = alarm;
  const metrics = Object.fromEntries(count.map((source, index) => [`m${index}`, source]));
  if (count.length === 1) return { ...rest, kind: "metric", metrics };
  // A metric without data would make the sum have none.
  const expression = Object.keys(metrics)
    .map((name) => `FILL(${name}, 0)`)
    .join(" + ");
  return { ...rest, kind: "metric", metrics, expression };
}
