/** Evaluates a template's alarms every simulated minute, and notes which of them ring at whom. */
import type { ResolvedResource } from "../../infra/local/template/intrinsics.ts";
import { evaluate, type Value } from "./expressions.ts";
import type { MetricId, MetricStore } from "./metrics.ts";

interface MetricQuery {
  readonly id: string;
  readonly metric: MetricId;
  readonly statistic: string;
  readonly period: number;
}

interface Alarm {
  readonly name: string;
  /** ARNs of topics; none for a part of another alarm. */
  readonly actions: readonly string[];
  readonly isAlarming: (at: number, states: ReadonlyMap<string, boolean>) => boolean;
  readonly suppressor: { readonly name: string; readonly wait: number; readonly extension: number } | undefined;
}

/** One message to a topic. */
export interface Ring {
  readonly minute: number;
  readonly alarm: string;
  readonly severity: string;
}

type Properties = any;

export class Bell {
  readonly rings: Ring[] = [];
  readonly #alarms: readonly Alarm[];
  readonly #states = new Map<string, boolean>();
  /** Composite alarms that have begun to alarm and have not rung yet, and since when. */
  readonly #waiting = new Map<string, number>();
  /** When an alarm was last in the state ALARM. */
  readonly #lastAlarm = new Map<string, number>();
  readonly #prefix: string;
  #minute = 0;

  /** @param prefix what the names of alarms begin with, and the topics' before their severity: `Portico-local-` */
  constructor(resources: readonly ResolvedResource[], store: MetricStore, prefix: string) {
    this.#prefix = prefix;
    const metricAlarms = ofType(resources, "AWS::CloudWatch::Alarm").map((alarm) => metricAlarm(alarm, store));
    const composites = ofType(resources, "AWS::CloudWatch::CompositeAlarm").map(compositeAlarm);
    this.#alarms = [...metricAlarms, ...composites];
  }

  get minute(): number {
    return this.#minute;
  }

  /** Lets time pass, and evaluates every alarm at the end of each minute. */
  advance(minutes: number): void {
    for (let passed = 0; passed < minutes; passed++) {
      this.#minute++;
      const at = this.#minute * 60;
      const before = new Map(this.#states);
      // Parts come first; a composite that names a composite sees it one minute later at most.
      for (const alarm of this.#alarms) {
        this.#states.set(alarm.name, alarm.isAlarming(at, this.#states));
        if (this.#states.get(alarm.name)) this.#lastAlarm.set(alarm.name, at);
      }
      for (const alarm of this.#alarms) this.#act(alarm, before.get(alarm.name) ?? false, at);
    }
  }

  /** Names of the alarms that have an action. */
  get acting(): readonly string[] {
    return this.#alarms
      .filter(({ actions }) => actions.length > 0)
      .map(({ name }) => this.#short(name))
      .sort();
  }

  #act(alarm: Alarm, before: boolean, at: number): void {
    if (this.#states.get(alarm.name) !== true) {
      this.#waiting.delete(alarm.name);
      return;
    }
    if (!before) this.#waiting.set(alarm.name, at);
    const since = this.#waiting.get(alarm.name);
    if (since === undefined) return;
    if (alarm.suppressor !== undefined) {
      const { name, wait, extension } = alarm.suppressor;
      const suppressedUntil = (this.#lastAlarm.get(name) ?? -Infinity) + extension;
      if (at - since < wait || at <= suppressedUntil) return;
    }
    this.#waiting.delete(alarm.name);
    for (const topic of alarm.actions) {
      const severity = this.#short(topic.slice(topic.lastIndexOf(":") + 1));
      this.rings.push({ minute: this.#minute, alarm: this.#short(alarm.name), severity });
    }
  }

  #short(name: string): string {
    return name.startsWith(this.#prefix) ? name.slice(this.#prefix.length) : name;
  }
}

function ofType(resources: readonly ResolvedResource[], type: string): readonly Properties[] {
  return resources.filter((resource) => resource.type === type).map(({ properties }) => properties);
}

const comparisons: Readonly<Record<string, (value: number, threshold: number) => boolean>> = {
  GreaterThanThreshold: (value, threshold) => value > threshold,
  LessThanThreshold: (value, threshold) => value < threshold,
};

/** Whether a period without data counts as one that is wrong. */
const treatments: Readonly<Record<string, boolean>> = { breaching: true, notBreaching: false };

function metricAlarm(alarm: Properties, store: MetricStore): Alarm {
  const queries = queriesOf(alarm);
  const expression = alarm.Metrics?.find(({ ReturnData }: Properties) => ReturnData)?.Expression ?? queries[0]?.id;
  const compare = comparisons[alarm.ComparisonOperator];
  const missing = treatments[alarm.TreatMissingData];
  if (compare === undefined) throw new Error(`${alarm.AlarmName}: unknown comparison`);
  if (missing === undefined) throw new Error(`${alarm.AlarmName}: unknown treatment of missing data`);
  const [{ period }] = queries as [MetricQuery];
  const valueAt = (end: number): Value =>
    evaluate(expression, (id) => {
      const query = queries.find((one) => one.id === id);
      if (query === undefined) throw new Error(`${alarm.AlarmName}: ${id} is no metric of it`);
      return store.statistic(query.metric, query.statistic, end - query.period, end);
    });
  return {
    name: alarm.AlarmName,
    actions: alarm.AlarmActions ?? [],
    suppressor: undefined,
    isAlarming: (at) =>
      Array.from({ length: alarm.EvaluationPeriods }, (_, index) => valueAt(at - index * period)).every((value) =>
        value === undefined ? missing : compare(value, alarm.Threshold),
      ),
  };
}

function queriesOf(alarm: Properties): readonly MetricQuery[] {
  const metricOf = ({ Namespace, MetricName, Dimensions = [] }: Properties): MetricId => ({
    namespace: Namespace,
    name: MetricName,
    dimensions: Object.fromEntries(Dimensions.map(({ Name, Value }: Properties) => [Name, Value])),
  });
  if (alarm.Metrics === undefined) {
    return [{ id: "m0", metric: metricOf(alarm), statistic: alarm.Statistic, period: alarm.Period }];
  }
  return alarm.Metrics.filter(({ MetricStat }: Properties) => MetricStat !== undefined).map(
    ({ Id, MetricStat }: Properties) => ({
      id: Id,
      metric: metricOf(MetricStat.Metric),
      statistic: MetricStat.Stat,
      period: MetricStat.Period,
    }),
  );
}

function compositeAlarm(alarm: Properties): Alarm {
  const { AlarmName: name, AlarmRule: rule, AlarmActions: actions = [], ActionsSuppressor } = alarm;
  return {
    name,
    actions,
    suppressor:
      ActionsSuppressor === undefined
        ? undefined
        : {
            name: ActionsSuppressor,
            wait: alarm.ActionsSuppressorWaitPeriod,
            extension: alarm.ActionsSuppressorExtensionPeriod,
          },
    isAlarming: (_at, states) =>
      evaluate(rule, (part) => {
        const state = states.get(part);
        if (state === undefined) throw new Error(`${name} names ${part}, which is no alarm`);
        return Number(state);
      }) === 1,
  };
}
