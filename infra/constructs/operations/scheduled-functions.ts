/** The functions that EventBridge invokes at a rate, each with the rule that does. */
import { Stack } from "aws-cdk-lib";
import { CfnRule } from "aws-cdk-lib/aws-events";
import { CfnEventInvokeConfig, CfnPermission } from "aws-cdk-lib/aws-lambda";
import { Construct } from "constructs";
import type { Stage } from "../../stages/stage.ts";
import type { ScheduledFunction } from "../function-declarations.ts";
import { functionNameOf } from "../names.ts";
import { OperationFunction, type CommonVariables, type Resources } from "../operation-function.ts";

export interface ScheduledFunctionsProps {
  readonly stage: Stage;
  readonly declarations: readonly ScheduledFunction[];
  readonly environment: CommonVariables;
  readonly resources: Resources;
  /** The folder with the bundle of a function. */
  readonly bundleOf: (entryPoint: string) => string;
}

export class ScheduledFunctions extends Construct {
  constructor(scope: Construct, id: string, { declarations, ...props }: ScheduledFunctionsProps) {
    super(scope, id);
    for (const declaration of declarations) this.#schedule(declaration, props);
  }

  #schedule(
    declaration: ScheduledFunction,
    { stage, environment, resources, bundleOf }: Omit<ScheduledFunctionsProps, "declarations">,
  ): void {
    const { id, everyMinutes } = declaration;
    const bundle = bundleOf(id);
    const invoked = new OperationFunction(this, id, { stage, declaration, bundle, environment, resources });
    const rule = new CfnRule(this, `${id}-rule`, {
      name: functionNameOf(stage, id),
      description: `Runs ${id} every ${everyMinutes === 1 ? "minute" : `${everyMinutes} minutes`}`,
      scheduleExpression: everyMinutes === 1 ? "rate(1 minute)" : `rate(${everyMinutes} minutes)`,
      // An event that cannot be delivered in time is worth nothing: the next one comes soon.
      targets: [{ id: "function", arn: invoked.arn, retryPolicy: { maximumEventAgeInSeconds: 60 * everyMinutes } }],
    });
    new CfnPermission(this, `${id}-permission`, {
      action: "lambda:InvokeFunction",
      functionName: invoked.arn,
      principal: "events.amazonaws.com",
      sourceAccount: Stack.of(this).account,
      sourceArn: rule.attrArn,
    });
    new CfnEventInvokeConfig(this, `${id}-invocation`, {
      functionName: invoked.function.functionName,
      qualifier: "$LATEST",
      // A failed run counts as failed; the next run is the repetition.
      maximumRetryAttempts: 0,
      maximumEventAgeInSeconds: 60 * everyMinutes,
    });
  }
}
