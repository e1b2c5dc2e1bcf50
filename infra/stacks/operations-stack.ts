/**
 * Monitoring for operators: alarms with runbooks, notification of the people on call, a dashboard, saved queries, and the
 * functions that no caller invokes: those that run at a rate, those that deliver events, and those for operators.
 */
import { Stack, type StackProps } from "aws-cdk-lib";
import type { Construct } from "constructs";
import { bundleFolder } from "../build/bundle.ts";
import { operatorFunctions, scheduledFunctionsOf } from "../constructs/function-declarations.ts";
import type { AnyOperation } from "../../shared/contract/operation.ts";
import { AccessLogMetrics } from "../constructs/operations/access-log-metrics.ts";
import { AccountEvents } from "../constructs/operations/account-events.ts";
import { AlarmChannels } from "../constructs/operations/alarm-channels.ts";
import { Alarms } from "../constructs/operations/alarms.ts";
import { causeAlarms } from "../constructs/operations/causes.ts";
import { EventDelivery } from "../constructs/operations/event-delivery.ts";
import { OperationsDashboard } from "../constructs/operations/dashboard.ts";
import { objectiveAlarms } from "../constructs/operations/objectives.ts";
import { ScheduledFunctions } from "../constructs/operations/scheduled-functions.ts";
import { SavedQueries } from "../constructs/operations/saved-queries.ts";
import { Spending } from "../constructs/operations/spending.ts";
import { OperationFunction } from "../constructs/operation-function.ts";
import type { Stage } from "../stages/stage.ts";
import type { ApiStack } from "./api-stack.ts";
import { indexNames, type DataStack } from "./data-stack.ts";

export interface OperationsStackProps extends StackProps {
  readonly stage: Stage;
  readonly data: DataStack;
  readonly api: ApiStack;
  readonly operations: readonly AnyOperation[];
  /** The folder with the bundle of a function. Default: where `build` writes it. */
  readonly bundleOf?: (entryPoint: string) => string;
}

export class OperationsStack extends Stack {
  constructor(scope: Construct, id: string, props: OperationsStackProps) {
    super(scope, id, props);
    const { stage, data, api, operations, bundleOf = bundleFolder } = props;
    const { tableName, tableArn, streamArn } = data.usedTable;
    const { encryptionKey } = data.table;
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
      ...causeAlarms({ stage, operations, tableName, indexNames, region: this.region }),
      events.undelivered,
    ];
    const common = {
      stage,
      // API Gateway does not invoke them, so nothing else tells them the release.
      environment: { ...api.commonVariables, VERSION: api.release },
      resources: data.resources,
    };
    new ScheduledFunctions(this, "Scheduled", {
      ...common,
      declarations: scheduledFunctionsOf(stage),
      bundleOf: (entryPoint) => bundleOf(entryPoint),
    });
    new EventDelivery(this, "Events", { ...common, streamArn, bundleOf });
    for (const declaration of operatorFunctions) {
      new OperationFunction(this, declaration.id, { ...common, declaration, bundle: bundleOf(declaration.id) });
    }
    new Alarms(this, "Alarms", { stage, channels, declarations });
    new AccessLogMetrics(this, "AccessLogMetrics", stage);
    new Spending(this, "Spending", { stage, channels });
    new OperationsDashboard(this, "Overview", { stage, declarations });
    new SavedQueries(this, "SavedQueries", stage);
  }
}
