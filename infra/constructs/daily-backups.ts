/** Daily backups of the table by AWS Backup, with a copy in another account or Region if the stage asks for it. */
import { Arn, ArnFormat, Duration, Stack } from "aws-cdk-lib";
import { BackupPlan, BackupPlanRule, BackupResource, BackupVault } from "aws-cdk-lib/aws-backup";
import { Schedule } from "aws-cdk-lib/aws-events";
import { AccountPrincipal, PolicyStatement } from "aws-cdk-lib/aws-iam";
import { Key } from "aws-cdk-lib/aws-kms";
import { Construct } from "constructs";
import type { Copies } from "../stages/copies.ts";
import type { Stage } from "../stages/stage.ts";
import { acknowledge } from "./acknowledge.ts";
import { apiNameOf } from "./names.ts";
import { removalPolicyOf } from "./removal.ts";

export interface DailyBackupsProps {
  readonly stage: Stage;
  readonly tableArn: string;
  readonly settings: NonNullable<Copies["dailyBackups"]>;
}

/** The hours after which a backup that has not begun counts as failed. */
const startHours = 2;

export class DailyBackups extends Construct {
  constructor(scope: Construct, id: string, { stage, tableArn, settings }: DailyBackupsProps) {
    super(scope, id);
    const { keptDays, copyTo } = settings;
    // The vault has a key of its own: a key of AWS's cannot be shared with the account of a copy.
    const key = new Key(this, "Key", {
      description: `Portico ${stage.name}: backups`,
      enableKeyRotation: true,
      removalPolicy: removalPolicyOf(stage),
    });
    const vault = new BackupVault(this, "Vault", {
      backupVaultName: apiNameOf(stage),
      encryptionKey: key,
      // Even the stack cannot delete a vault that holds backups.
      removalPolicy: removalPolicyOf(stage),
    });
    const copy = copyTo === undefined ? undefined : Arn.split(copyTo, ArnFormat.COLON_RESOURCE_NAME).account;
    if (copy !== undefined && copy !== Stack.of(this).account) shareKey(key, copy);
    const deleteAfter = Duration.days(keptDays);
    const plan = new BackupPlan(this, "Plan", {
      backupPlanName: apiNameOf(stage),
      backupPlanRules: [
        new BackupPlanRule({
          ruleName: "daily",
          backupVault: vault,
          scheduleExpression: Schedule.cron({ hour: "3", minute: "0" }),
          startWindow: Duration.hours(startHours),
          completionWindow: Duration.hours(4 * startHours),
          deleteAfter,
          ...(copyTo !== undefined && {
            copyActions: [
              { destinationBackupVault: BackupVault.fromBackupVaultArn(this, "Elsewhere", copyTo), deleteAfter },
            ],
          }),
        }),
      ],
    });
    const selection = plan.addSelection("Table", { resources: [BackupResource.fromArn(tableArn)] });
    acknowledge(selection, {
      "AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForBackup]":
        "AWS maintains the rights that AWS Backup needs; only AWS Backup can assume the role",
    });
  }
}

/** Lets AWS Backup in the account of the copies read the backups. */
function shareKey(key: Key, account: string): void {
  key.addToResourcePolicy(
    new PolicyStatement({
      sid: "CopyToTheAccountOfTheBackups",
      principals: [new AccountPrincipal(account)],
      actions: ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey*", "kms:ReEncrypt*"],
      resources: ["*"],
    }),
  );
  key.addToResourcePolicy(
    new PolicyStatement({
      sid: "GrantToAwsServicesOfThatAccount",
      principals: [new AccountPrincipal(account)],
      actions: ["kms:CreateGrant"],
      resources: ["*"],
      conditions: { Bool: { "kms:GrantIsForAWSResource": "true" } },
    }),
  );
}
