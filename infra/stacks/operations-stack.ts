/** How operators see the system: alarms with a runbook each, one dashboard, saved queries. */
import { Duration, Stack, type StackProps } from "aws-cdk-lib";
import {
  Dashboard,
  GraphWidget,
  MathExpression,
  Metric,
  Stats,
  TextWidget,
  type IMetric,
} from "aws-cdk-lib/aws-cloudwatch";
import { CfnQueryDefinition } from "aws-cdk-lib/aws-logs";
import type { Construct } from "constructs";
import type { AnyOperation } from "../../shared/contract/operation.ts";
import { AccessLogMetrics } from "../constructs/operations/access-log-metrics.ts";
import { AccountEvents } from "../constructs/operations/account-events.ts";
import { AlarmChannels } from "../constructs/operations/alarm-channels.ts";
import { Alarms } from "../constructs/operations/alarms.ts";
import { causeAlarms } from "../constructs/operations/causes.ts";
import { objectiveAlarms } from "../constructs/operations/objectives.ts";
import { Spending } from "../constructs/operations/spending.ts";
import { apiNameOf, logGroupPrefixOf } from "../constructs/names.ts";
import type { MetricName } from "../../shared/runtime/log.ts";
import { indexName, type DataStack } from "./data-stack.ts";
import type { Stage } from "../stages/stage.ts";

/** Namespace of the metrics that the functions write to their logs, with the dimensions `service` and `operation`. */
const namespace = "Portico";

const fiveMinutes = Duration.minutes(5);

export interface OperationsStackProps extends StackProps {
  readonly stage: Stage;
  readonly data: DataStack;
  readonly operations: readonly AnyOperation[];
}

export class OperationsStack extends Stack {
  readonly #stage: Stage;

  constructor(scope: Construct, id: string, props: OperationsStackProps) {
    super(scope, id, props);
    const { stage, data, operations } = props;
    this.#stage = stage;
    const { tableName, tableArn, encryptionKey } = data.table;
    if (encryptionKey === undefined) throw new Error("the table has no key of its own to watch");

    const channels = new AlarmChannels(this, "Channels", stage);
    const events = new AccountEvents(this, "AccountEvents", {
      stage,
      channels,
      tableName,
      tableArn,
      keyArn: encryptionKey.keyArn,
    });
    const declarations = [
      ...objectiveAlarms(stage),
      ...causeAlarms({ stage, operations, tableName, indexName, region: this.region }),
      events.undelivered,
    ];
    new Alarms(this, "Alarms", { stage, channels, declarations });
    new AccessLogMetrics(this, "AccessLogMetrics", stage);
    new Spending(this, "Spending", { stage, channels });
    this.#dashboard(tableName);
    this.#savedQueries();
  }

  /** Stages may share an account, so the functions of each name their own. */
  get #service(): string {
    return `portico-${this.#stage.name}`;
  }

  #dashboard(tableName: string): void {
    const graph = (title: string, left: IMetric[], label?: string): GraphWidget =>
      new GraphWidget({
        title,
        left,
        width: 12,
        height: 6,
        period: fiveMinutes,
        ...(label && { leftYAxis: { label, showUnits: false } }),
      });
    const dashboard = new Dashboard(this, "Dashboard", { dashboardName: apiNameOf(this.#stage) });
    dashboard.addWidgets(
      new TextWidget({
        width: 24,
        height: 1,
        markdown: `Portico ${this.#stage.name}. Alarms name their runbook; queries are saved in Logs Insights under Portico/${this.#stage.name}.`,
      }),
    );
    dashboard.addWidgets(
      graph("Calls", [
        this.#apiMetric("Count", Stats.SUM),
        this.#apiMetric("4XXError", Stats.SUM),
        this.#apiMetric("5XXError", Stats.SUM),
      ]),
      graph(
        "Latency of the API",
        [50, 90, 99].map((percent) => this.#apiMetric("Latency", Stats.p(percent))),
        "ms",
      ),
    );
    dashboard.addWidgets(
      graph("Calls by operation", [this.#byOperation("latencyMs", "SampleCount")]),
      graph("p99 latency by operation", [this.#byOperation("latencyMs", "p99")], "ms"),
    );
    dashboard.addWidgets(
      graph("Callers' errors by operation", [this.#byOperation("clientErrors", "Sum")]),
      graph(
        "Our errors by operation",
        (["internalErrors", "unavailable"] as const).map((name) => this.#byOperation(name, "Sum")),
      ),
    );
    dashboard.addWidgets(
      graph("Table: throttled requests", [this.#throttledRequests(tableName)]),
      graph(
        "Table: consumed units",
        ["ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits"].map((name) => this.#tableMetric(tableName, name)),
      ),
    );
  }

  #savedQueries(): void {
    // By prefix, not by a list: a list holds 50 log groups at most and forgets new ones.
    const source = `SOURCE logGroups(namePrefix: ["${logGroupPrefixOf(this.#stage)}"])`;
    const queries: Record<string, readonly string[]> = {
      "Errors by operation": [
        source,
        "filter code = 'request_served' and status >= 400",
        "stats count(*) as calls by operation, status, problem",
        "sort status desc, calls desc",
      ],
      "Everything of one request": [
        source,
        "fields @timestamp, @message",
        "filter requestId = 'PUT-THE-REQUEST-ID-HERE'",
        "sort @timestamp asc",
      ],
    };
    for (const [name, lines] of Object.entries(queries)) {
      new CfnQueryDefinition(this, name.replaceAll(" ", ""), {
        name: `Portico/${this.#stage.name}/${name}`,
        queryString: lines.join("\n| "),
      });
    }
  }

  #apiMetric(metricName: string, statistic: string): Metric {
    return new Metric({
      namespace: "AWS/ApiGateway",
      metricName,
      dimensionsMap: { ApiName: apiNameOf(this.#stage), Stage: this.#stage.name },
      statistic,
      label: `${metricName} ${statistic}`,
      period: fiveMinutes,
    });
  }

  #tableMetric(tableName: string, metricName: string): Metric {
    return new Metric({
      namespace: "AWS/DynamoDB",
      metricName,
      dimensionsMap: { TableName: tableName },
      statistic: Stats.SUM,
      period: fiveMinutes,
    });
  }

  #throttledRequests(tableName: string): MathExpression {
    return new MathExpression({
      expression: "FILL(reads, 0) + FILL(writes, 0)",
      usingMetrics: {
        reads: this.#tableMetric(tableName, "ReadThrottleEvents"),
        writes: this.#tableMetric(tableName, "WriteThrottleEvents"),
      },
      label: "Throttled",
      period: fiveMinutes,
    });
  }

  #byOperation(metricName: MetricName, statistic: string): MathExpression {
    return new MathExpression({
      expression: `SEARCH('{${namespace},operation,service} MetricName="${metricName}" service="${this.#service}"', '${statistic}', 300)`,
      usingMetrics: {},
      label: "",
      period: fiveMinutes,
    });
  }
}
