/** How events leave the table: stream, queues, bus and event source mappings in the template, with exactly the rights that they need. */
import type { Assembly, Template } from "../../infra/checks/assembly.ts";
import {
  usageCountFunction,
  webhookDeliveryFunction,
  webhookDispatchFunction,
} from "../../infra/constructs/function-declarations.ts";
import { dispatchedPrefixes } from "../../shared/webhooks/keys.ts";
import {
  exampleProduction,
  list,
  propertiesOf,
  resourcesOf,
  statementsOf,
  suiteAssembly,
  synthesized,
  templateOf,
  text,
} from "./support/templates.ts";

let prod: Assembly;
let local: Assembly;
let operations: Template;

beforeAll(async () => {
  [prod, local] = await Promise.all([synthesized(exampleProduction, { validate: false }), suiteAssembly()]);
  operations = templateOf(prod, "Operations");
}, 60_000);

const mappings = (): readonly any[] => propertiesOf(operations, "AWS::Lambda::EventSourceMapping");
const queues = (): readonly any[] => propertiesOf(operations, "AWS::SQS::Queue");
const idOf = (queueName: string): string =>
  resourcesOf(operations, "AWS::SQS::Queue").find(([, { Properties }]) => Properties.QueueName === queueName)![0];
const patternsOf = (mapping: any): readonly unknown[] =>
  mapping.FilterCriteria.Filters.map(({ Pattern }: any) => JSON.parse(Pattern));
const streamArn = (): string => text(mappings()[0].EventSourceArn);

/** The rights of a function's role beyond its logs, traces, table and secrets: `<action> <resource>`. */
function eventRights(roleName: string): readonly string[] {
  const [, role] = resourcesOf(operations, "AWS::IAM::Role").find(([name]) => name.includes(roleName))!;
  return statementsOf(role)
    .flatMap(({ Action, Resource }) =>
      list(Action).flatMap((action) => list(Resource).map((one) => `${String(action)} ${text(one)}`)),
    )
    .filter((right) => /^(sqs|events):|^dynamodb:(DescribeStream|GetRecords|GetShardIterator|ListStreams) /.test(right))
    .sort();
}

describe("the stream of the table", () => {
  test("has new items, and brings those that webhooks need to the dispatcher", () => {
    const [table] = propertiesOf(templateOf(prod, "Data"), "AWS::DynamoDB::Table");
    expect(table.StreamSpecification).toEqual({ StreamViewType: "NEW_IMAGE" });
    expect(streamArn()).toContain("StreamArn");
    expect(patternsOf(mappings()[0])).toEqual([
      { eventName: ["INSERT"], dynamodb: { Keys: { pk: { S: dispatchedPrefixes.map((prefix) => ({ prefix })) } } } },
    ]);
  });

  test("brings the events of subscriptions to the counting function, but for those that count nothing", () => {
    expect(patternsOf(mappings()[1])).toEqual([
      {
        eventName: ["INSERT"],
        dynamodb: {
          Keys: { pk: { S: [{ prefix: "EVENTS#" }] } },
          NewImage: {
            type: {
              S: ["created", "extended", "cancelled", "personal_data_erased", "expired"].map(
                (name) => `subscription.${name}`,
              ),
            },
          },
        },
      },
    ]);
  });

  test.each([
    [0, webhookDispatchFunction],
    [1, usageCountFunction],
  ])("is read from its beginning, and what fails is halved, repeated in bounds and told: %i", (index, declared) => {
    const { maxRetries, maxRecordAgeSeconds, batchSize, failedQueue } = declared;
    expect(mappings()[index]).toMatchObject({
      StartingPosition: "TRIM_HORIZON",
      BatchSize: batchSize,
      BisectBatchOnFunctionError: true,
      FunctionResponseTypes: ["ReportBatchItemFailures"],
      MaximumRetryAttempts: maxRetries,
      MaximumRecordAgeInSeconds: maxRecordAgeSeconds,
    });
    const { Destination } = mappings()[index].DestinationConfig.OnFailure;
    expect(text(Destination)).toBe(`<${idOf(`Portico-prod-${failedQueue}`)}.Arn>`);
    // DynamoDB keeps a record for a day.
    expect(maxRecordAgeSeconds).toBeLessThan(86_400);
  });
});

describe("the queues", () => {
  test("are encrypted, take TLS only, and are no FIFO queues", () => {
    expect(queues()).toHaveLength(4);
    for (const { SqsManagedSseEnabled, FifoQueue } of queues()) {
      expect(SqsManagedSseEnabled).toBe(true);
      expect(FifoQueue).toBeUndefined();
    }
    const policies = propertiesOf(operations, "AWS::SQS::QueuePolicy");
    expect(policies.flatMap(({ Queues }) => Queues.map(text)).sort()).toEqual(
      resourcesOf(operations, "AWS::SQS::Queue")
        .map(([id]) => `<${id}>`)
        .sort(),
    );
    for (const { PolicyDocument } of policies) {
      expect(PolicyDocument.Statement).toEqual([
        expect.objectContaining({
          ...{ Effect: "Deny", Action: "sqs:*", Principal: { AWS: "*" } },
          Condition: { Bool: { "aws:SecureTransport": "false" } },
        }),
      ]);
    }
  });

  test("keep a delivery hidden for six times the function's timeout, and give it up after some receives", () => {
    const { timeoutSeconds, maxReceives } = webhookDeliveryFunction;
    const deliveries = queues().find(({ QueueName }) => QueueName === "Portico-prod-deliveries");
    expect(deliveries.VisibilityTimeout).toBeGreaterThanOrEqual(6 * timeoutSeconds);
    expect(deliveries.RedrivePolicy).toEqual({
      deadLetterTargetArn: { "Fn::GetAtt": [idOf("Portico-prod-deliveries-failed"), "Arn"] },
      maxReceiveCount: maxReceives,
    });
  });

  test("keep what was given up for as long as SQS keeps a message", () => {
    const failed = queues().filter(({ QueueName }) => QueueName.endsWith("-failed"));
    expect(failed.map(({ MessageRetentionPeriod }) => MessageRetentionPeriod)).toEqual([
      1_209_600, 1_209_600, 1_209_600,
    ]);
  });

  test("bring deliveries in small batches, each message of which fails alone", () => {
    const { batchSize, maxConcurrency } = webhookDeliveryFunction;
    expect(mappings()[2]).toMatchObject({
      EventSourceArn: { "Fn::GetAtt": [idOf("Portico-prod-deliveries"), "Arn"] },
      BatchSize: batchSize,
      FunctionResponseTypes: ["ReportBatchItemFailures"],
      ScalingConfig: { MaximumConcurrency: maxConcurrency },
    });
  });
});

describe("the roles", () => {
  test("of the dispatcher read the stream, and send to its queues and its bus", () => {
    const stream = streamArn();
    const [[bus]] = resourcesOf(operations, "AWS::Events::EventBus") as [readonly [string, unknown]];
    expect(eventRights("webhookdispatchRole")).toEqual(
      [
        ...["DescribeStream", "GetRecords", "GetShardIterator"].map((action) => `dynamodb:${action} ${stream}`),
        "dynamodb:ListStreams *",
        `events:PutEvents <${bus}.Arn>`,
        `sqs:SendMessage <${idOf("Portico-prod-deliveries")}.Arn>`,
        `sqs:SendMessage <${idOf("Portico-prod-dispatches-failed")}.Arn>`,
      ].sort(),
    );
  });

  test("of the counting function read the stream, and send to the queue of what failed", () => {
    const stream = streamArn();
    expect(eventRights("usagecountRole")).toEqual(
      [
        ...["DescribeStream", "GetRecords", "GetShardIterator"].map((action) => `dynamodb:${action} ${stream}`),
        "dynamodb:ListStreams *",
        `sqs:SendMessage <${idOf("Portico-prod-counts-failed")}.Arn>`,
      ].sort(),
    );
  });

  test("of the delivery receive from its queue and send to it", () => {
    const own = `<${idOf("Portico-prod-deliveries")}.Arn>`;
    expect(eventRights("webhookdeliveryRole")).toEqual(
      ["DeleteMessage", "GetQueueAttributes", "ReceiveMessage", "SendMessage"].map((action) => `sqs:${action} ${own}`),
    );
  });

  test("of no other function know queue, stream or bus", () => {
    const roles = Object.values(prod.templates)
      .flatMap((template) => resourcesOf(template, "AWS::IAM::Role"))
      .filter(([name]) => !/(webhookdispatch|webhookdelivery|usagecount)Role/.test(name));
    expect(roles.length).toBeGreaterThan(50);
    for (const [, role] of roles) expect(JSON.stringify(role)).not.toMatch(/sqs:|events:|GetRecords|ListStreams/);
  });
});

test("only the two functions know the queue and the bus", () => {
  const withQueue = Object.values(prod.templates)
    .flatMap((template) => propertiesOf(template, "AWS::Lambda::Function"))
    .filter(({ Environment }) => Environment.Variables.DELIVERY_QUEUE_URL !== undefined);
  expect(
    withQueue.map(({ FunctionName, Environment }) => [
      FunctionName,
      Environment.Variables.EVENT_BUS_NAME !== undefined,
    ]),
  ).toEqual([
    ["Portico-prod-webhook-dispatch", true],
    ["Portico-prod-webhook-delivery", false],
  ]);
});

test("webhooks reach private addresses on the local stage only", () => {
  const settings = (assembly: Assembly) =>
    propertiesOf(templateOf(assembly, "Operations"), "AWS::Lambda::Function")
      .filter(({ FunctionName }) => FunctionName.endsWith("-webhook-delivery"))
      .map(({ Environment }) => Environment.Variables.WEBHOOKS_TO_PRIVATE_ADDRESSES);
  expect(settings(prod)).toEqual([undefined]);
  expect(settings(local)).toEqual(["true"]);
});
