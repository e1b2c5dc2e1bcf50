import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import {
  BatchGetCommand,
  DynamoDBDocumentClient,
  GetCommand,
  QueryCommand,
  TransactWriteCommand,
  UpdateCommand,
} from "@aws-sdk/lib-dynamodb";
import { FaultInjector, mulberry32, type ErrorCode, type FaultRule } from "../../faults/fault-injector.ts";
import { ServiceProxy } from "../../../infra/local/services/service-proxy.ts";
import { LocalEventBuses } from "../../../infra/local/services/event-buses.ts";
import { LocalQueues } from "../../../infra/local/services/queues.ts";
import { LocalSecretsManager } from "../../../infra/local/services/secrets-manager.ts";
import { isTransient } from "../../../shared/runtime/retry.ts";
import { AwsJson, dynamoDb } from "../../../shared/runtime/aws-json.ts";
import { Table } from "../../../shared/runtime/table.ts";
import { startTable, type TestTable } from "../../support/engine-table.ts";

const arnOf = (operation: string) => `arn:aws:lambda:us-east-1:000000000000:function:Portico-local-${operation}`;
const secretArn = "arn:aws:secretsmanager:us-east-1:000000000000:secret:keys-AbCdEf";

let engine: TestTable;
let faults: FaultInjector;
let proxy: ServiceProxy;
let client: DynamoDBDocumentClient;
let secrets: SecretsManagerClient;
const close: (() => void)[] = [];

beforeAll(async () => {
  engine = await startTable();
  faults = new FaultInjector({ seed: 1 });
  const stub = new LocalSecretsManager();
  stub.ensure([{ arn: secretArn, name: "keys", description: undefined, initial: { value: "secret" } }]);
  proxy = await ServiceProxy.start({
    engineEndpoint: engine.endpoint,
    secrets: stub,
    queues: new LocalQueues(),
    buses: new LocalEventBuses(() => undefined),
    interceptors: [faults.intercept],
  });
  client = clientOf("subscriptions-extend");
  const credentials = proxy.keyOf(arnOf("subscriptions-extend"));
  secrets = new SecretsManagerClient({ endpoint: proxy.url, region: "us-east-1", credentials, maxAttempts: 1 });
});

afterEach(() => faults.clear());

afterAll(async () => {
  for (const end of close) end();
  secrets.destroy();
  await proxy.close();
  await engine.close();
});

/** A client that calls like a function. */
function clientOf(operation: string): DynamoDBDocumentClient {
  const credentials = proxy.keyOf(arnOf(operation));
  const plain = new DynamoDBClient({ endpoint: proxy.url, region: "us-east-1", credentials, maxAttempts: 1 });
  close.push(() => plain.destroy());
  return DynamoDBDocumentClient.from(plain);
}

/** A client for `Table` that calls like a function. */
function tableClient(): AwsJson {
  const credentials = proxy.keyOf(arnOf("subscriptions-extend"));
  const client = new AwsJson(dynamoDb, { endpoint: proxy.url, region: "us-east-1", credentials });
  close.push(() => client.destroy());
  return client;
}

const keyOf = (pk: string) => ({ pk, sk: "1" });
const get = (pk = "A#1") => new GetCommand({ TableName: engine.name, Key: keyOf(pk) });
const batch = (pk: string) =>
  new BatchGetCommand({ RequestItems: { [engine.name]: { Keys: [keyOf("A#1"), keyOf(pk)] } } });
const update = (pk = "A#1") =>
  new UpdateCommand({
    TableName: engine.name,
    Key: keyOf(pk),
    UpdateExpression: "ADD #count :one",
    ExpressionAttributeNames: { "#count": "count" },
    ExpressionAttributeValues: { ":one": 1 },
  });
const transaction = (...keys: readonly string[]) =>
  new TransactWriteCommand({
    TransactItems: keys.map((pk) => ({ Put: { TableName: engine.name, Item: { ...keyOf(pk), there: true } } })),
  });
const query = (pk: string) =>
  new QueryCommand({
    TableName: engine.name,
    KeyConditionExpression: "pk = :pk",
    ExpressionAttributeValues: { ":pk": pk },
  });

/** The error of a call; undefined when it succeeded. */
async function errorOf(call: Promise<unknown>): Promise<any> {
  return await call.then(
    () => undefined,
    (error: unknown) => error,
  );
}

/** Which calls failed, as `-x--x`. */
async function patternOf(times: number, call: () => Promise<unknown>): Promise<string> {
  let pattern = "";
  for (let index = 0; index < times; index++) pattern += (await errorOf(call())) === undefined ? "-" : "x";
  return pattern;
}

const throttled = { kind: "error", code: "ThrottlingException" } as const;

describe("an injected error", () => {
  test.each<[ErrorCode, number]>([
    ["ProvisionedThroughputExceededException", 400],
    ["ThrottlingException", 400],
    ["RequestLimitExceeded", 400],
    ["TransactionConflictException", 400],
    ["InternalServerError", 500],
    ["ServiceUnavailable", 503],
  ])("reads like AWS's %s and is retried", async (code, status) => {
    faults.replace([{ fault: { kind: "error", code } }]);
    const error = await errorOf(client.send(update()));
    expect(error).toMatchObject({ name: code, $metadata: { httpStatusCode: status } });
    expect(isTransient(error)).toBe(true);
  });

  test.each<[ErrorCode, number]>([
    ["InternalServiceError", 500],
    ["ServiceUnavailable", 503],
    ["ThrottlingException", 400],
  ])("reads like Secrets Manager's %s and is retried", async (code, status) => {
    faults.replace([{ fault: { kind: "error", code } }]);
    const error = await errorOf(secrets.send(new GetSecretValueCommand({ SecretId: secretArn })));
    expect(error).toMatchObject({ name: code, $metadata: { httpStatusCode: status } });
    expect(isTransient(error)).toBe(true);
  });

  test.each([["TransactionConflict"], ["ThrottlingError"], ["ProvisionedThroughputExceeded"]] as const)(
    "cancels a transaction with %s for one of its items",
    async (reason) => {
      faults.replace([{ fault: { kind: "cancelled", reason, item: 1 } }]);
      const error = await errorOf(client.send(transaction("A#1", "B#1", "C#1")));
      expect(error).toMatchObject({ name: "TransactionCanceledException", $metadata: { httpStatusCode: 400 } });
      expect(error.CancellationReasons.map(({ Code }: { Code: string }) => Code)).toEqual(["None", reason, "None"]);
      expect(isTransient(error)).toBe(true);
    },
  );

  test("cancels a transaction for the matching item", async () => {
    faults.replace([{ fault: { kind: "cancelled", reason: "TransactionConflict" }, keyPrefix: "C#" }]);
    const error = await errorOf(client.send(transaction("A#1", "B#1", "C#1")));
    expect(error.CancellationReasons.map(({ Code }: { Code: string }) => Code)).toEqual([
      "None",
      "None",
      "TransactionConflict",
    ]);
  });

  test.each<[string, FaultRule["fault"]]>([
    ["TransactionConflictException on a read", { kind: "error", code: "TransactionConflictException" }],
    ["TransactionInProgressException on a read", { kind: "error", code: "TransactionInProgressException" }],
    ["InternalServiceError of the table", { kind: "error", code: "InternalServiceError" }],
    ["a cancelled transaction for a read", { kind: "cancelled", reason: "TransactionConflict" }],
    ["a partial answer for a single read", { kind: "partial" }],
  ])("never occurs where AWS does not give it: %s", async (_title, fault) => {
    faults.replace([{ fault }]);
    expect(await errorOf(client.send(get()))).toBeUndefined();
    expect(faults.counts).toMatchObject([{ matched: 0, fired: 0 }]);
  });
});

describe("a fault of the connection", () => {
  const countAt = async (pk: string) => (await engine.table.get<{ count: number }>(keyOf(pk)))?.count;

  test("before the call prevents its effect", async () => {
    faults.replace([{ fault: { kind: "reset", done: false } }]);
    expect((await errorOf(client.send(update("RESET#1")))).message).toMatch(/ECONNRESET|socket hang up/);
    expect(await countAt("RESET#1")).toBeUndefined();
  });

  test("after the call loses its answer and keeps its effect", async () => {
    faults.replace([{ fault: { kind: "reset", done: true } }]);
    expect((await errorOf(client.send(update("RESET#2")))).message).toMatch(/ECONNRESET|socket hang up/);
    expect(await countAt("RESET#2")).toBe(1);
  });

  test.each([
    [false, undefined],
    [true, 1],
  ])("lets the caller wait until it gives up; done: %s", async (done, count) => {
    faults.replace([{ fault: { kind: "silence", done } }]);
    const pk = `SILENCE#${done}`;
    const error = await errorOf(client.send(update(pk), { abortSignal: AbortSignal.timeout(50) }));
    expect([error.name, isTransient(error)]).toEqual(["AbortError", true]);
    expect(await countAt(pk)).toBe(count);
  });

  test("that is only slow changes nothing else", async () => {
    faults.replace([{ fault: { kind: "latency", milliseconds: 5 } }]);
    expect(await errorOf(client.send(update("SLOW#1")))).toBeUndefined();
    expect(await countAt("SLOW#1")).toBe(1);
  });
});

describe("a batch with a partial answer", () => {
  const keys = Array.from({ length: 5 }, (_, index) => keyOf(`PART#${index}`));

  test("is repeated for the rest until nothing is left", async () => {
    const table = new Table(tableClient(), engine.name, Number.MAX_SAFE_INTEGER);
    await engine.table.commit(keys.map((key) => ({ put: key })));
    faults.replace([{ fault: { kind: "partial" } }]);
    expect(await table.getAll(keys)).toEqual(keys.map(() => ({})));
    await table.remove(keys);
    // Four attempts of each had more than one key left. The last one is no batch.
    expect(faults.counts).toMatchObject([{ matched: 8, fired: 8 }]);
    expect(await engine.table.getAll(keys)).toEqual(keys.map(() => undefined));
  });

  test("is unavailable when the time is up first", async () => {
    const table = new Table(tableClient(), engine.name, Date.now() + 60);
    faults.replace([{ fault: { kind: "latency", milliseconds: 25 } }, { fault: { kind: "partial" } }]);
    await expect(table.getAll(keys)).rejects.toMatchObject({ code: "unavailable" });
  });
});

describe("a lost answer", () => {
  test("of a commit does not repeat its effect: DynamoDB recognises the retry by its token", async () => {
    const table = new Table(tableClient(), engine.name, Number.MAX_SAFE_INTEGER);
    faults.replace([{ fault: { kind: "silence", done: true }, nth: 1 }]);
    const set = { expression: "ADD #count :one", names: { "#count": "count" }, values: { ":one": 1 } };
    await table.commit([{ update: keyOf("LOST#1"), set }]);
    expect(faults.counts).toMatchObject([{ matched: 2, fired: 1 }]);
    expect(await engine.table.get(keyOf("LOST#1"))).toMatchObject({ count: 1 });
    await table.commit([{ update: keyOf("LOST#1"), set }]);
    expect(await engine.table.get(keyOf("LOST#1"))).toMatchObject({ count: 2 });
  });

  test("of an update may repeat its effect, and the caller has to allow for that", async () => {
    const table = new Table(tableClient(), engine.name, Number.MAX_SAFE_INTEGER);
    faults.replace([{ fault: { kind: "silence", done: true }, nth: 1 }]);
    const set = { expression: "ADD #count :one", names: { "#count": "count" }, values: { ":one": 1 } };
    expect(await table.update({ update: keyOf("LOST#2"), set })).toMatchObject({ count: 2 });
  });
});

describe("a rule", () => {
  test("matches only the function that it names", async () => {
    faults.replace([{ fault: throttled, functions: ["subscriptions.extend"] }]);
    expect(await errorOf(client.send(get()))).toBeDefined();
    expect(await errorOf(clientOf("subscriptions-create").send(get()))).toBeUndefined();
  });

  test("matches only the service that it names", async () => {
    faults.replace([{ fault: throttled, service: "secretsmanager" }]);
    expect(await errorOf(client.send(get()))).toBeUndefined();
    expect(await errorOf(secrets.send(new GetSecretValueCommand({ SecretId: secretArn })))).toBeDefined();
  });

  test("matches actions, also inside a transaction", async () => {
    faults.replace([{ fault: throttled, actions: ["PutItem"] }]);
    expect(await errorOf(client.send(get()))).toBeUndefined();
    expect(await errorOf(client.send(update()))).toBeUndefined();
    expect(await errorOf(client.send(transaction("A#1")))).toBeDefined();
  });

  test("matches items by their partition key: read, queried, updated, in a batch or in a transaction", async () => {
    faults.replace([{ fault: throttled, keyPrefix: "B#" }]);
    const calls = [get, batch, query, update, (pk: string) => transaction("A#1", pk)];
    for (const call of calls) {
      expect(await errorOf(client.send(call("C#1") as never))).toBeUndefined();
      expect(await errorOf(client.send(call("B#1") as never))).toMatchObject({ name: "ThrottlingException" });
    }
  });

  test.each<[string, Partial<FaultRule>, string]>([
    ["the nth call", { nth: 3 }, "--x-----"],
    ["every nth call", { every: 3 }, "--x--x--"],
    ["as many calls as its limit allows", { limit: 2 }, "xx------"],
    ["no call at a probability of 0", { probability: 0 }, "--------"],
    ["every call at a probability of 1", { probability: 1 }, "xxxxxxxx"],
  ])("fires for %s", async (_title, when, pattern) => {
    faults.replace([{ fault: throttled, ...when }]);
    expect(await patternOf(8, () => client.send(get()))).toBe(pattern);
    const [count] = faults.counts;
    expect(count).toMatchObject({ matched: 8, fired: [...pattern].filter((sign) => sign === "x").length });
  });

  test("draws the same for the same seed, regardless of the calls of others", async () => {
    const rules = [{ fault: throttled, probability: 0.5 }];
    const other = clientOf("subscriptions-create");
    faults.replace(rules, 7);
    const alone = await patternOf(24, () => client.send(get()));
    faults.replace(rules, 7);
    const accompanied = await patternOf(24, async () => {
      await errorOf(other.send(get()));
      await client.send(get());
    });
    faults.replace(rules, 8);
    const reseeded = await patternOf(24, () => client.send(get()));
    expect(accompanied).toBe(alone);
    expect(reseeded).not.toBe(alone);
  });

  test("leaves the call to the next rule when it does not fire", async () => {
    faults.replace([
      { fault: throttled, nth: 2 },
      { fault: { kind: "error", code: "InternalServerError" }, nth: 2 },
    ]);
    const names = [];
    for (let index = 0; index < 3; index++) names.push((await errorOf(client.send(get())))?.name);
    expect(names).toEqual([undefined, "ThrottlingException", "InternalServerError"]);
  });

  test.each<[string, Partial<FaultRule>]>([
    ["a probability above 1", { probability: 1.5 }],
    ["an nth of 0", { nth: 0 }],
    ["a limit that is not a whole number", { limit: 0.5 }],
  ])("is refused with %s", (_title, when) => {
    expect(() => faults.replace([{ fault: throttled, ...when }])).toThrow(/fault's/);
  });
});

test("the numbers of a seed are evenly distributed in [0, 1)", () => {
  const random = mulberry32(42);
  const numbers = Array.from({ length: 10_000 }, random);
  expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...numbers)).toBeLessThan(1);
  for (let tenth = 0; tenth < 10; tenth++) {
    const within = numbers.filter((number) => Math.floor(number * 10) === tenth).length;
    expect(Math.abs(within - 1000)).toBeLessThan(150);
  }
});
