/**
 * Alarms on the service level objectives. A burn rate of 1 spends the error budget of 30 days in 30 days; a rate of
 * 14.4 spends it in two days. Each alarm has two windows: the long one shows that the failure matters, the short one
 * that it continues.
 */
import type { Stage } from "../../stages/stage.ts";
import type { AlarmDeclaration, CompositeAlarm, MetricAlarm, MetricSource } from "./alarm-declarations.ts";
import { gatewayMetric } from "./metric-sources.ts";

interface Window {
  readonly name: string;
  readonly seconds: number;
}
interface Burn {
  readonly rate: number;
  readonly long: Window;
  readonly short: Window;
}

const window = (name: string, seconds: number): Window => ({ name, seconds });

/** Spends 2 % of the budget in an hour, or 5 % in six. */
const paging: readonly [Burn, Burn] = [
  { rate: 14.4, long: window("1h", 3600), short: window("5m", 300) },
  { rate: 6, long: window("6h", 21_600), short: window("30m", 1800) },
];
/** Spends 10 % of the budget in three days. */
const creeping: Burn = { rate: 1, long: window("3d", 259_200), short: window("6h", 21_600) };

interface Objective {
  readonly name: string;
  readonly bad: string;
  /** Share of calls that may fail the objective. */
  readonly budget: number;
  readonly metrics: Readonly<Record<string, MetricSource>>;
  /** Metric math for the number of bad calls and of all calls. */
  readonly badCalls: string;
}

/** Names of the alarms that page. */
const [failing, slow] = ["availability", "latency"] as const;

/** The alarms of both objectives of a stage. */
export function objectiveAlarms(stage: Stage): readonly AlarmDeclaration[] {
  const { availability, latency } = stage.operations.objectives;
  const { withinMs } = latency;
  return [
    ...alarmsOf(stage, {
      name: failing,
      bad: "calls end in a 5xx",
      budget: 1 - availability,
      metrics: { calls: gatewayMetric(stage, "Count"), failed: gatewayMetric(stage, "5XXError") },
      badCalls: "failed",
    }),
    ...alarmsOf(stage, {
      name: slow,
      bad: `calls take longer than ${withinMs} ms`,
      budget: 1 - latency.share,
      metrics: {
        calls: gatewayMetric(stage, "Count"),
        within: gatewayMetric(stage, "Latency", `PR(:${withinMs})`),
      },
      badCalls: "calls * (100 - within) / 100",
    }),
  ];
}

function alarmsOf(stage: Stage, objective: Objective): readonly AlarmDeclaration[] {
  const parts = [...paging, creeping].flatMap((burn) => [
    windowAlarm(objective, burn, burn.long, stage.operations.objectives.minBadCalls),
    windowAlarm(objective, burn, burn.short, 1),
  ]);
  const common = { kind: "composite", runbook: objective.name } as const;
  const group = (burn: Burn): readonly string[] => [burn.long, burn.short].map((of) => windowName(objective, burn, of));
  const page: CompositeAlarm = {
    ...common,
    name: objective.name,
    severity: "page",
    means: `So many ${objective.bad} that the error budget of a month lasts for days only.`,
    anyGroup: paging.map(group),
    // Calls that fail after a timeout are slow, too, and one page is enough.
    ...(objective.name !== failing && {
      suppressedBy: { name: failing, waitSeconds: 180, extensionSeconds: paging[1].short.seconds },
    }),
  };
  const ticket: CompositeAlarm = {
    ...common,
    name: `${objective.name}-budget`,
    severity: "ticket",
    means: `For three days more ${objective.bad} than the objective allows.`,
    anyGroup: [group(creeping)],
    // A failure that has paged stays in the six-hour window and would ring again.
    suppressedBy: { name: objective.name, waitSeconds: 300, extensionSeconds: creeping.short.seconds },
  };
  return [...parts, page, ticket];
}

const windowName = ({ name }: Objective, { rate }: Burn, { name: length }: Window): string =>
  `${name}-${length}-at-${String(rate).replace(".", "-")}`;

function windowAlarm(objective: Objective, burn: Burn, of: Window, minBadCalls: number): MetricAlarm {
  const { badCalls, budget, metrics, bad } = objective;
  const above = Number((burn.rate * budget).toFixed(6));
  return {
    kind: "metric",
    name: windowName(objective, burn, of),
    means: `More than ${(above * 100).toFixed(2)} % of the ${bad} within ${of.name}.`,
    runbook: objective.name,
    metrics,
    // Without a minimum, one failed call out of ten at night would ring.
    expression: `IF(${badCalls} >= ${minBadCalls}, (${badCalls}) / calls, 0)`,
    periodSeconds: of.seconds,
    above,
  };
}
