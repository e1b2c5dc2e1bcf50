/** Streams and queues invoke their functions, and a bus takes events: the whole way through a host. */
import { setTimeout as delay } from "node:timers/promises";
import { EventBridgeClient, PutEventsCommand } from "@aws-sdk/client-eventbridge";
import { SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { startHost, type Host, type HostOptions } from "../../../infra/local/host.ts";
import { errorAnswer } from "../../../infra/local/services/service-proxy.ts";
import { tableClientOf, writeItem } from "../../../infra/local/services/table-contents.ts";
import { apiResources, functionResource, temporaryFolder, writeAssembly, unusedRoute } from "./fixture.ts";

const bundles = {
  none: "export const handler = async () => ({ statusCode: 204 });",
  reader: `export const handler = async ({ Records }) => {
    const keys = Records.map(({ dynamodb }) => dynamodb.Keys.pk.S);
    console.log("read " + keys.join(" "));
    if (keys.includes("EVENT#poison")) throw new Error("poisoned");
    return { batchItemFailures: [] };
  };`,
  worker: `export const handler = async ({ Records }) => {
    for (const { body, attributes } of Records) console.log("worked " + body + " " + (attributes.MessageGroupId ?? ""));
    const failed = Records.filter(({ body }) => body.startsWith("bad"));
    return { batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) };
  };`,
  listener: `export const handler = async (event) => console.log("heard " + event["detail-type"] + " " + event.detail.n);`,
};

const get = (name: string, attribute = "Arn") => ({ "Fn::GetAtt": [name, attribute] });
const allow = (Action: string | readonly string[], Resource: unknown) => ({ Effect: "Allow", Action, Resource });

const rights = {
  reader: [
    allow(["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"], get("Things", "StreamArn")),
    allow("dynamodb:ListStreams", "*"),
    allow("sqs:SendMessage", get("Failed")),
    allow("sqs:SendMessage", get("Work")),
    allow("events:PutEvents", get("Bus")),
  ],
  worker: [allow(["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"], get("Work"))],
};

interface Variation {
  readonly stream?: object;
  readonly messages?: object;
  readonly queue?: object;
  readonly rule?: object;
  readonly policy?: object;
  readonly readerRights?: readonly object[];
  readonly workerRights?: readonly object[];
}

const role = (Statement: readonly object[]) => ({
  Type: "AWS::IAM::Role",
  Properties: { Policies: [{ PolicyName: "declared", PolicyDocument: { Statement } }] },
});

function template(variation: Variation = {}): object {
  const { stream, messages, queue, rule, policy } = variation;
  return {
    Parameters: { PublicUrl: { Type: "String" } },
    Resources: {
      ...apiResources,
      ...unusedRoute,
      ReaderRole: role(variation.readerRights ?? rights.reader),
      WorkerRole: role(variation.workerRights ?? rights.worker),
      Reader: functionResource("reader", {
        FunctionName: "reader",
        Role: get("ReaderRole"),
        Environment: { Variables: { WORK: { Ref: "Work" }, BUS: { Ref: "Bus" } } },
      }),
      Worker: functionResource("worker", { FunctionName: "worker", Role: get("WorkerRole") }),
      Listener: functionResource("listener", { FunctionName: "listener" }),
      Things: {
        Type: "AWS::DynamoDB::Table",
        Properties: {
          TableName: "Things",
          BillingMode: "PAY_PER_REQUEST",
          AttributeDefinitions: [{ AttributeName: "pk", AttributeType: "S" }],
          KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
          StreamSpecification: { StreamViewType: "NEW_IMAGE" },
        },
      },
      Failed: { Type: "AWS::SQS::Queue", Properties: { QueueName: "failed" } },
      Work: {
        Type: "AWS::SQS::Queue",
        Properties: {
          QueueName: "work",
          VisibilityTimeout: 30,
          RedrivePolicy: { deadLetterTargetArn: get("Failed"), maxReceiveCount: 2 },
          ...queue,
        },
      },
      OnlyTls: {
        Type: "AWS::SQS::QueuePolicy",
        Properties: {
          Queues: [{ Ref: "Work" }],
          PolicyDocument: {
            Statement: [
              {
                ...{ Effect: "Deny", Principal: "*", Action: "sqs:*", Resource: get("Work") },
                Condition: { Bool: { "aws:SecureTransport": "false" } },
                ...policy,
              },
            ],
          },
        },
      },
      Bus: { Type: "AWS::Events::EventBus", Properties: { Name: "things" } },
      Rule: {
        Type: "AWS::Events::Rule",
        Properties: {
          Name: "hear",
          EventBusName: { Ref: "Bus" },
          EventPattern: { detail: { kind: ["loud"] } },
          Targets: [{ Id: "function", Arn: get("Listener") }],
          ...rule,
        },
      },
      Permission: {
        Type: "AWS::Lambda::Permission",
        Properties: {
          ...{ Action: "lambda:InvokeFunction", FunctionName: get("Listener"), Principal: "events.amazonaws.com" },
          SourceArn: "arn:aws:events:us-east-1:000000000000:rule/things/hear",
        },
      },
      Records: {
        Type: "AWS::Lambda::EventSourceMapping",
        Properties: {
          FunctionName: get("Reader"),
          EventSourceArn: get("Things", "StreamArn"),
          StartingPosition: "TRIM_HORIZON",
          BatchSize: 10,
          BisectBatchOnFunctionError: true,
          MaximumRetryAttempts: 1,
          MaximumRecordAgeInSeconds: 3600,
          FunctionResponseTypes: ["ReportBatchItemFailures"],
          FilterCriteria: {
            Filters: [{ Pattern: '{"eventName":["INSERT"],"dynamodb":{"Keys":{"pk":{"S":[{"prefix":"EVENT#"}]}}}}' }],
          },
          DestinationConfig: { OnFailure: { Destination: get("Failed") } },
          ...stream,
        },
      },
      Messages: {
        Type: "AWS::Lambda::EventSourceMapping",
        Properties: {
          FunctionName: get("Worker"),
          EventSourceArn: get("Work"),
          BatchSize: 5,
          FunctionResponseTypes: ["ReportBatchItemFailures"],
          ScalingConfig: { MaximumConcurrency: 2 },
          ...messages,
        },
      },
    },
  };
}

const lines: string[] = [];
const reports: string[] = [];
const assemblies: { remove(): void }[] = [];
const hosts: Host[] = [];

async function start(variation?: Variation, options: Partial<HostOptions> = {}): Promise<Host> {
  const assembly = writeAssembly({ Fixture: template(variation) }, bundles);
  assemblies.push(assembly);
  const host = await startHost({
    assembly: assembly.folder,
    runEventSources: true,
    logSink: ({ text }) => lines.push(text),
    report: (line) => reports.push(line),
    ...options,
  });
  hosts.push(host);
  return host;
}

afterEach(async () => {
  for (const host of hosts.splice(0)) await host.close();
  for (const assembly of assemblies.splice(0)) assembly.remove();
  lines.length = 0;
  reports.length = 0;
});

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await delay(10);
}

async function put({ engineEndpoint, model }: Host, ...keys: readonly string[]): Promise<void> {
  const client = tableClientOf(engineEndpoint, model.region);
  for (const pk of keys) await writeItem(client, "Things", { pk });
  client.destroy();
}

/** The keys that the stream's function has read, in order. */
const read = (): readonly string[] =>
  lines.filter((line) => line.includes("read ")).flatMap((line) => line.replace(/^.*read /, "").split(" "));
const worked = (): readonly string[] => lines.flatMap((line) => /worked (.*?) *$/.exec(line)?.[1] ?? []);

/** What a function knows to call the services. */
function surroundings(host: Host, name: string) {
  const model = host.model.functions.find((one) => one.name === name)!;
  const variables = host.environmentOf(model);
  const credentials = host.proxy.keyOf(model.id);
  return { variables, client: { endpoint: host.proxy.url, region: "us-east-1", credentials, maxAttempts: 1 } };
}

test("new records that match the filter reach the function, and a poison record is given up alone", async () => {
  const host = await start();
  await put(host, "EVENT#1", "OTHER#1", "EVENT#1", "EVENT#poison", "EVENT#2");
  await until(() => host.queues.counts()["failed"]?.visible === 1 && read().includes("EVENT#2"));
  expect(new Set(read())).toEqual(new Set(["EVENT#1", "EVENT#poison", "EVENT#2"]));
  const [message] = host.queues.messages("failed");
  expect(JSON.parse(message!.body)).toMatchObject({
    requestContext: { condition: "RetryAttemptsExhausted", approximateInvokeCount: 2 },
    DDBStreamBatchInfo: { batchSize: 1, streamArn: expect.stringContaining("table/Things/stream/") },
  });
  const used = host.rights().rights.filter(({ uses }) => uses > 0);
  expect(used.map(({ functionName, action }) => `${functionName} ${action}`)).toEqual([
    "reader dynamodb:DescribeStream",
    "reader dynamodb:GetRecords",
    "reader dynamodb:GetShardIterator",
    "reader dynamodb:ListStreams",
    "reader sqs:SendMessage",
  ]);
});

test("a restart goes on where the host stopped: nothing is lost, nothing comes again", async () => {
  const data = temporaryFolder();
  try {
    const first = await start({}, { dataDir: data.folder });
    await put(first, "EVENT#1");
    await until(() => read().includes("EVENT#1"));
    await first.close();
    const paused = await start({}, { dataDir: data.folder, runEventSources: false });
    await put(paused, "EVENT#2");
    const { variables, client } = surroundings(paused, "reader");
    await new SQSClient(client).send(new SendMessageCommand({ QueueUrl: variables["WORK"], MessageBody: "kept" }));
    await paused.close();
    const next = await start({}, { dataDir: data.folder });
    await until(() => read().includes("EVENT#2") && worked().includes("kept"));
    expect(read()).toEqual(["EVENT#1", "EVENT#2"]);
    await until(() => next.queues.messages("work").length === 0);
    await next.close();
  } finally {
    data.remove();
  }
});

test("messages reach the function once, and those it reports come again until they are given up", async () => {
  const host = await start();
  const { variables, client } = surroundings(host, "reader");
  const sqs = new SQSClient(client);
  const send = (MessageBody: string, more: object = {}) =>
    sqs.send(new SendMessageCommand({ QueueUrl: variables["WORK"], MessageBody, ...more }));
  await send("good", { MessageGroupId: "a" });
  await send("bad");
  await send("later", { DelaySeconds: 600 });
  await until(() => worked().length === 2 && host.queues.counts()["work"]?.inFlight === 1);
  expect(worked()).toEqual(expect.arrayContaining(["good a", "bad"]));
  host.queues.advance(30_000);
  await until(() => worked().filter((body) => body === "bad").length === 2);
  host.queues.advance(30_000);
  await until(() => host.queues.counts()["failed"]?.visible === 1);
  expect(host.queues.counts()["work"]).toEqual({ visible: 0, inFlight: 0, delayed: 1 });
  host.queues.advance(540_000);
  await until(() => worked().includes("later"));
  expect(worked().filter((body) => body === "good a")).toHaveLength(1);
  sqs.destroy();
});

test("the bus keeps events, and invokes the functions of rules that match", async () => {
  const host = await start();
  const { variables, client } = surroundings(host, "reader");
  const bus = new EventBridgeClient(client);
  const entry = (kind: string, n: number) => ({
    ...{ EventBusName: variables["BUS"], Source: "things", DetailType: "thing.made" },
    Detail: JSON.stringify({ kind, n }),
  });
  const broken = { ...entry("loud", 3), Detail: "no JSON" };
  const answer = await bus.send(new PutEventsCommand({ Entries: [entry("loud", 1), entry("quiet", 2), broken] }));
  expect(answer).toMatchObject({ FailedEntryCount: 1, Entries: [{}, {}, { ErrorCode: "MalformedDetail" }] });
  await until(() => lines.some((line) => line.includes("heard thing.made 1")));
  expect(host.buses.events("things").map(({ detail }) => detail)).toEqual([
    { kind: "loud", n: 1 },
    { kind: "quiet", n: 2 },
  ]);
  const other = { ...entry("loud", 1), EventBusName: "other" };
  await expect(bus.send(new PutEventsCommand({ Entries: [other] }))).rejects.toThrow(
    "is not authorized to perform: events:PutEvents on resource: arn:aws:events:us-east-1:000000000000:event-bus/other",
  );
  bus.destroy();
});

test("interceptors stand before queues and buses, too", async () => {
  const seen: string[] = [];
  const host = await start(
    {},
    {
      interceptors: [
        async ({ service, action }, next) => {
          seen.push(`${service} ${action}`);
          return service === "sqs" ? errorAnswer("ServiceUnavailable", "later", 503) : await next();
        },
      ],
    },
  );
  const { variables, client } = surroundings(host, "reader");
  const sqs = new SQSClient(client);
  const message = { QueueUrl: variables["WORK"], MessageBody: "lost" };
  await expect(sqs.send(new SendMessageCommand(message))).rejects.toMatchObject({ $metadata: { httpStatusCode: 503 } });
  expect(host.queues.messages("work")).toEqual([]);
  expect(seen).toEqual(["sqs SendMessage"]);
  sqs.destroy();
});

test("a read-only stage reads neither records nor messages, and goes on afterwards", async () => {
  const host = await start();
  host.setReadOnly(true);
  await put(host, "EVENT#1");
  const { variables, client } = surroundings(host, "reader");
  const sqs = new SQSClient(client);
  await sqs.send(new SendMessageCommand({ QueueUrl: variables["WORK"], MessageBody: "waits" }));
  await host.invoke(host.model.functions.find(({ name }) => name === "reader")!.id, { Records: [] });
  expect(host.queues.counts()["work"]).toEqual({ visible: 1, inFlight: 0, delayed: 0 });
  host.setReadOnly(false);
  await until(() => read().includes("EVENT#1") && worked().includes("waits"));
  sqs.destroy();
});

describe("the start refuses", () => {
  const target = { Arn: "arn:aws:sns:us-east-1:000000000000:topic", Id: "topic" };

  test.each<[string, Variation, RegExp]>([
    [
      "a role that may not read the stream",
      { readerRights: rights.reader.slice(1) },
      /Reader.* does not allow dynamodb:DescribeStream/,
    ],
    [
      "a role that may not list streams",
      { readerRights: rights.reader.toSpliced(1, 1) },
      /does not allow dynamodb:ListStreams on \*/,
    ],
    [
      "a role that may not tell of a failure",
      { readerRights: rights.reader.toSpliced(2, 1) },
      /does not allow sqs:SendMessage on .*:failed/,
    ],
    ["a role that may not read the queue", { workerRights: [] }, /does not allow sqs:ReceiveMessage on .*:work/],
    [
      "a source that is not there",
      { messages: { EventSourceArn: "arn:aws:sqs:us-east-1:000000000000:none" } },
      /EventSourceArn names .*none, which is no stream of a table and no queue/,
    ],
    ["a window", { messages: { MaximumBatchingWindowInSeconds: 5 } }, /MaximumBatchingWindowInSeconds must be 0/],
    ["several readers of a shard", { stream: { ParallelizationFactor: 2 } }, /ParallelizationFactor must be 1/],
    [
      "a filter on a queue",
      { messages: { FilterCriteria: { Filters: [{ Pattern: "{}" }] } } },
      /FilterCriteria is not known for a queue/,
    ],
    [
      "a filter with an operator",
      { stream: { FilterCriteria: { Filters: [{ Pattern: '{"a":[{"suffix":"x"}]}' }] } } },
      /FilterCriteria has an operator for a/,
    ],
    [
      "a filter that is no JSON",
      { stream: { FilterCriteria: { Filters: [{ Pattern: "{" }] } } },
      /FilterCriteria has a pattern that is no JSON/,
    ],
    [
      "a stream without a beginning",
      { stream: { StartingPosition: "AT_TIMESTAMP" } },
      /StartingPosition must be TRIM_HORIZON or LATEST/,
    ],
    [
      "a property that is not known",
      { messages: { TumblingWindowInSeconds: 5 } },
      /TumblingWindowInSeconds is not known/,
    ],
    [
      "a visibility timeout below the function's",
      { queue: { VisibilityTimeout: 4 } },
      /shorter than the function's timeout/,
    ],
    ["a FIFO queue", { queue: { FifoQueue: true } }, /FifoQueue must be false/],
    [
      "a redrive to nowhere",
      { queue: { RedrivePolicy: { deadLetterTargetArn: "arn:aws:sqs:::none", maxReceiveCount: 1 } } },
      /RedrivePolicy names none, which is no queue/,
    ],
    [
      "a queue policy that allows something",
      { policy: { Effect: "Allow" } },
      /PolicyDocument.Statement.0.Effect must be Deny/,
    ],
    [
      "a rule with a target that is no function",
      { rule: { Targets: [target] } },
      /Targets names .*topic, which is no function/,
    ],
    [
      "a rule that EventBridge may not run",
      { rule: { Name: "other" } },
      /EventBridge may not invoke .*listener for .*rule\/things\/other/,
    ],
  ])("%s", async (_what, variation, message) => {
    await expect(start(variation)).rejects.toThrow(message);
  });
});
