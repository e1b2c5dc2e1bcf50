/** The metrics that operators watch, by source. */
import {
  metricNamespace,
  serviceNameOf,
  type FailureCode,
  type MetricName,
  type SecurityEvent,
} from "../../../shared/runtime/log.ts";
import type { Stage } from "../../stages/stage.ts";
import { apiNameOf, functionNameOf, queueNameOf, type QueueId } from "../names.ts";
import type { MetricSource } from "./alarm-declarations.ts";

/** Metrics that the functions write into their logs, for the whole stage. */
export function serviceMetric(stage: Stage, name: MetricName): MetricSource {
  return { namespace: metricNamespace, name, dimensions: { service: serviceNameOf(stage.name) }, statistic: "Sum" };
}

/** Security events and failures by log code. */
export function codeMetric(
  stage: Stage,
  name: "securityEvents" | "failures",
  code: SecurityEvent | FailureCode,
): MetricSource {
  const dimensions = { service: serviceNameOf(stage.name), code };
  return { namespace: metricNamespace, name, dimensions, statistic: "Sum" };
}

/** The metrics of API Gateway. They are free and include calls that never reach a function. */
export function gatewayMetric(
  stage: Stage,
  name: "Count" | "4XXError" | "5XXError" | "Latency",
  statistic = "Sum",
): MetricSource {
  return {
    namespace: "AWS/ApiGateway",
    name,
    dimensions: { ApiName: apiNameOf(stage), Stage: stage.name },
    statistic,
  };
}

/** A count from a metric filter on the access log. */
export function accessLogMetric(stage: Stage, name: string): MetricSource {
  return { namespace: accessLogNamespace(stage), name, dimensions: {}, statistic: "Sum" };
}

/** Metric filters have no fixed dimensions, so each stage has its own namespace. */
export function accessLogNamespace(stage: Stage): string {
  return `${metricNamespace}/${stage.name}`;
}

/** A metric of one function, or of all functions of the account. */
export function lambdaMetric(stage: Stage, name: string, functionId?: string): MetricSource {
  const dimensions: MetricSource["dimensions"] =
    functionId === undefined ? {} : { FunctionName: functionNameOf(stage, functionId) };
  return { namespace: "AWS/Lambda", name, dimensions, statistic: "Sum" };
}

/** A gauge of one queue. */
export function queueMetric(stage: Stage, name: string, id: QueueId): MetricSource {
  return { namespace: "AWS/SQS", name, dimensions: { QueueName: queueNameOf(stage, id) }, statistic: "Maximum" };
}

export function tableMetric(name: string, dimensions: Readonly<Record<string, string>>): MetricSource {
  return { namespace: "AWS/DynamoDB", name, dimensions, statistic: "Sum" };
}
