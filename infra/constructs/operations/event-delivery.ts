/**
 * What the table's stream invokes. The dispatch function sends one message for each webhook endpoint and puts the event on the
 * bus; the queue invokes the delivery function. The counting function adds events to the counts of subscriptions: it reads the
 * stream by itself, so neither delays the other. See `docs/decisions/0083-*.md` and `0089-*.md`.
 */
import { Duration } from "aws-cdk-lib";
import { CfnEventBus } from "aws-cdk-lib/aws-events";
import { PolicyStatement } from "aws-cdk-lib/aws-iam";
import { CfnEventSourceMapping } from "aws-cdk-lib/aws-lambda";
import { Queue, QueueEncryption, type QueueProps } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import type { Stage } from "../../stages/stage.ts";
import { acknowledge } from "../acknowledge.ts";
import {
  usageCountFunction,
  webhookDeliveryFunction,
  webhookDispatchFunction,
  type QueueFunction,
  type StreamFunction,
} from "../function-declarations.ts";
import { apiNameOf, queueNameOf, type QueueId } from "../names.ts";
import { OperationFunction, type CommonVariables, type Resources } from "../operation-function.ts";
import { removalPolicyOf } from "../removal.ts";

export interface EventDeliveryProps {
  readonly stage: Stage;
  readonly environment: CommonVariables;
  readonly resources: Resources;
  /** ARN of the stream of the table that the stage uses. */
  readonly streamArn: string;
  /** The folder with the bundle of a function. */
  readonly bundleOf: (entryPoint: string) => string;
}

/** What a function needs beside what all functions have. */
interface Needs {
  readonly environment: Partial<CommonVariables>;
  readonly statements: readonly PolicyStatement[];
}

/** What fails for good stays as long as SQS keeps a message: an operator decides what becomes of it. */
const failedRetention = Duration.days(14);

/** Longer than the longest wait of one hop and the receives after it; a delivery of three days is many messages. */
const deliveryRetention = Duration.days(4);

/** AWS's advice for a queue that Lambda reads: a message must not return while Lambda still retries its batch. */
const visibilityPerTimeout = 6;

export class EventDelivery extends Construct {
  readonly #props: EventDeliveryProps;
  readonly #deliveries: Queue;
  readonly #bus: CfnEventBus;

  constructor(scope: Construct, id: string, props: EventDeliveryProps) {
    super(scope, id);
    this.#props = props;
    const failedDeliveries = this.#queue("deliveries-failed", { retentionPeriod: failedRetention });
    const { timeoutSeconds, maxReceives } = webhookDeliveryFunction;
    this.#deliveries = this.#queue("deliveries", {
      retentionPeriod: deliveryRetention,
      visibilityTimeout: Duration.seconds(visibilityPerTimeout * timeoutSeconds),
      deadLetterQueue: { queue: failedDeliveries, maxReceiveCount: maxReceives },
    });
    this.#bus = new CfnEventBus(this, "Bus", {
      name: apiNameOf(props.stage),
      description: "The events of partners, for the company's own systems",
    });
    this.#read(webhookDispatchFunction, {
      environment: { DELIVERY_QUEUE_URL: this.#deliveries.queueUrl, EVENT_BUS_NAME: this.#bus.ref },
      statements: [
        right(["sqs:SendMessage"], this.#deliveries.queueArn),
        right(["events:PutEvents"], this.#bus.attrArn),
      ],
    });
    this.#read(usageCountFunction, { environment: {}, statements: [] });
    this.#deliver(webhookDeliveryFunction);
  }

  #queue(id: QueueId, props: QueueProps): Queue {
    const { stage } = this.#props;
    return new Queue(this, id, {
      ...props,
      queueName: queueNameOf(stage, id),
      // SQS's own key: a message holds ids only, and a key of the stage would cost calls to KMS, and a right on the key for each
      // sender and reader.
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      removalPolicy: removalPolicyOf(stage),
    });
  }

  /** A function that the stream invokes. */
  #read(declaration: StreamFunction, more: Needs): void {
    const { streamArn } = this.#props;
    const failed = this.#queue(declaration.failedQueue, { retentionPeriod: failedRetention });
    acknowledge(failed, {
      "AwsSolutions-SQS3":
        "it is itself the queue of what failed, of an event source mapping, which the rule does not see",
    });
    const made = this.#function(declaration, {
      environment: more.environment,
      statements: [
        // Lambda reads the stream with the role of the function, and ListStreams knows no resources.
        right(["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"], streamArn),
        right(["dynamodb:ListStreams"], "*"),
        right(["sqs:SendMessage"], failed.queueArn),
        ...more.statements,
      ],
    });
    const { insertedUnder, ofTypes } = declaration;
    const dynamodb = {
      Keys: { pk: { S: insertedUnder.map((prefix) => ({ prefix })) } },
      ...(ofTypes !== undefined && { NewImage: { type: { S: ofTypes } } }),
    };
    const pattern = { eventName: ["INSERT"], dynamodb };
    const mapping = new CfnEventSourceMapping(this, `${declaration.id}-records`, {
      functionName: made.arn,
      eventSourceArn: streamArn,
      // From the oldest record: between the creation of the stream and that of the mapping no event gets lost.
      startingPosition: "TRIM_HORIZON",
      batchSize: declaration.batchSize,
      bisectBatchOnFunctionError: true,
      maximumRetryAttempts: declaration.maxRetries,
      maximumRecordAgeInSeconds: declaration.maxRecordAgeSeconds,
      functionResponseTypes: ["ReportBatchItemFailures"],
      filterCriteria: { filters: [{ pattern: JSON.stringify(pattern) }] },
      destinationConfig: { onFailure: { destination: failed.queueArn } },
    });
    mapping.node.addDependency(made);
  }

  #deliver(declaration: QueueFunction): void {
    const { queueArn, queueUrl } = this.#deliveries;
    const made = this.#function(declaration, {
      environment: { DELIVERY_QUEUE_URL: queueUrl },
      statements: [
        // Lambda reads the queue with the role of the function.
        right(["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"], queueArn),
        right(["sqs:SendMessage"], queueArn),
      ],
    });
    const mapping = new CfnEventSourceMapping(this, `${declaration.id}-messages`, {
      functionName: made.arn,
      eventSourceArn: queueArn,
      batchSize: declaration.batchSize,
      functionResponseTypes: ["ReportBatchItemFailures"],
      scalingConfig: { maximumConcurrency: declaration.maxConcurrency },
    });
    mapping.node.addDependency(made);
  }

  #function(declaration: StreamFunction | QueueFunction, more: Needs): OperationFunction {
    const { stage, environment, resources, bundleOf } = this.#props;
    return new OperationFunction(this, declaration.id, {
      stage,
      declaration,
      bundle: bundleOf(declaration.id),
      environment: { ...environment, ...more.environment },
      resources,
      statements: more.statements,
    });
  }
}

function right(actions: string[], resource: string): PolicyStatement {
  return new PolicyStatement({ actions, resources: [resource] });
}
