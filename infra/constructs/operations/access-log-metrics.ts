/** Metrics from API Gateway's access log. */
import { FilterPattern, LogGroup, MetricFilter } from "aws-cdk-lib/aws-logs";
import { Construct } from "constructs";
import type { Stage } from "../../stages/stage.ts";
import { logGroupNameOf } from "../names.ts";
import { accessLogMetric } from "./metric-sources.ts";

/** Requests that the stage's throttle refused. API Gateway's own metric counts them with all other 4xx. */
export const throttledPattern = '{ $.gatewayError = "THROTTLED" || $.gatewayError = "QUOTA_EXCEEDED" }';

export class AccessLogMetrics extends Construct {
  constructor(scope: Construct, id: string, stage: Stage) {
    super(scope, id);
    const { namespace, name } = accessLogMetric(stage, "gatewayThrottled");
    new MetricFilter(this, "Throttled", {
      logGroup: LogGroup.fromLogGroupName(this, "AccessLog", logGroupNameOf(stage, "access")),
      filterPattern: FilterPattern.literal(throttledPattern),
      metricNamespace: namespace,
      metricName: name,
      metricValue: "1",
    });
  }
}
