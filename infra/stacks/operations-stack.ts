/** How operators see the system: alarms with a runbook each, one dashboard, saved queries. */
import { Duration, Stack, type StackProps } from "aws-cdk-lib";
import {
  Alarm,
  ComparisonOperator,
  Dashboard,
  GraphWidget,
  MathExpression,
  Metric,
  Stats,
  TextWidget,
  TreatMissingData,
  type IMetric,
} from "aws-cdk-lib/aws-cloudwatch";
import { SnsAction } from "aws-cdk-lib/aws-cloudwatch-actions";
import { PolicyStatement, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { Key } from "aws-cdk-lib/aws-kms";
import { CfnQueryDefinition } from "aws-cdk-lib/aws-logs";
import { Topic } from "aws-cdk-lib/aws-sns";
import { EmailSubscription } from "aws-cdk-lib/aws-sns-subscriptions";
import type { Construct } from "constructs";
import { apiNameOf, functionNameOf, logGroupPrefixOf } from "../constructs/names.ts";
import { removalPolicyOf } from "../constructs/removal.ts";
import type { DataStack } from "./data-stack.ts";
import { authorizerFunction } from "../constructs/function-declarations.ts";
import type { Stage } from "../stages/stage.ts";

/** Namespace of the metrics that the functions write to their logs, with the dimensions `service` and `operation`. */
const namespace = "Portico";

const fiveMinutes = Duration.minutes(5);

interface AlarmDeclaration {
  /** Also the name of the runbook `docs/runbooks/<name>.md`. */
  readonly name: string;
  readonly means: string;
  readonly metric: IMetric;
  /** Rings when the metric is above it … */
  readonly above: number;
  /** … in this many periods of five minutes in a row. Default 1. */
  readonly periods?: number;
}

export class OperationsStack extends Stack {
  readonly #stage: Stage;

  constructor(scope: Construct, id: string, props: StackProps & { readonly stage: Stage; readonly data: DataStack }) {
    super(scope, id, props);
    this.#stage = props.stage;
    const tableName = props.data.table.tableName;

    const topic = this.#alarmTopic();
    for (const declared of this.#alarms(tableName)) this.#alarm(declared, topic);
    this.#dashboard(tableName);
    this.#savedQueries();
  }

  /** Stages may share an account, so the functions of each name their own. */
  get #service(): string {
    return `portico-${this.#stage.name}`;
  }

  #alarms(tableName: string): readonly AlarmDeclaration[] {
    return [
      {
        name: "internal-errors",
        means: "An operation answered internal_error: a bug.",
        // A query over all operations, so that a new one is watched without anyone remembering to.
        metric: this.#overAllOperations("internalErrors"),
        above: 0,
      },
      {
        name: "server-errors",
        means: "More than 1 % of the calls failed with a status of 5xx.",
        metric: this.#apiMetric("5XXError", Stats.AVERAGE),
        above: 0.01,
        periods: 2,
      },
      {
        name: "authorizer-errors",
        means: "The authorizer failed: protected operations answer 503.",
        metric: new Metric({
          namespace: "AWS/Lambda",
          metricName: "Errors",
          dimensionsMap: { FunctionName: functionNameOf(this.#stage, authorizerFunction.id) },
          statistic: Stats.SUM,
          period: fiveMinutes,
        }),
        above: 0,
      },
      {
        name: "table-throttled",
        means: "DynamoDB throttled requests to the table: a partition is too hot, or the account's limit is reached.",
        metric: this.#throttledRequests(tableName),
        above: 0,
        periods: 2,
      },
      {
        name: "slow-answers",
        means: "One call in a hundred took longer than 2 s.",
        metric: this.#apiMetric("Latency", Stats.p(99)),
        above: 2000,
        periods: 3,
      },
    ];
  }

  #alarm({ name, means, metric, above, periods = 1 }: AlarmDeclaration, topic: Topic): void {
    const alarm = new Alarm(this, name, {
      alarmName: `${apiNameOf(this.#stage)}-${name}`,
      alarmDescription: `${means} Runbook: docs/runbooks/${name}.md`,
      metric,
      threshold: above,
      evaluationPeriods: periods,
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      // No calls, no metric, no problem.
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
    alarm.addAlarmAction(new SnsAction(topic));
    alarm.addOkAction(new SnsAction(topic));
  }

  /** Encrypted under a key of its own: CloudWatch may not use AWS's key for SNS, and would drop every alarm without a word. */
  #alarmTopic(): Topic {
    const key = new Key(this, "AlarmKey", {
      description: `Portico ${this.#stage.name}: alarms`,
      enableKeyRotation: true,
      pendingWindow: Duration.days(7),
      removalPolicy: removalPolicyOf(this.#stage),
    });
    key.addToResourcePolicy(
      new PolicyStatement({
        sid: "AlarmsOfThisAccount",
        principals: [new ServicePrincipal("cloudwatch.amazonaws.com")],
        actions: ["kms:Decrypt", "kms:GenerateDataKey*"],
        resources: ["*"],
        conditions: { StringEquals: { "aws:SourceAccount": this.account } },
      }),
    );
    const topic = new Topic(this, "Alarms", {
      topicName: `${apiNameOf(this.#stage)}-alarms`,
      displayName: `Portico ${this.#stage.name} alarms`,
      masterKey: key,
      enforceSSL: true,
    });
    if (this.#stage.alarms !== undefined) topic.addSubscription(new EmailSubscription(this.#stage.alarms.page));
    return topic;
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
      graph("Calls by operation", [this.#byOperation("requests", "Sum")]),
      graph("p99 latency by operation", [this.#byOperation("latency", "p99")], "ms"),
    );
    dashboard.addWidgets(
      graph("Callers' errors by operation", [this.#byOperation("clientErrors", "Sum")]),
      graph(
        "Our errors by operation",
        ["serverErrors", "internalErrors", "unavailable"].map((name) => this.#byOperation(name, "Sum")),
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

  #overAllOperations(metricName: string): MathExpression {
    return new MathExpression({
      expression: `SELECT SUM("${metricName}") FROM SCHEMA("${namespace}", operation, service) WHERE service = '${this.#service}'`,
      usingMetrics: {},
      label: metricName,
      period: fiveMinutes,
    });
  }

  #byOperation(metricName: string, statistic: string): MathExpression {
    return new MathExpression({
      expression: `SEARCH('{${namespace},operation,service} MetricName="${metricName}" service="${this.#service}"', '${statistic}', 300)`,
      usingMetrics: {},
      label: "",
      period: fiveMinutes,
    });
  }
}
