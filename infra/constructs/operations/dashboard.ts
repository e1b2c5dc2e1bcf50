/**
 * The dashboard that shows within ten seconds whether Portico, AWS or one partner is the cause. Objectives and alarms
 * are on top, then the signs of each of the three, then every cause with the threshold of its alarm, from the same
 * declarations.
 */
import { Duration, Stack } from "aws-cdk-lib";
import {
  Alarm,
  AlarmStatusWidget,
  Dashboard,
  GraphWidget,
  type HorizontalAnnotation,
  LogQueryVisualizationType,
  LogQueryWidget,
  MathExpression,
  Metric,
  SingleValueWidget,
  TextWidget,
  type IMetric,
  type IWidget,
} from "aws-cdk-lib/aws-cloudwatch";
import { Construct } from "constructs";
import { metricNamespace, serviceNameOf, type MetricName } from "../../../shared/runtime/log.ts";
import type { Stage } from "../../stages/stage.ts";
import { apiNameOf, logGroupNameOf } from "../names.ts";
import { alarmNameOf } from "./alarms.ts";
import type { AlarmDeclaration, MetricAlarm, MetricSource } from "./alarm-declarations.ts";
import { gatewayMetric } from "./metric-sources.ts";
import { topTalkers } from "./saved-queries.ts";

/** A row of the dashboard grid. */
const fullWidth = 24;
const height = 6;

interface OperationsDashboardProps {
  readonly stage: Stage;
  readonly declarations: readonly AlarmDeclaration[];
}

export class OperationsDashboard extends Construct {
  readonly #stage: Stage;

  constructor(scope: Construct, id: string, { stage, declarations }: OperationsDashboardProps) {
    super(scope, id);
    this.#stage = stage;
    const dashboard = new Dashboard(this, "Dashboard", { dashboardName: apiNameOf(stage) });
    const rows: readonly (readonly IWidget[])[] = [
      [text(`# Portico ${stage.name}\nA red alarm names its runbook.`)],
      [this.#alarmStates(declarations), ...this.#objectives()],
      [text("## Is it us, AWS or one partner?")],
      [this.#us(), this.#aws(), this.#partners()],
      [text("## By operation")],
      this.#byOperation(),
      [text("## Causes, each with the bound at which its alarm rings")],
      ...inRowsOf(
        3,
        declarations.filter(isCause).map((declared) => this.#cause(declared)),
      ),
    ];
    for (const row of rows) dashboard.addWidgets(...row);
  }

  #alarmStates(declarations: readonly AlarmDeclaration[]): IWidget {
    const ringing = declarations.filter(({ severity }) => severity !== undefined);
    const arnOf = (name: string): string =>
      Stack.of(this).formatArn({
        service: "cloudwatch",
        resource: `alarm:${alarmNameOf(this.#stage, name)}`,
      });
    return new AlarmStatusWidget({
      title: "Alarms",
      width: 12,
      height,
      alarms: ringing.map(({ name }, index) => Alarm.fromAlarmArn(this, `State${index}`, arnOf(name))),
    });
  }

  /** The remaining error budget of the last 30 days. */
  #objectives(): readonly IWidget[] {
    const { availability, latency } = this.#stage.operations.objectives;
    const left = (title: string, label: string, expression: string, using: Readonly<Record<string, MetricSource>>) =>
      new SingleValueWidget({
        title,
        width: 6,
        height,
        start: "-P30D",
        setPeriodToTimeRange: true,
        metrics: [
          new MathExpression({
            expression,
            label,
            usingMetrics: Object.fromEntries(Object.entries(using).map(([name, source]) => [name, metricOf(source)])),
          }),
        ],
      });
    const calls = gatewayMetric(this.#stage, "Count");
    const percent = (share: number): number => Number((100 * share).toFixed(3));
    return [
      left(
        `Availability ${percent(availability)} %: error budget left`,
        "% of 30 days",
        `100 * (1 - (failed / calls) / ${(1 - availability).toFixed(6)})`,
        { calls, failed: gatewayMetric(this.#stage, "5XXError") },
      ),
      left(
        `Latency ${percent(latency.share)} % in ${latency.withinMs} ms: error budget left`,
        "% of 30 days",
        `100 * (1 - (1 - within / 100) / ${(1 - latency.share).toFixed(6)})`,
        { within: gatewayMetric(this.#stage, "Latency", `PR(:${latency.withinMs})`) },
      ),
    ];
  }

  #us(): IWidget {
    const functionName = `FunctionName="${apiNameOf(this.#stage)}-"`;
    return graph("Us: bugs, and functions that die", [
      this.#searched("internalErrors", "Sum"),
      search(`{AWS/Lambda,FunctionName} MetricName="Errors" ${functionName}`, "Sum"),
    ]);
  }

  #aws(): IWidget {
    const failed = metricOf(gatewayMetric(this.#stage, "5XXError"));
    return graph("AWS: dependencies that fail", [this.#searched("unavailable", "Sum"), failed]);
  }

  #partners(): IWidget {
    return new LogQueryWidget({
      title: "One partner: top talkers",
      width: 8,
      height,
      view: LogQueryVisualizationType.TABLE,
      logGroupNames: [logGroupNameOf(this.#stage, "access")],
      queryLines: [...topTalkers],
    });
  }

  #byOperation(): readonly IWidget[] {
    return [
      graph("Calls by operation", [this.#searched("latencyMs", "SampleCount")]),
      graph("Latency by operation, p99 in ms", [this.#searched("latencyMs", "p99")]),
      graph("Callers' errors by operation", [this.#searched("clientErrors", "Sum")]),
    ];
  }

  #cause({ name, metrics, expression, periodSeconds, above, below }: MetricAlarm): IWidget {
    const period = Duration.seconds(periodSeconds);
    const entries = Object.entries(metrics).map(([id, source]) => [id, metricOf(source, period)] as const);
    const watched =
      expression === undefined
        ? entries.map(([, metric]) => metric)
        : [new MathExpression({ expression, usingMetrics: Object.fromEntries(entries), label: name, period })];
    return graph(
      name,
      watched,
      above === undefined ? { value: below, label: "rings below" } : { value: above, label: "rings above" },
    );
  }

  /** A search expression for the metric of every operation. */
  #searched(metric: MetricName, statistic: string): IMetric {
    const service = serviceNameOf(this.#stage.name);
    return search(`{${metricNamespace},operation,service} MetricName="${metric}" service="${service}"`, statistic);
  }
}

const isCause = (declared: AlarmDeclaration): declared is MetricAlarm =>
  declared.kind === "metric" && (declared.severity !== undefined || declared.below !== undefined);

function inRowsOf(size: number, widgets: readonly IWidget[]): readonly (readonly IWidget[])[] {
  return Array.from({ length: Math.ceil(widgets.length / size) }, (_, row) =>
    widgets.slice(row * size, (row + 1) * size),
  );
}

function text(markdown: string): IWidget {
  return new TextWidget({ markdown, width: fullWidth, height: 1 });
}

function graph(title: string, left: readonly IMetric[], bound?: HorizontalAnnotation): IWidget {
  return new GraphWidget({
    title,
    width: 8,
    height,
    left: [...left],
    ...(bound && { leftAnnotations: [bound] }),
  });
}

function metricOf({ namespace, name, dimensions, statistic }: MetricSource, period = Duration.minutes(5)): Metric {
  return new Metric({ namespace, metricName: name, dimensionsMap: { ...dimensions }, statistic, period });
}

function search(terms: string, statistic: string): IMetric {
  return new MathExpression({ expression: `SEARCH('${terms}', '${statistic}', 300)`, usingMetrics: {}, label: "" });
}
