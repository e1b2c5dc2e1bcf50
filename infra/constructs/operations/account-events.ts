/** Account events without a metric. EventBridge sends them to the people on call. */
import { CfnRule } from "aws-cdk-lib/aws-events";
import { Construct } from "constructs";
import type { Stage } from "../../stages/stage.ts";
import { apiNameOf } from "../names.ts";
import type { AlarmChannels, Severity } from "./alarm-channels.ts";
import { runbookOf } from "./alarms.ts";
import { countAlarm, type MetricAlarm } from "./alarm-declarations.ts";

interface AccountEvent {
  readonly name: string;
  readonly severity: Severity;
  readonly means: string;
  readonly pattern: Readonly<Record<string, unknown>>;
}

interface Protected {
  readonly stage: Stage;
  readonly tableName: string;
  readonly tableArn: string;
  readonly keyArn: string;
}

/** An AWS API call that CloudTrail reports. */
const apiCall = (service: string, detail: Readonly<Record<string, unknown>>): AccountEvent["pattern"] => ({
  source: [`aws.${service}`],
  "detail-type": ["AWS API Call via CloudTrail"],
  detail: { eventSource: [`${service}.amazonaws.com`], errorCode: [{ exists: false }], ...detail },
});

const failedStackStates = [
  ...["CREATE_FAILED", "DELETE_FAILED", "UPDATE_FAILED"],
  ...["ROLLBACK_IN_PROGRESS", "ROLLBACK_FAILED", "UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_FAILED"],
];

function eventsOf({ stage, tableName, tableArn, keyArn }: Protected): readonly AccountEvent[] {
  const table = [tableName, tableArn];
  return [
    {
      name: "key-lost",
      severity: "page",
      means: "The key of the table and the secrets is disabled or scheduled for deletion: no data can be read.",
      pattern: apiCall("kms", { eventName: ["ScheduleKeyDeletion", "DisableKey"], resources: { ARN: [keyArn] } }),
    },
    {
      name: "secret-lost",
      severity: "page",
      means: "A secret of the stage is scheduled for deletion: no function can read it.",
      pattern: apiCall("secretsmanager", {
        eventName: ["DeleteSecret"],
        requestParameters: { secretId: [{ wildcard: `*portico/${stage.name}/*` }] },
      }),
    },
    {
      name: "table-unprotected",
      severity: "page",
      means: "The table is deleted, or its protection against deletion is switched off.",
      pattern: apiCall("dynamodb", {
        requestParameters: { tableName: table },
        $or: [
          { eventName: ["DeleteTable"] },
          { eventName: ["UpdateTable"], requestParameters: { deletionProtectionEnabled: [false] } },
        ],
      }),
    },
    {
      name: "backups-off",
      severity: "ticket",
      means: "The table's point-in-time recovery is switched off.",
      pattern: apiCall("dynamodb", {
        eventName: ["UpdateContinuousBackups"],
        requestParameters: {
          tableName: table,
          pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: [false] },
        },
      }),
    },
    {
      name: "stack-failed",
      severity: "ticket",
      means: "A deployment of a stack fails.",
      pattern: {
        source: ["aws.cloudformation"],
        "detail-type": ["CloudFormation Stack Status Change"],
        detail: {
          "stack-id": [{ wildcard: `arn:*:stack/${apiNameOf(stage)}-*` }],
          "status-details": { status: failedStackStates },
        },
      },
    },
  ];
}

export interface AccountEventsProps extends Protected {
  readonly channels: AlarmChannels;
}

export class AccountEvents extends Construct {
  /** An alarm on events that were not delivered to their topic. */
  readonly undelivered: MetricAlarm;

  constructor(scope: Construct, id: string, { channels, ...watched }: AccountEventsProps) {
    super(scope, id);
    const { stage } = watched;
    const events = eventsOf(watched);
    const ruleName = (name: string): string => `${apiNameOf(stage)}-${name}`;
    for (const { name, severity, means, pattern } of events) {
      const runbook = runbookOf(stage, "account-events");
      new CfnRule(this, name, {
        name: ruleName(name),
        description: `${means} Runbook: ${runbook}`,
        eventPattern: pattern,
        targets: [
          {
            id: severity,
            arn: channels.topics[severity].topicArn,
            inputTransformer: {
              inputPathsMap: { time: "$.time", who: "$.detail.userIdentity.arn", account: "$.account", id: "$.id" },
              inputTemplate: JSON.stringify(
                `${ruleName(name)}: ${means} At <time> in account <account> by <who>, event <id>. Runbook: ${runbook}`,
              ),
            },
          },
        ],
      });
    }
    this.undelivered = countAlarm({
      name: "events-undelivered",
      severity: "ticket",
      means: "EventBridge cannot deliver events of the account to the topics of the alarms.",
      runbook: "account-events",
      count: events.map(({ name }) => ({
        namespace: "AWS/Events",
        name: "FailedInvocations",
        dimensions: { RuleName: ruleName(name) },
        statistic: "Sum",
      })),
      periodSeconds: 300,
      above: 0,
    });
  }
}
