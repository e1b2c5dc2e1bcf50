/** Alarms as CloudWatch gets them: they watch what is deployed, stay within CloudWatch's limits and name a runbook. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Assembly, Template } from "../../infra/checks/assembly.ts";
import { costsPage, withoutAlignment } from "../../infra/checks/costs.ts";
import { runbookOf } from "../../infra/constructs/operations/alarms.ts";
import {
  deliveryFunctions,
  operatorFunctions,
  scheduledFunctions,
  systemFunctions,
} from "../../infra/constructs/function-declarations.ts";
import dev from "../../infra/stages/dev.ts";
import { operations } from "../../shared/operations.ts";
import {
  exampleProduction,
  list,
  propertiesOf,
  resourcesOf,
  statementsOf,
  synthesized,
  templateOf,
  text,
} from "./support/templates.ts";

const runbooks = join(import.meta.dirname, "../../docs/runbooks");

let prod: Assembly;
let operationsStack: Template;
let api: Template;

beforeAll(async () => {
  prod = await synthesized(exampleProduction, { validate: false });
  operationsStack = templateOf(prod, "Operations");
  api = templateOf(prod, "Api");
}, 60_000);

const metricAlarms = (): readonly any[] => propertiesOf(operationsStack, "AWS::CloudWatch::Alarm");
const compositeAlarms = (): readonly any[] => propertiesOf(operationsStack, "AWS::CloudWatch::CompositeAlarm");
/** Rules on events of the account; those at a rate run functions. */
const eventRules = (): readonly any[] =>
  propertiesOf(operationsStack, "AWS::Events::Rule").filter(({ EventPattern }) => EventPattern !== undefined);
const everyAlarm = (): readonly any[] => [...metricAlarms(), ...compositeAlarms()];

interface WatchedMetric {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly period: number;
}

/** The metrics of an alarm. */
function watchedBy(alarm: any): readonly WatchedMetric[] {
  const dimensionsOf = (list: readonly any[] = []): Record<string, string> =>
    Object.fromEntries(list.map(({ Name, Value }) => [Name, text(Value)]));
  if (alarm.Metrics === undefined) {
    const { Namespace: namespace, MetricName: name, Dimensions, Period: period } = alarm;
    return [{ namespace, name, dimensions: dimensionsOf(Dimensions), period }];
  }
  return alarm.Metrics.filter(({ MetricStat }: any) => MetricStat !== undefined).map(({ MetricStat }: any) => ({
    namespace: MetricStat.Metric.Namespace,
    name: MetricStat.Metric.MetricName,
    dimensions: dimensionsOf(MetricStat.Metric.Dimensions),
    period: MetricStat.Period,
  }));
}

const watched = (namespace: string): readonly WatchedMetric[] =>
  metricAlarms()
    .flatMap(watchedBy)
    .filter((metric) => metric.namespace === namespace);

describe("the alarms watch deployed resources:", () => {
  test("the errors of every function, including those that no caller invokes", () => {
    // Who invokes a function of operators sees its error.
    const unwatched = operatorFunctions.map(({ id }) => `Portico-prod-${id}`);
    const functions = [api, operationsStack]
      .flatMap((template) => propertiesOf(template, "AWS::Lambda::Function").map(({ FunctionName }) => FunctionName))
      .filter((name) => !unwatched.includes(name));
    const others = [...systemFunctions, ...scheduledFunctions, ...deliveryFunctions];
    expect(functions.length).toBe(operations.length + others.length);
    const errors = watched("AWS/Lambda").filter(({ name }) => name === "Errors");
    expect(errors.map(({ dimensions }) => dimensions["FunctionName"]).sort()).toEqual([...functions].sort());
  });

  test("throttles of the account and of every function with reserved concurrency", () => {
    const reserved = propertiesOf(api, "AWS::Lambda::Function").filter(
      ({ ReservedConcurrentExecutions }) => ReservedConcurrentExecutions !== undefined,
    );
    expect(reserved.length).toBeGreaterThan(0);
    expect(
      watched("AWS/Lambda")
        .filter(({ name }) => name === "Throttles")
        .map(({ dimensions }) => dimensions),
    ).toEqual([{}, ...reserved.map(({ FunctionName }) => ({ FunctionName }))]);
  });

  test("the API by its name and stage", () => {
    const [{ Name }] = propertiesOf(api, "AWS::ApiGateway::RestApi");
    const [{ StageName }] = propertiesOf(api, "AWS::ApiGateway::Stage");
    const metrics = watched("AWS/ApiGateway");
    expect(metrics.length).toBeGreaterThan(0);
    for (const { dimensions } of metrics) expect(dimensions).toEqual({ ApiName: Name, Stage: StageName });
  });

  test("the table and each of its indexes", () => {
    const data = templateOf(prod, "Data");
    const [{ GlobalSecondaryIndexes }] = propertiesOf(data, "AWS::DynamoDB::Table");
    const throttles = watched("AWS/DynamoDB").filter(({ name }) => name.endsWith("ThrottleEvents"));
    const places = new Set(throttles.map(({ dimensions }) => dimensions["GlobalSecondaryIndexName"]));
    expect(places).toEqual(new Set([undefined, ...GlobalSecondaryIndexes.map(({ IndexName }: any) => IndexName)]));
    const [[tableId]] = resourcesOf(data, "AWS::DynamoDB::Table") as [readonly [string, unknown]];
    for (const { dimensions } of watched("AWS/DynamoDB")) expect(dimensions["TableName"]).toContain(`Ref${tableId}`);
  });

  test("every queue, and how far the readers of the stream are behind", () => {
    const queues = propertiesOf(operationsStack, "AWS::SQS::Queue").map(({ QueueName }) => QueueName);
    const metrics = watched("AWS/SQS").map(({ name, dimensions }) => [dimensions["QueueName"], name]);
    expect(metrics.sort()).toEqual([
      ["Portico-prod-counts-failed", "ApproximateNumberOfMessagesVisible"],
      ["Portico-prod-deliveries", "ApproximateAgeOfOldestMessage"],
      ["Portico-prod-deliveries-failed", "ApproximateNumberOfMessagesVisible"],
      ["Portico-prod-dispatches-failed", "ApproximateNumberOfMessagesVisible"],
    ]);
    expect(metrics.map(([queue]) => queue)).toEqual([...queues].sort());
    const ages = watched("AWS/Lambda").filter(({ name }) => name === "IteratorAge");
    expect(ages.map(({ dimensions }) => dimensions)).toEqual([
      { FunctionName: "Portico-prod-webhook-dispatch" },
      { FunctionName: "Portico-prod-usage-count" },
    ]);
  });

  test("the firewall's common rules", () => {
    const [{ VisibilityConfig, Rules }] = propertiesOf(api, "AWS::WAFv2::WebACL");
    const rules = Rules.map((rule: any) => rule.VisibilityConfig.MetricName);
    const metrics = watched("AWS/WAFV2");
    expect(metrics).toHaveLength(1);
    for (const { dimensions } of metrics) {
      expect(dimensions).toMatchObject({ WebACL: VisibilityConfig.MetricName, Region: "<AWS::Region>" });
      expect(rules).toContain(dimensions["Rule"]);
    }
  });

  test("the API's access log, by fields that it contains", () => {
    const groups = propertiesOf(api, "AWS::Logs::LogGroup").map(({ LogGroupName }) => LogGroupName);
    const [{ AccessLogSetting }] = propertiesOf(api, "AWS::ApiGateway::Stage");
    const fields = Object.keys(JSON.parse(AccessLogSetting.Format));
    for (const { LogGroupName, FilterPattern, MetricTransformations } of propertiesOf(
      operationsStack,
      "AWS::Logs::MetricFilter",
    )) {
      expect(groups).toContain(LogGroupName);
      const named = [...FilterPattern.matchAll(/\$\.(\w+)/g)].map(([, field]) => field);
      expect(named.length).toBeGreaterThan(0);
      for (const field of named) expect(fields).toContain(field);
      const [{ MetricNamespace, MetricName }] = MetricTransformations;
      expect(watched(MetricNamespace).map(({ name }) => name)).toContain(MetricName);
    }
  });

  test("the delivery of every rule of EventBridge", () => {
    const rules = eventRules().map(({ Name }) => Name);
    expect(watched("AWS/Events").map(({ dimensions }) => dimensions["RuleName"])).toEqual(rules);
  });
});

describe("the alarms respect CloudWatch's limits:", () => {
  test("at most ten metrics, and seven days of data, or one day if a period is shorter than an hour", () => {
    for (const alarm of metricAlarms()) {
      const metrics = watchedBy(alarm);
      expect(metrics.length).toBeLessThanOrEqual(10);
      for (const { period } of metrics) {
        expect(period % 60).toBe(0);
        expect(period * alarm.EvaluationPeriods).toBeLessThanOrEqual(period < 3600 ? 86_400 : 604_800);
      }
    }
  });

  test("the rule of a composite alarm has at most 10,240 characters and 100 alarms, all of which exist", () => {
    const names = everyAlarm().map(({ AlarmName }) => AlarmName);
    expect(new Set(names).size).toBe(names.length);
    for (const { AlarmRule, ActionsSuppressor } of compositeAlarms()) {
      const named = [...AlarmRule.matchAll(/ALARM\("([^"]+)"\)/g)].map(([, name]) => name);
      expect(AlarmRule.length).toBeLessThanOrEqual(10_240);
      expect(named.length).toBeLessThanOrEqual(100);
      for (const name of [...named, ...(ActionsSuppressor === undefined ? [] : [ActionsSuppressor])]) {
        expect(names).toContain(name);
      }
    }
  });

  test("an alarm notifies, is part of a composite alarm that does, or suppresses one", () => {
    const rules = compositeAlarms()
      .map(({ AlarmRule, ActionsSuppressor = "" }) => `${AlarmRule} ALARM("${ActionsSuppressor}")`)
      .join("\n");
    for (const { AlarmName, AlarmActions } of everyAlarm()) {
      const isPart = rules.includes(`ALARM("${AlarmName}")`);
      expect([AlarmName, AlarmActions !== undefined || isPart]).toEqual([AlarmName, true]);
    }
  });
});

describe("the description of every alarm and event", () => {
  const headings = ["What it means", "Who is hurt", "First look", "Mitigation", "How to know it is over"];

  test("links a complete runbook that names the alarm", () => {
    const described = [
      ...everyAlarm().map(({ AlarmName, AlarmDescription, AlarmActions }) => ({
        name: AlarmActions === undefined ? undefined : AlarmName,
        description: text(AlarmDescription),
      })),
      ...eventRules().map(({ Name, Description }) => ({
        name: Name,
        description: Description,
      })),
    ];
    for (const { name, description } of described) {
      const file = /Runbook: docs\/runbooks\/([\w-]+\.md)$/.exec(description)?.[1] ?? "";
      expect([description, existsSync(join(runbooks, file))]).toEqual([description, true]);
      const page = readFileSync(join(runbooks, file), "utf8");
      expect(page.match(/^## .+$/gm)?.map((line) => line.slice(3))).toEqual(expect.arrayContaining(headings));
      if (name !== undefined) expect(page).toContain(`\`${name.replace("Portico-prod-", "")}\``);
    }
  });

  test("contains a URL if the stage names the base URL of its runbooks", () => {
    const runbooksUrl = "https://git.example.com/portico/docs/runbooks";
    const stage = { ...dev, operations: { ...dev.operations, runbooksUrl } };
    expect(runbookOf(stage, "availability")).toBe(`${runbooksUrl}/availability.md`);
  });
});

test("docs/costs-computed.md matches the templates", () => {
  const page = readFileSync(join(import.meta.dirname, "../../docs/costs-computed.md"), "utf8");
  expect(withoutAlignment(page)).toBe(withoutAlignment(costsPage(prod)));
});

describe("the functions that run at a rate", () => {
  const schedules = (template: Template) =>
    propertiesOf(template, "AWS::Events::Rule").filter(({ ScheduleExpression }) => ScheduleExpression !== undefined);

  test("are invoked by their own rule and by nothing else, and a failed run is not repeated", () => {
    const permissions = propertiesOf(operationsStack, "AWS::Lambda::Permission");
    const invocations = propertiesOf(operationsStack, "AWS::Lambda::EventInvokeConfig");
    expect(schedules(operationsStack)).toHaveLength(scheduledFunctions.length);
    for (const [ruleId, { Properties }] of resourcesOf(operationsStack, "AWS::Events::Rule")) {
      if (Properties.ScheduleExpression === undefined) continue;
      const [target, ...others] = Properties.Targets;
      expect(others).toEqual([]);
      const permission = permissions.find(({ FunctionName }) => text(FunctionName) === text(target.Arn));
      expect(permission).toMatchObject({
        Action: "lambda:InvokeFunction",
        Principal: "events.amazonaws.com",
        SourceArn: { "Fn::GetAtt": [ruleId, "Arn"] },
        SourceAccount: { Ref: "AWS::AccountId" },
      });
    }
    expect(permissions).toHaveLength(scheduledFunctions.length);
    expect(invocations.map(({ MaximumRetryAttempts }) => MaximumRetryAttempts)).toEqual(
      scheduledFunctions.map(() => 0),
    );
  });

  test("read the table and write their own items only", () => {
    const actions = (id: string): readonly string[] => {
      const [, role] = resourcesOf(operationsStack, "AWS::IAM::Role").find(([name]) => name.includes(id))!;
      return statementsOf(role)
        .flatMap(({ Action, Condition }) =>
          list(Action).map((action) => `${String(action)} ${JSON.stringify(Condition ?? {})}`),
        )
        .filter((line) => /dynamodb:(Put|Update|Delete|BatchWrite)/.test(line));
    };
    expect(actions("ledgercheckRole")).toEqual([expect.stringContaining('"dynamodb:LeadingKeys":["LEDGER-CHECK"]')]);
    expect(actions("syntheticpartnerRole")).toEqual([
      expect.stringMatching(
        /^dynamodb:BatchWriteItem .*"SUBSCRIPTIONS#ptr_0{14}SYNTHPARTNER","SUBSCRIPTION-HISTORY#ptr_0{14}SYNTHPARTNER#\*"\]/,
      ),
    ]);
  });

  test("leave the synthetic partner out on a stage without it, with its alarms", async () => {
    const without = await synthesized({ stageFile: "tests/infra/support/unwatched-stage.ts" }, { validate: false });
    const template = templateOf(without, "Operations");
    expect(schedules(template).map(({ Name }) => Name)).toEqual([
      "Portico-unwatched-expiry",
      "Portico-unwatched-ledger-check",
    ]);
    expect(JSON.stringify(template)).not.toContain("synthetic-partner");
  });
});

test("a budget notifies about the forecast and the actual cost", () => {
  const [{ Budget, NotificationsWithSubscribers }] = propertiesOf(operationsStack, "AWS::Budgets::Budget");
  expect(Budget).toMatchObject({ BudgetType: "COST", TimeUnit: "MONTHLY", BudgetLimit: { Amount: 1000, Unit: "USD" } });
  const kinds = NotificationsWithSubscribers.map(({ Notification }: any) => Notification.NotificationType);
  expect(kinds).toEqual(["FORECASTED", "ACTUAL", "ACTUAL"]);
});

test("X-Ray traces a share of the API's calls only", () => {
  const [{ SamplingRule }] = propertiesOf(operationsStack, "AWS::XRay::SamplingRule");
  const [{ StageName }] = propertiesOf(api, "AWS::ApiGateway::Stage");
  const [{ Name }] = propertiesOf(api, "AWS::ApiGateway::RestApi");
  expect(SamplingRule).toMatchObject({ FixedRate: 0.01, ReservoirSize: 1, ServiceName: `${Name}/${StageName}` });
});
