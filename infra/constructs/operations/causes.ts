/** Alarms on causes, by function, table, gateway, identity provider and security event. */
import type { AnyOperation } from "../../../shared/contract/operation.ts";
import type { SecurityEvent } from "../../../shared/runtime/log.ts";
import type { Stage } from "../../stages/stage.ts";
import {
  authorizerFunction,
  bootstrapFunction,
  expiryFunction,
  ledgerCheckFunction,
  rotationFunction,
  syntheticPartnerFunction,
  usageCountFunction,
  webhookDeliveryFunction,
  webhookDispatchFunction,
  type ScheduledFunction,
} from "../function-declarations.ts";
import { apiNameOf } from "../names.ts";
import { countAlarm, type AlarmDeclaration, type MetricAlarm } from "./alarm-declarations.ts";
import {
  accessLogMetric,
  codeMetric,
  lambdaMetric,
  queueMetric,
  serviceMetric,
  tableMetric,
} from "./metric-sources.ts";

/** The input for the alarms of a stage. */
export interface Watched {
  readonly stage: Stage;
  readonly operations: readonly AnyOperation[];
  readonly tableName: string;
  readonly indexNames: readonly string[];
  readonly region: string;
}

const fiveMinutes = 300;
const quarterHour = 900;
const hour = 3600;

/** CloudWatch's limit for the alarms in one composite alarm. */
const maxAlarmsOfComposite = 100;

/** All alarms on causes. */
export function causeAlarms(watched: Watched): readonly AlarmDeclaration[] {
  const { stage } = watched;
  const functions = functionAlarms(watched);
  return [
    ...functions,
    ...capacityAlarms(stage, watched.operations),
    ...tableAlarms(watched),
    ...gatewayAlarms(watched),
    ...(stage.identityProvider === undefined ? [] : identityProviderAlarms(stage)),
    ...securityAlarms(stage),
    ...deploymentAlarms(stage),
    ...ledgerAlarms(stage),
    ...expiryAlarms(stage),
    ...webhookAlarms(stage),
    ...countAlarms(stage),
    ...(stage.operations.syntheticPartner ? syntheticPartnerAlarms(stage, compositeNames(functions)) : []),
  ];
}

/**
 * One alarm without notification per function that serves callers, and one composite alarm that rings for any of
 * them. A function that fails at import writes no log line, so only Lambda's metric counts it.
 */
function functionAlarms({ stage, operations }: Watched): readonly AlarmDeclaration[] {
  const ids = [authorizerFunction.id, ...operations.map(({ id }) => id)];
  const parts = ids.map((id) =>
    countAlarm({
      name: `function-errors-${id.replaceAll(".", "-")}`,
      means: `The function of ${id} dies, throws or runs out of time.`,
      runbook: "function-errors",
      count: [lambdaMetric(stage, "Errors", id)],
      periodSeconds: quarterHour,
      // A caller retries after a single failure, which is no reason for a page.
      above: 2,
    }),
  );
  return [
    ...parts,
    ...compositesOf(parts),
    countAlarm({
      name: "internal-errors",
      severity: "ticket",
      means: "An operation answers internal_error, which is a bug.",
      runbook: "internal-errors",
      count: [serviceMetric(stage, "internalErrors")],
      periodSeconds: fiveMinutes,
      above: 0,
    }),
  ];
}

/** A composite alarm watches a limited number of alarms, so a large API has several. */
function compositesOf(parts: readonly MetricAlarm[]): readonly AlarmDeclaration[] {
  const count = Math.ceil(parts.length / maxAlarmsOfComposite);
  return Array.from({ length: count }, (_, index) => ({
    kind: "composite",
    name: index === 0 ? "function-errors" : `function-errors-${index + 1}`,
    severity: "page",
    means: "A function dies, throws or runs out of time again and again. The alarms that ring beside this one name it.",
    runbook: "function-errors",
    anyGroup: parts.slice(index * maxAlarmsOfComposite, (index + 1) * maxAlarmsOfComposite).map(({ name }) => [name]),
    // When many calls fail, the objective has already paged.
    suppressedBy: { name: "availability", waitSeconds: 180, extensionSeconds: 600 },
  }));
}

/** Functions share the account's concurrency. Throttles of functions with reserved concurrency are counted separately. */
function capacityAlarms(stage: Stage, operations: readonly AnyOperation[]): readonly MetricAlarm[] {
  const reserved = operations.filter(({ reservedConcurrency }) => reservedConcurrency !== undefined);
  const claimed = { ...lambdaMetric(stage, "ClaimedAccountConcurrency"), statistic: "Maximum" };
  return [
    countAlarm({
      name: "lambda-throttles",
      severity: "ticket",
      means: "Lambda refuses calls, because the functions of the account run too often at once.",
      runbook: "lambda-concurrency",
      count: [lambdaMetric(stage, "Throttles"), ...reserved.map(({ id }) => lambdaMetric(stage, "Throttles", id))],
      periodSeconds: fiveMinutes,
      above: 0,
      periods: 2,
    }),
    countAlarm({
      name: "lambda-concurrency",
      severity: "ticket",
      means: "The account uses more than 80 % of its concurrent executions of Lambda.",
      runbook: "lambda-concurrency",
      count: [claimed],
      periodSeconds: fiveMinutes,
      above: 0.8 * stage.operations.lambdaConcurrencyQuota,
      periods: 3,
    }),
  ];
}

/** The table operations of the functions, with the names in DynamoDB's metrics. */
function tableOperations(operations: readonly AnyOperation[]): readonly string[] {
  const actions = operations.flatMap(({ table }) => table.flatMap((right) => right.actions as readonly string[]));
  // DynamoDB counts a condition check as part of its transaction.
  return [...new Set([...actions, "TransactWriteItems"])].filter((action) => action !== "ConditionCheckItem").sort();
}

function tableAlarms({ operations, tableName, indexNames }: Watched): readonly MetricAlarm[] {
  const table = { TableName: tableName };
  const indexes = indexNames.map((indexName) => ({ ...table, GlobalSecondaryIndexName: indexName }));
  return [
    countAlarm({
      name: "table-throttled",
      severity: "ticket",
      means: "DynamoDB throttles the table or an index: a partition is too hot, or a limit of the account is reached.",
      runbook: "table-throttled",
      count: [table, ...indexes].flatMap((dimensions) =>
        ["ReadThrottleEvents", "WriteThrottleEvents"].map((name) => tableMetric(name, dimensions)),
      ),
      periodSeconds: fiveMinutes,
      above: 0,
      periods: 2,
    }),
    countAlarm({
      name: "table-system-errors",
      severity: "ticket",
      means: "DynamoDB fails by itself, again and again.",
      runbook: "table-system-errors",
      count: tableOperations(operations).map((Operation) => tableMetric("SystemErrors", { ...table, Operation })),
      periodSeconds: fiveMinutes,
      above: 5,
      periods: 2,
    }),
  ];
}

function gatewayAlarms({ stage, region }: Watched): readonly MetricAlarm[] {
  const throttled = countAlarm({
    name: "gateway-throttled",
    severity: "ticket",
    means: "The stage's own limit refuses calls with 429 rate_limited.",
    runbook: "gateway-throttled",
    count: [accessLogMetric(stage, "gatewayThrottled")],
    periodSeconds: fiveMinutes,
    above: 20,
    periods: 2,
  });
  if (!stage.waf) return [throttled];
  const name = apiNameOf(stage);
  const blocked = countAlarm({
    name: "firewall-blocks",
    severity: "ticket",
    means: "AWS WAF's common rules block many calls: an attack, or an honest partner whose bodies look like one.",
    runbook: "firewall-blocks",
    count: [
      {
        namespace: "AWS/WAFV2",
        name: "BlockedRequests",
        dimensions: { WebACL: name, Rule: `${name}-common`, Region: region },
        statistic: "Sum",
      },
    ],
    periodSeconds: quarterHour,
    above: 50,
  });
  return [throttled, blocked];
}

function identityProviderAlarms(stage: Stage): readonly MetricAlarm[] {
  return [
    countAlarm({
      name: "identity-provider-unreachable",
      severity: "ticket",
      means: "The identity provider's keys cannot be fetched: nobody can exchange its tokens for a session.",
      runbook: "identity-provider",
      count: [codeMetric(stage, "failures", "identity_provider_unreachable")],
      periodSeconds: quarterHour,
      above: 2,
    }),
    countAlarm({
      name: "identity-provider-clock",
      severity: "ticket",
      means: "The identity provider signs tokens that are not valid yet: its clock runs ahead.",
      runbook: "identity-provider",
      count: [codeMetric(stage, "failures", "identity_provider_clock_ahead")],
      periodSeconds: quarterHour,
      above: 2,
    }),
    securityAlarm(stage, "external_token_refused", {
      name: "external-tokens-refused",
      severity: "ticket",
      means: "Many tokens of the identity provider are refused: its keys, issuer or audience may have changed.",
      runbook: "identity-provider",
      periodSeconds: quarterHour,
      above: 20,
    }),
  ];
}

type SecurityAlarm = Pick<MetricAlarm, "name" | "means" | "periodSeconds"> & {
  readonly above: number;
  readonly severity: "page" | "ticket";
  readonly runbook?: string;
};

function securityAlarm(stage: Stage, code: SecurityEvent, alarm: SecurityAlarm): MetricAlarm {
  return countAlarm({ runbook: "security-events", ...alarm, count: [codeMetric(stage, "securityEvents", code)] });
}

function securityAlarms(stage: Stage): readonly MetricAlarm[] {
  return [
    securityAlarm(stage, "token_forged", {
      name: "forged-tokens",
      severity: "ticket",
      means: "A flood of forged or foreign access tokens.",
      periodSeconds: fiveMinutes,
      above: 100,
    }),
    securityAlarm(stage, "refresh_token_reused", {
      name: "refresh-tokens-reused",
      severity: "ticket",
      means: "Spent refresh tokens are used again and again: sessions may be stolen, or a client has a bug.",
      periodSeconds: hour,
      above: 2,
    }),
    securityAlarm(stage, "too_many_attempts", {
      name: "password-guessing",
      severity: "ticket",
      means: "Sign-ins are refused after too many attempts, again and again: somebody guesses passwords.",
      periodSeconds: quarterHour,
      above: 50,
    }),
    securityAlarm(stage, "root_access_restored", {
      name: "root-access-restored",
      severity: "page",
      means: "The root user was given the password of its secret. If you did not do it, somebody took over root.",
      runbook: "root-access",
      periodSeconds: fiveMinutes,
      above: 0,
    }),
  ];
}

/** Alarms on functions that no caller invokes. */
function deploymentAlarms(stage: Stage): readonly MetricAlarm[] {
  return [
    countAlarm({
      name: "rotation-failed",
      severity: "ticket",
      means: "The rotation of the signing keys fails.",
      runbook: "rotation-failed",
      count: [lambdaMetric(stage, "Errors", rotationFunction.id)],
      periodSeconds: fiveMinutes,
      above: 0,
    }),
    countAlarm({
      name: "bootstrap-failed",
      severity: "ticket",
      means: "The bootstrap of a deployment fails: signing keys or the root user may be missing.",
      runbook: "bootstrap-failed",
      count: [codeMetric(stage, "failures", "bootstrap_failed"), lambdaMetric(stage, "Errors", bootstrapFunction.id)],
      periodSeconds: fiveMinutes,
      above: 0,
    }),
  ];
}

/** Rings when a function that runs at a rate does not succeed once in a period: it fails, or it does not run at all. */
function silenceAlarm(
  stage: Stage,
  { id }: ScheduledFunction,
  alarm: Pick<MetricAlarm, "name" | "means" | "runbook" | "severity" | "periodSeconds" | "periods">,
): MetricAlarm {
  return {
    ...alarm,
    kind: "metric",
    metrics: { runs: lambdaMetric(stage, "Invocations", id), failed: lambdaMetric(stage, "Errors", id) },
    expression: "runs - failed",
    below: 1,
  };
}

function ledgerAlarms(stage: Stage): readonly MetricAlarm[] {
  return [
    countAlarm({
      name: "ledger-differs",
      severity: "page",
      means: "Credit or the stock of a coupon does not add up: a bug, or a write past the functions.",
      runbook: "ledger",
      count: [codeMetric(stage, "failures", "ledger_differs")],
      periodSeconds: fiveMinutes,
      above: 0,
    }),
    silenceAlarm(stage, ledgerCheckFunction, {
      name: "ledger-unchecked",
      severity: "ticket",
      means: "Nothing has checked the ledger for an hour.",
      runbook: "ledger",
      periodSeconds: hour,
    }),
  ];
}

function expiryAlarms(stage: Stage): readonly MetricAlarm[] {
  return [
    countAlarm({
      name: "expiry-behind",
      severity: "ticket",
      means: "Subscriptions are announced as expiring or expired more than a minute late.",
      runbook: "expiry",
      count: [codeMetric(stage, "failures", "expiry_behind")],
      periodSeconds: fiveMinutes,
      above: 0,
      periods: 2,
    }),
    silenceAlarm(stage, expiryFunction, {
      name: "expiry-unannounced",
      severity: "ticket",
      means: "Nothing has announced expiring and expired subscriptions for ten minutes.",
      runbook: "expiry",
      periodSeconds: fiveMinutes,
      periods: 2,
    }),
  ];
}

/** DynamoDB's records and SQS's messages wait for functions. A wait is a backlog, and a message that failed for good is work. */
function webhookAlarms(stage: Stage): readonly MetricAlarm[] {
  const common = { severity: "ticket", runbook: "webhooks", periodSeconds: fiveMinutes } as const;
  const visible = (id: "deliveries-failed" | "dispatches-failed") =>
    queueMetric(stage, "ApproximateNumberOfMessagesVisible", id);
  return [
    countAlarm({
      ...common,
      name: "webhooks-failing",
      means: "The functions that deliver webhooks die, throw or run out of time.",
      count: [webhookDispatchFunction, webhookDeliveryFunction].map(({ id }) => lambdaMetric(stage, "Errors", id)),
      periodSeconds: quarterHour,
      // Lambda repeats a batch after a single failure.
      above: 2,
    }),
    countAlarm({
      ...common,
      name: "dispatches-failed",
      means: "Events were given up before they reached the webhook endpoints of their partners.",
      count: [visible("dispatches-failed")],
      above: 0,
    }),
    countAlarm({
      ...common,
      name: "deliveries-failed",
      means: "Deliveries of webhooks were given up, because their message failed again and again.",
      count: [visible("deliveries-failed")],
      above: 0,
    }),
    countAlarm({
      ...common,
      name: "dispatches-late",
      means: "Events wait for more than a minute until webhooks are dispatched.",
      count: [{ ...lambdaMetric(stage, "IteratorAge", webhookDispatchFunction.id), statistic: "Maximum" }],
      above: 60_000,
      periods: 2,
    }),
    countAlarm({
      ...common,
      name: "deliveries-late",
      means: "Deliveries of webhooks wait in their queue for longer than the longest delay.",
      count: [queueMetric(stage, "ApproximateAgeOfOldestMessage", "deliveries")],
      // The delay of a message is at most 900 seconds.
      above: 1800,
      periods: 2,
    }),
  ];
}

/** Counts that lag or lack events are wrong numbers in the console, and nothing else. */
function countAlarms(stage: Stage): readonly MetricAlarm[] {
  const common = { severity: "ticket", runbook: "usage-counts", periodSeconds: fiveMinutes, above: 0 } as const;
  return [
    countAlarm({
      ...common,
      name: "counts-failing",
      means: "The function that counts subscriptions dies, throws or runs out of time.",
      count: [lambdaMetric(stage, "Errors", usageCountFunction.id)],
      periodSeconds: quarterHour,
      // Lambda repeats a batch after a single failure.
      above: 2,
    }),
    countAlarm({
      ...common,
      name: "counts-failed",
      means: "Events were given up before they were counted.",
      count: [queueMetric(stage, "ApproximateNumberOfMessagesVisible", "counts-failed")],
    }),
    countAlarm({
      ...common,
      name: "counts-late",
      means: "Events wait for more than five minutes until they are counted.",
      count: [{ ...lambdaMetric(stage, "IteratorAge", usageCountFunction.id), statistic: "Maximum" }],
      above: 300_000,
      periods: 2,
    }),
  ];
}

function compositeNames(alarms: readonly AlarmDeclaration[]): readonly string[] {
  return alarms.filter(({ kind }) => kind === "composite").map(({ name }) => name);
}

/** @param functionAlarmNames the composite alarms on functions: beside them, a failing synthetic partner says nothing new */
function syntheticPartnerAlarms(stage: Stage, functionAlarmNames: readonly string[]): readonly AlarmDeclaration[] {
  const common = { runbook: "synthetic-partner" } as const;
  return [
    silenceAlarm(stage, syntheticPartnerFunction, {
      ...common,
      name: "synthetic-partner-unserved",
      means: "The synthetic partner was not served, or did not run.",
      periodSeconds: fiveMinutes,
      periods: 2,
    }),
    {
      ...common,
      kind: "composite",
      name: "callers-unserved",
      means: "An alarm on failed calls has paged.",
      anyGroup: ["availability", ...functionAlarmNames].map((name) => [name]),
    },
    {
      ...common,
      kind: "composite",
      name: "synthetic-partner",
      severity: "page",
      means: "For ten minutes the synthetic partner could not sign in, sell, read and cancel, or did not run.",
      anyGroup: [["synthetic-partner-unserved"]],
      suppressedBy: { name: "callers-unserved", waitSeconds: 180, extensionSeconds: 600 },
    },
  ];
}
