/** `AwsJson` beside the SDK's own clients: the same requests, answers and errors. */
import { createHash, createHmac } from "node:crypto";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import {
  BatchGetItemCommand,
  BatchWriteItemCommand,
  DynamoDBClient,
  GetItemCommand,
  QueryCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import { EventBridgeClient, PutEventsCommand } from "@aws-sdk/client-eventbridge";
import { GetSecretValueCommand, PutSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { SendMessageBatchCommand, SQSClient } from "@aws-sdk/client-sqs";
import {
  AwsJson,
  dynamoDb,
  eventBridge,
  secretsManager,
  sqs,
  type AwsService,
} from "../../../shared/runtime/aws-json.ts";
import { isTransient } from "../../../shared/runtime/retry.ts";

const region = "eu-central-1";
const credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "wJalrXUtnFEMI", sessionToken: "session/token+=" };

interface Seen {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

interface Scripted {
  readonly status: number;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

let server: Server;
let endpoint: string;
let scripted: Scripted = { status: 200, body: "{}" };
let seen: Seen[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { method, url, headers } = request;
      seen.push({ method, url, headers, body: Buffer.concat(chunks).toString() });
      response.writeHead(scripted.status, { "content-type": "application/x-amz-json-1.0", ...scripted.headers });
      response.end(scripted.body);
    });
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(async () => {
  server.closeAllConnections();
  await new Promise((closed) => server.close(closed));
});

beforeEach(() => {
  seen = [];
  scripted = { status: 200, body: "{}" };
});

interface Sdk {
  send(command: any): Promise<any>;
  destroy(): void;
}

async function withClients<Result>(
  service: AwsService,
  work: (ours: AwsJson, sdk: Sdk) => Promise<Result>,
): Promise<Result> {
  const options = { region, endpoint, credentials, maxAttempts: 1 };
  const Client = {
    dynamodb: DynamoDBClient,
    secretsmanager: SecretsManagerClient,
    sqs: SQSClient,
    events: EventBridgeClient,
  }[service.signingName] as unknown as new (options: object) => Sdk;
  const [ours, sdk] = [new AwsJson(service, options), new Client(options)];
  try {
    return await work(ours, sdk);
  } finally {
    ours.destroy();
    sdk.destroy();
  }
}

const hash = (text: string) => createHash("sha256").update(text).digest("hex");
const hmac = (key: string | Buffer, text: string) => createHmac("sha256", key).update(text).digest();

/** The header that AWS expects, by the documentation of Signature Version 4 alone. */
function expectedAuthorization({ method, url, headers, body }: Seen, service: string): string {
  const signed = /SignedHeaders=([^,]+)/.exec(String(headers.authorization))?.[1] ?? "";
  const lines = signed.split(";").map((name) => `${name}:${String(headers[name]).trim()}\n`);
  const canonical = `${method}\n${url}\n\n${lines.join("")}\n${signed}\n${hash(body)}`;
  const time = String(headers["x-amz-date"]);
  const scope = `${time.slice(0, 8)}/${region}/${service}/aws4_request`;
  const key = [time.slice(0, 8), region, service, "aws4_request"].reduce<string | Buffer>(
    hmac,
    `AWS4${credentials.secretAccessKey}`,
  );
  const signature = hmac(key, `AWS4-HMAC-SHA256\n${time}\n${scope}\n${hash(canonical)}`).toString("hex");
  return `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${scope}, SignedHeaders=${signed}, Signature=${signature}`;
}

const key = { pk: { S: "PARTNER#1" }, sk: { S: "état" } };
const values = { ":a": { N: "1" } };
const get = { TableName: "t", Key: key };
const queue = "https://sqs.eu-central-1.amazonaws.com/123456789012/deliveries";
const entry = { EventBusName: "bus", Source: "portico", DetailType: "subscription.created", Detail: "{}" };

/** @param own the input in the protocol's form, where the SDK's is different */
type ComparedCall = [
  action: string,
  service: AwsService,
  Command: new (input: any) => object,
  input: object,
  own: object,
];

const compared = (
  action: string,
  service: AwsService,
  Command: new (input: any) => object,
  input: object,
  own = input,
): ComparedCall => [action, service, Command, input, own];

const calls: readonly ComparedCall[] = [
  compared("GetItem", dynamoDb, GetItemCommand, { TableName: "t", Key: key, ConsistentRead: true }),
  compared("BatchGetItem", dynamoDb, BatchGetItemCommand, {
    RequestItems: { t: { Keys: [key], ConsistentRead: true } },
  }),
  compared("Query", dynamoDb, QueryCommand, {
    TableName: "t",
    KeyConditionExpression: "pk = :a",
    ExpressionAttributeValues: values,
    Limit: 5,
  }),
  compared("TransactWriteItems", dynamoDb, TransactWriteItemsCommand, {
    TransactItems: [
      { Put: { TableName: "t", Item: { ...key, list: { L: [{ M: { on: { BOOL: true } } }, { NULL: true }] } } } },
      { Delete: { TableName: "t", Key: key, ConditionExpression: "attribute_exists(pk)" } },
    ],
    ClientRequestToken: "4f0b3c5e-7a52-4b7b-9f0e-0d5d8f4f7a10",
  }),
  compared("UpdateItem", dynamoDb, UpdateItemCommand, {
    TableName: "t",
    Key: key,
    UpdateExpression: "SET a = :a",
    ExpressionAttributeValues: values,
  }),
  compared("BatchWriteItem", dynamoDb, BatchWriteItemCommand, {
    RequestItems: { t: [{ DeleteRequest: { Key: key } }] },
  }),
  compared("GetSecretValue", secretsManager, GetSecretValueCommand, { SecretId: "arn", VersionStage: "AWSPENDING" }),
  compared("PutSecretValue", secretsManager, PutSecretValueCommand, {
    SecretId: "arn",
    SecretString: "x",
    ClientRequestToken: "4f0b3c5e-7a52-4b7b-9f0e-0d5d8f4f7a10",
  }),
  compared(
    "PutEvents",
    eventBridge,
    PutEventsCommand,
    { Entries: [{ ...entry, Time: new Date(1_800_000_000_500) }] },
    { Entries: [{ ...entry, Time: 1_800_000_000.5 }] },
  ),
];

describe("the request", () => {
  test.each(calls)(
    "of %s is the SDK's, and is signed as AWS documents it",
    async (action, service, Command, input, own) => {
      await withClients(service, async (ours, sdk) => {
        await sdk.send(new Command(input));
        await ours.call(action, own);
      });
      const [theirs, mine] = seen as [Seen, Seen];
      const facts = ({ method, url, headers, body }: Seen) => ({
        method,
        url,
        body: JSON.parse(body) as unknown,
        headers: ["host", "content-type", "x-amz-target", "x-amz-security-token"].map((name) => headers[name]),
      });
      expect(facts(mine)).toEqual(facts(theirs));
      for (const request of [theirs, mine]) {
        expect(request.headers.authorization).toBe(expectedAuthorization(request, service.signingName));
      }
    },
  );

  test("has the trace id of the invocation, as the SDK's", async () => {
    const before = { ...process.env };
    Object.assign(process.env, { AWS_LAMBDA_FUNCTION_NAME: "f", _X_AMZN_TRACE_ID: "Root=1-6740;Sampled=0" });
    try {
      await withClients(dynamoDb, async (ours, sdk) => {
        await sdk.send(new GetItemCommand(get));
        await ours.call("GetItem", get);
      });
    } finally {
      process.env = before;
    }
    const traced = Array.from({ length: 2 }, () => "Root=1-6740;Sampled=0");
    expect(seen.map(({ headers }) => headers["x-amzn-trace-id"])).toEqual(traced);
    for (const request of seen) expect(request.headers.authorization).toBe(expectedAuthorization(request, "dynamodb"));
  });

  test("of SendMessageBatch is the SDK's but for the host, which the SDK takes from the queue's URL", async () => {
    const input = {
      QueueUrl: queue,
      Entries: [{ Id: "0", MessageBody: "é", MessageGroupId: "ptr_1", DelaySeconds: 3 }],
    };
    await withClients(sqs, async (ours, sdk) => {
      scripted = { status: 200, body: '{"Successful":[],"Failed":[]}' };
      await sdk.send(new SendMessageBatchCommand({ ...input, QueueUrl: `${endpoint}/123456789012/deliveries` }));
      await ours.call("SendMessageBatch", input);
    });
    const [theirs, mine] = seen as [Seen, Seen];
    expect(mine.headers["x-amz-target"]).toBe(theirs.headers["x-amz-target"]);
    expect(mine.headers["content-type"]).toBe(theirs.headers["content-type"]);
    expect(JSON.parse(mine.body)).toEqual({ ...(JSON.parse(theirs.body) as object), QueueUrl: queue });
    expect(mine.headers.authorization).toBe(expectedAuthorization(mine, "sqs"));
  });
});

/** What callers can see of an error. */
function facts(error: any): unknown {
  const { name, message, $metadata, CancellationReasons, Item } = error;
  return { name, message, status: $metadata?.httpStatusCode, CancellationReasons, Item, transient: isTransient(error) };
}

async function errorsOf(answer: Scripted): Promise<readonly [unknown, unknown]> {
  scripted = answer;
  return await withClients(dynamoDb, async (ours, sdk) => [
    facts(await ours.call("GetItem", get).catch((error: unknown) => error)),
    facts(await sdk.send(new GetItemCommand(get)).catch((error: unknown) => error)),
  ]);
}

const failure = (type: string, more: object = {}, status = 400): Scripted => ({
  status,
  body: JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${type}`, message: "no", ...more }),
});

describe("the answer", () => {
  test("is the SDK's", async () => {
    const item = { ...key, n: { N: "1.5" }, l: { L: [{ S: "a" }, { M: { b: { BOOL: false } } }] } };
    scripted = { status: 200, body: JSON.stringify({ Item: item, ConsumedCapacity: { CapacityUnits: 1 } }) };
    const [mine, theirs] = await withClients(dynamoDb, async (ours, sdk) => [
      await ours.call("GetItem", get),
      await sdk.send(new GetItemCommand(get)),
    ]);
    const { $metadata: _metadata, ...plain } = theirs;
    expect(mine).toEqual(plain);
  });

  test.each([
    ["a failed condition with its item", failure("ConditionalCheckFailedException", { Item: key })],
    [
      "a cancelled transaction with its reasons",
      failure("TransactionCanceledException", {
        CancellationReasons: [{ Code: "None" }, { Code: "ConditionalCheckFailed", Message: "no", Item: key }],
      }),
    ],
    ["throttling", failure("ThrottlingException")],
    ["a missing right", failure("AccessDeniedException")],
    ["an error of the service", failure("InternalServerError", {}, 500)],
  ])("is the same error for %s", async (_title, answer) => {
    const [mine, theirs] = await errorsOf(answer);
    expect(mine).toEqual(theirs);
  });

  test.each([
    ["an empty 503", { status: 503, body: "" }],
    ["a 502 that is no JSON", { status: 502, body: "<html>bad gateway</html>" }],
  ])("is worth a retry for %s, as with the SDK", async (_title, answer) => {
    const [mine, theirs] = await errorsOf(answer);
    expect([mine, theirs]).toEqual([
      expect.objectContaining({ status: answer.status, transient: true }),
      expect.objectContaining({ transient: true }),
    ]);
  });

  test("that breaks off is worth a retry", async () => {
    scripted = { status: 200, body: "{", headers: { "content-length": "1000" } };
    const error = await withClients(dynamoDb, async (ours) => {
      const call = ours.call("GetItem", get).catch((reason: unknown) => reason);
      while (seen.length === 0) await new Promise(setImmediate);
      setTimeout(() => server.closeAllConnections(), 20);
      return await call;
    });
    expect(isTransient(error)).toBe(true);
  });

  test("that never comes ends with its signal, and is worth a retry", async () => {
    scripted = { status: 200, body: "{", headers: { "content-length": "1000" } };
    const error = await withClients(dynamoDb, async (ours) =>
      ours.call("GetItem", get, AbortSignal.timeout(50)).catch((reason: unknown) => reason),
    );
    expect(isTransient(error)).toBe(true);
  });
});

test("a wrong local clock is corrected by the answer, as by the SDK", async () => {
  const tomorrow = new Date(Date.now() + 86_400_000);
  scripted = { ...failure("InvalidSignatureException"), headers: { date: tomorrow.toUTCString() } };
  await withClients(dynamoDb, async (ours, sdk) => {
    const errors = [
      await ours.call("GetItem", get).catch((error: unknown) => error),
      await sdk.send(new GetItemCommand(get)).catch((error: unknown) => error),
    ];
    expect(errors.map(isTransient)).toEqual([true, true]);
    seen = [];
    await ours.call("GetItem", get).catch(() => undefined);
    expect(seen[0]?.headers["x-amz-date"]?.slice(0, 8)).toBe(tomorrow.toISOString().slice(0, 10).replaceAll("-", ""));
  });
});

test.each([
  ["eu-central-1", "dynamodb.eu-central-1.amazonaws.com"],
  ["cn-north-1", "dynamodb.cn-north-1.amazonaws.com.cn"],
])("the host in %s is that of the SDK", async (somewhere, host) => {
  const sdk = new DynamoDBClient({ region: somewhere, credentials });
  const resolved = sdk.config.endpointProvider({ Region: somewhere, UseFIPS: false, UseDualStack: false });
  expect(resolved.url.host).toBe(host);
  expect(AwsJson.hostOf(dynamoDb, somewhere)).toBe(host);
});
