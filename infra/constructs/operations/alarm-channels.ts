/** The path from an alarm to a person: two encrypted topics, their publishers and their subscribers. */
import { Duration, Stack } from "aws-cdk-lib";
import { PolicyStatement, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { Key } from "aws-cdk-lib/aws-kms";
import { Topic } from "aws-cdk-lib/aws-sns";
import { EmailSubscription, SmsSubscription } from "aws-cdk-lib/aws-sns-subscriptions";
import { Construct } from "constructs";
import type { Stage } from "../../stages/stage.ts";
import { apiNameOf } from "../names.ts";
import { removalPolicyOf } from "../removal.ts";

/** A page needs action at once. A ticket is read on the next working day. */
export const severities = ["page", "ticket"] as const;
export type Severity = (typeof severities)[number];

/** AWS services that publish alarms, with the condition that prevents publishing from other accounts. */
const publishers = [
  { sid: "Alarms", service: "cloudwatch.amazonaws.com", ofThisAccount: true },
  { sid: "Budgets", service: "budgets.amazonaws.com", ofThisAccount: true },
  // EventBridge sends no source account or ARN, so a condition would silently drop every event.
  { sid: "Events", service: "events.amazonaws.com", ofThisAccount: false },
] as const;

export class AlarmChannels extends Construct {
  readonly topics: Readonly<Record<Severity, Topic>>;

  constructor(scope: Construct, id: string, stage: Stage) {
    super(scope, id);
    const { alarms } = stage.operations;
    const key = this.#key(stage);
    const topic = (severity: Severity): Topic => {
      const made = new Topic(this, severity, {
        topicName: `${apiNameOf(stage)}-${severity}`,
        displayName: `Portico ${stage.name} ${severity}`,
        masterKey: key,
        enforceSSL: true,
      });
      const address = alarms?.[severity];
      if (address !== undefined) {
        made.addSubscription(address.startsWith("+") ? new SmsSubscription(address) : new EmailSubscription(address));
      }
      this.#letServicesPublish(made);
      return made;
    };
    this.topics = { page: topic("page"), ticket: topic("ticket") };
  }

  /** A topic's policy replaces the default policy of SNS, so it must allow each publisher. */
  #letServicesPublish(topic: Topic): void {
    for (const { sid, service, ofThisAccount } of publishers) {
      topic.addToResourcePolicy(
        new PolicyStatement({
          sid,
          principals: [new ServicePrincipal(service)],
          actions: ["sns:Publish"],
          resources: [topic.topicArn],
          ...(ofThisAccount && { conditions: this.#thisAccount }),
        }),
      );
    }
  }

  /** The services may not use AWS's key for SNS and would silently drop every message, so the topics have their own key. */
  #key(stage: Stage): Key {
    const key = new Key(this, "Key", {
      description: `Portico ${stage.name}: alarms`,
      enableKeyRotation: true,
      pendingWindow: Duration.days(7),
      removalPolicy: removalPolicyOf(stage),
    });
    for (const { sid, service, ofThisAccount } of publishers) {
      key.addToResourcePolicy(
        new PolicyStatement({
          sid,
          principals: [new ServicePrincipal(service)],
          actions: ["kms:Decrypt", "kms:GenerateDataKey*"],
          resources: ["*"],
          ...(ofThisAccount && { conditions: this.#thisAccount }),
        }),
      );
    }
    return key;
  }

  get #thisAccount(): Record<string, Record<string, string>> {
    return { StringEquals: { "aws:SourceAccount": Stack.of(this).account } };
  }
}
