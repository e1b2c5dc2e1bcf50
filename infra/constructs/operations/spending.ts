/** Limits the cost: a budget with a forecast, and a sampling rule for traces. */
import { CfnBudget } from "aws-cdk-lib/aws-budgets";
import { CfnSamplingRule } from "aws-cdk-lib/aws-xray";
import { Construct } from "constructs";
import type { Stage } from "../../stages/stage.ts";
import { apiNameOf } from "../names.ts";
import type { AlarmChannels } from "./alarm-channels.ts";

export class Spending extends Construct {
  constructor(
    scope: Construct,
    id: string,
    { stage, channels }: { readonly stage: Stage; readonly channels: AlarmChannels },
  ) {
    super(scope, id);
    const { monthlyBudgetDollars, traceShare } = stage.operations;
    const notify = (notificationType: "ACTUAL" | "FORECASTED", threshold: number) => ({
      notification: { notificationType, threshold, thresholdType: "PERCENTAGE", comparisonOperator: "GREATER_THAN" },
      subscribers: [{ subscriptionType: "SNS", address: channels.topics.ticket.topicArn }],
    });
    new CfnBudget(this, "Budget", {
      budget: {
        budgetName: apiNameOf(stage),
        budgetType: "COST",
        timeUnit: "MONTHLY",
        budgetLimit: { amount: monthlyBudgetDollars, unit: "USD" },
        // The whole account: a filter by tag matches nothing until the tag is activated for billing.
      },
      notificationsWithSubscribers: [notify("FORECASTED", 100), notify("ACTUAL", 80), notify("ACTUAL", 100)],
    });
    // X-Ray's default sampling rate is 5 %.
    new CfnSamplingRule(this, "Sampling", {
      samplingRule: {
        ruleName: apiNameOf(stage),
        version: 1,
        priority: 100,
        reservoirSize: 1,
        fixedRate: traceShare,
        serviceName: `${apiNameOf(stage)}/${stage.name}`,
        serviceType: "AWS::ApiGateway::Stage",
        host: "*",
        httpMethod: "*",
        urlPath: "*",
        resourceArn: "*",
      },
    });
  }
}
