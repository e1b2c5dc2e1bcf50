/** Types of alarm declarations. Alarms, dashboard, costs and tests are generated from the declarations. */
import type { Severity } from "./alarm-channels.ts";

/** One metric as CloudWatch names it. */
export interface MetricSource {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
  /** `Sum`, `Maximum`, or a percentile rank such as `PR(:1000)`. */
  readonly statistic: string;
}

/** A page of `docs/runbooks`, without its extension. */
export type Runbook = string;

interface Named {
  /** Suffix of the alarm's name: `Portico-prod-<name>`. */
  readonly name: string;
  /** What is wrong while the alarm rings, in one sentence. */
  readonly means: string;
  readonly runbook: Runbook;
}

interface OnMetrics extends Named {
  readonly kind: "metric";
  readonly severity?: Severity;
  readonly metrics: Readonly<Record<string, MetricSource>>;
  /** Metric math over the metrics' names. Absent: the alarm watches its only metric. */
  readonly expression?: string;
  readonly periodSeconds: number;
  /** How many consecutive periods must be outside of the threshold. Default 1. */
  readonly periods?: number;
}

/** The alarm rings when the value is above the threshold. Missing data does not ring. */
interface Above extends OnMetrics {
  readonly above: number;
  readonly below?: undefined;
}

/** The alarm rings when the value is below the threshold, or when data is missing. */
interface Below extends OnMetrics {
  readonly below: number;
  readonly above?: undefined;
}

/** An alarm on metrics. With a severity it notifies; without one it is only part of composite alarms. */
export type MetricAlarm = Above | Below;

/** A composite alarm. */
export interface CompositeAlarm extends Named {
  readonly kind: "composite";
  /** Absent: it only suppresses another alarm. */
  readonly severity?: Severity;
  /** The alarm rings when all alarms of at least one group ring. */
  readonly anyGroup: readonly (readonly string[])[];
  /** The alarm is suppressed while this alarm rings, which reports the same failure, and for some time afterwards. */
  readonly suppressedBy?: { readonly name: string; readonly waitSeconds: number; readonly extensionSeconds: number };
}

export type AlarmDeclaration = MetricAlarm | CompositeAlarm;

/** An alarm on a count: it rings when the count in a period is above `above`. */
export function countAlarm(
  alarm: Omit<Above, "kind" | "expression" | "metrics"> & { readonly count: readonly MetricSource[] },
): Above {
  const { count, ...rest } = alarm;
  const metrics = Object.fromEntries(count.map((source, index) => [`m${index}`, source]));
  if (count.length === 1) return { ...rest, kind: "metric", metrics };
  // Without FILL, one metric without data would leave the sum without data.
  const expression = Object.keys(metrics)
    .map((name) => `FILL(${name}, 0)`)
    .join(" + ");
  return { ...rest, kind: "metric", metrics, expression };
}
