import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { LocalQueues } from "../../../infra/local/services/queues.ts";
import type { QueueModel } from "../../../infra/local/template/deployment-model.ts";
import { temporaryFolder } from "./fixture.ts";

const url = (name: string): string => `https://sqs.us-east-1.amazonaws.com/000000000000/${name}`;

function model(name: string, more: Partial<QueueModel> = {}): QueueModel {
  return {
    name,
    arn: `arn:aws:sqs:us-east-1:000000000000:${name}`,
    url: url(name),
    delaySeconds: 0,
    visibilityTimeoutSeconds: 30,
    retentionSeconds: 345_600,
    ...more,
  };
}

const work = model("work", { redrive: { queueName: "failed", maxReceives: 2 } });
const failed = model("failed");
let queues: LocalQueues;

function open(file?: string, models: readonly QueueModel[] = [work, failed]): LocalQueues {
  const made = new LocalQueues(file, () => 1_000_000_000);
  made.ensure(models);
  return made;
}

const send = (body: string, more: object = {}) =>
  queues.answer("SendMessage", { QueueUrl: url("work"), MessageBody: body, ...more });
const receive = (max = 10) => queues.queue("work").receive(max);
const bodies = (max = 10): readonly string[] => receive(max).map(({ body }) => body);
const after = (seconds: number): void => queues.advance(seconds * 1000);

beforeEach(() => {
  queues = open();
});

describe("a message", () => {
  test("is hidden while it is in flight, and comes again after the visibility timeout", () => {
    send("one");
    const [first] = receive();
    expect(first).toMatchObject({ body: "one", receives: 1, firstReceivedAt: 1_000_000_000 });
    after(29.9);
    expect(receive()).toEqual([]);
    expect(queues.counts()["work"]).toEqual({ visible: 0, inFlight: 1, delayed: 0 });
    after(0.1);
    expect(receive()).toMatchObject([{ id: first!.id, receives: 2, firstReceivedAt: 1_000_000_000 }]);
  });

  test("is gone when it is deleted, and an old receipt deletes nothing", () => {
    send("one");
    const [first] = receive();
    after(30);
    const [second] = receive();
    queues.queue("work").delete(first!.receipt!);
    expect(queues.messages("work")).toHaveLength(1);
    queues.queue("work").delete(second!.receipt!);
    expect(queues.messages("work")).toEqual([]);
  });

  test("waits for its own delay, or that of the queue", () => {
    queues = open(undefined, [model("work", { delaySeconds: 60 })]);
    send("queue's");
    send("own", { DelaySeconds: 900 });
    send("none", { DelaySeconds: 0 });
    expect(queues.counts()["work"]).toEqual({ visible: 1, inFlight: 0, delayed: 2 });
    expect(bodies()).toEqual(["none"]);
    after(60);
    expect(bodies()).toEqual(["none", "queue's"]);
    after(839);
    expect(bodies()).not.toContain("own");
    after(1);
    expect(bodies()).toContain("own");
  });

  test("goes to the other queue when it was received too often", () => {
    send("poison", { MessageGroupId: "a" });
    send("good");
    for (let received = 0; received < 2; received++) {
      for (const { body, receipt } of receive()) if (body === "good") queues.queue("work").delete(receipt!);
      after(30);
    }
    expect(queues.counts()).toMatchObject({ work: { visible: 1 }, failed: { visible: 0 } });
    expect(receive()).toEqual([]);
    expect(queues.messages("work")).toEqual([]);
    expect(queues.messages("failed")).toMatchObject([{ body: "poison", groupId: "a", receives: 0 }]);
  });

  test("stays for ever in a queue without a redrive policy, until its retention ends", () => {
    queues = open(undefined, [model("work", { retentionSeconds: 120 })]);
    send("one");
    for (let received = 1; received <= 4; received++) {
      expect(receive()).toMatchObject([{ receives: received }]);
      after(30);
    }
    after(1);
    expect(receive()).toEqual([]);
    expect(queues.messages("work")).toEqual([]);
  });

  test("shows again when its visibility is changed to nothing", () => {
    send("one");
    const [first] = receive();
    const change = (VisibilityTimeout: number, ReceiptHandle = first!.receipt!) =>
      queues.answer("ChangeMessageVisibility", { QueueUrl: url("work"), ReceiptHandle, VisibilityTimeout });
    expect(change(60).status).toBe(200);
    after(59);
    expect(receive()).toEqual([]);
    expect(change(0).status).toBe(200);
    expect(bodies()).toEqual(["one"]);
    expect(change(10, "other").body).toMatchObject({ __type: "com.amazonaws.sqs#MessageNotInflight" });
  });
});

describe("receives are fair", () => {
  test("a group with a backlog does not delay the others", () => {
    for (let count = 0; count < 50; count++) send(`noisy ${count}`, { MessageGroupId: "noisy" });
    send("quiet", { MessageGroupId: "quiet" });
    expect(bodies(2)).toEqual(["noisy 0", "quiet"]);
  });

  test("a group whose messages are in flight waits for one that has none", () => {
    for (let count = 0; count < 20; count++) send(`noisy ${count}`, { MessageGroupId: "noisy" });
    expect(bodies(10)).toHaveLength(10);
    send("quiet 0", { MessageGroupId: "quiet" });
    send("quiet 1", { MessageGroupId: "quiet" });
    expect(bodies(3)).toEqual(["quiet 0", "quiet 1", "noisy 10"]);
  });

  test("messages without a group come in the order of their sending", () => {
    for (const body of ["a", "b", "c"]) {
      send(body);
      after(0.001);
    }
    expect(bodies(2)).toEqual(["a", "b"]);
  });
});

test("fifty senders and receivers at once get every message exactly once", async () => {
  const received: string[] = [];
  await Promise.all(
    Array.from({ length: 50 }, async (_, sender) => {
      for (let count = 0; count < 4; count++) {
        send(`${sender} ${count}`, { MessageGroupId: `group ${sender % 7}`.replace(" ", "-") });
        await Promise.resolve();
        for (const { body, receipt } of receive(3)) {
          received.push(body);
          queues.queue("work").delete(receipt!);
        }
      }
    }),
  );
  received.push(...bodies(200));
  expect(received).toHaveLength(200);
  expect(new Set(received).size).toBe(200);
});

describe("the protocol", () => {
  test("answers with the hash of the body, which the SDK checks", () => {
    expect(send("hello").body).toMatchObject({ MD5OfMessageBody: "5d41402abc4b2a76b9719d911017c592" });
  });

  test("sends a batch, each message with its own delay and group", () => {
    const Entries = [
      { Id: "a", MessageBody: "1", MessageGroupId: "g" },
      { Id: "b", MessageBody: "2", DelaySeconds: 5 },
    ];
    const { body } = queues.answer("SendMessageBatch", { QueueUrl: url("work"), Entries });
    expect(body).toMatchObject({ Successful: [{ Id: "a" }, { Id: "b" }], Failed: [] });
    expect(bodies()).toEqual(["1"]);
  });

  const entries = (count: number, more: object = {}) =>
    Array.from({ length: count }, (_, index) => ({ Id: `m${index}`, MessageBody: "x", ...more }));

  test.each<[string, string, object, string]>([
    ["a queue that is not there", "SendMessage", { QueueUrl: url("none"), MessageBody: "x" }, "QueueDoesNotExist"],
    [
      "a delay of more than 15 minutes",
      "SendMessage",
      { MessageBody: "x", DelaySeconds: 901 },
      "InvalidParameterValue",
    ],
    ["an empty message", "SendMessage", { MessageBody: "" }, "InvalidParameterValue"],
    [
      "a message of more than a megabyte",
      "SendMessage",
      { MessageBody: "x".repeat(1_048_577) },
      "InvalidParameterValue",
    ],
    [
      "a group of more than 128 characters",
      "SendMessage",
      { MessageBody: "x", MessageGroupId: "x".repeat(129) },
      "InvalidParameterValue",
    ],
    [
      "attributes, which nobody keeps",
      "SendMessage",
      { MessageBody: "x", MessageAttributes: {} },
      "InvalidParameterValue",
    ],
    ["an empty batch", "SendMessageBatch", { Entries: [] }, "EmptyBatchRequest"],
    ["a batch of eleven", "SendMessageBatch", { Entries: entries(11) }, "TooManyEntriesInBatchRequest"],
    [
      "one id twice in a batch",
      "SendMessageBatch",
      { Entries: entries(2, { Id: "same" }) },
      "BatchEntryIdsNotDistinct",
    ],
    [
      "a batch of more than a megabyte",
      "SendMessageBatch",
      { Entries: entries(2, { MessageBody: "x".repeat(600_000) }) },
      "BatchRequestTooLong",
    ],
    ["an action that functions do not use", "PurgeQueue", {}, "UnsupportedOperation"],
  ])("refuses %s", (_what, action, request, code) => {
    const answer = queues.answer(action, { QueueUrl: url("work"), ...request });
    expect(answer).toMatchObject({ status: 400, body: { __type: `com.amazonaws.sqs#${code}` } });
    expect(queues.messages("work")).toEqual([]);
  });
});

describe("a file", () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let file: string;
  beforeEach(() => {
    folder = temporaryFolder();
    file = join(folder.folder, "queues.jsonl");
    queues = open(file);
  });
  afterEach(() => {
    queues.close();
    folder.remove();
  });

  test("keeps messages, their groups and how often they were received, also of a host that was killed", () => {
    send("gone");
    queues.queue("work").delete(receive()[0]!.receipt!);
    send("in flight", { MessageGroupId: "g" });
    receive();
    send("waiting", { DelaySeconds: 600 });
    appendFileSync(file, '{"queue":"arn:aws:sqs:us-east-1:0000');
    const next = open(file);
    expect(next.counts()["work"]).toEqual({ visible: 0, inFlight: 1, delayed: 1 });
    next.advance(30_000);
    expect(next.queue("work").receive(10)).toMatchObject([{ body: "in flight", groupId: "g", receives: 2 }]);
    next.close();
  });

  test("is written anew when it is opened, with living messages only", () => {
    for (let count = 0; count < 20; count++) {
      send("gone");
      queues.queue("work").delete(receive()[0]!.receipt!);
    }
    send("kept");
    open(file).close();
    expect(readFileSync(file, "utf8").trim().split("\n")).toHaveLength(1);
  });

  test("that something else wrote is refused in one line", () => {
    writeFileSync(file, "no message\n");
    expect(() => new LocalQueues(file)).toThrow(
      /^cannot read .*queues\.jsonl: .*; delete it to start with empty queues$/,
    );
  });

  test("survives a new template: a queue that was there keeps its messages", () => {
    send("one");
    queues.ensure([work, failed, model("more")]);
    expect(bodies()).toEqual(["one"]);
  });
});
