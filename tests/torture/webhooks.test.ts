/** Webhooks whose functions are killed at the worst moments, beside a message that nobody can read. */
import { setTimeout as pause } from "node:timers/promises";
import { Webhook } from "standardwebhooks";
import { Receiver } from "../support/webhooks.ts";
import { World } from "./kit.ts";

let world: World;
const receiver = Receiver.forFile();

beforeAll(async () => {
  world = await World.start(2, { runEventSources: true });
});

afterAll(async () => {
  await world.close();
});

const companies = 3;

/** What a queue's clock moves by at a time: messages that died with their function come again after minutes. */
const stepMs = 60_000;

/** The slot that a dead function held is free after 20 seconds, by the real time. */
const maxSteps = 150;

test("every event arrives and is recorded once, although dispatch and delivery are killed", async () => {
  const { queues } = world.portico.host;
  const named = (ending: string) => Object.keys(queues.counts()).find((name) => name.endsWith(ending)) as string;
  const [deliveries, failed] = [named("-deliveries"), named("-deliveries-failed")];
  const { token } = await world.partner();
  const { body: endpoint } = await world.call("POST", "/v1/webhook-endpoints", {
    token,
    json: { url: receiver.url("/torture"), eventTypes: ["company.created"] },
  });
  queues.send(deliveries, "no message");
  world.faults.replace([
    // The records of the stream come again, and with them the messages.
    {
      fault: { kind: "kill", done: true },
      functions: ["webhook-dispatch"],
      service: "sqs",
      actions: ["SendMessageBatch"],
      nth: 1,
    },
    // Between the call of the endpoint and the record.
    {
      fault: { kind: "kill", done: false },
      functions: ["webhook-delivery"],
      actions: ["TransactWriteItems"],
      nth: 1,
    },
  ]);
  const ids = await Promise.all(
    Array.from({ length: companies }, async (_, index) => {
      const json = { name: `Padaria ${index}`, phone: "551130001234", declaredBilling: "5.00" };
      const { body } = await world.call("POST", "/v1/companies", { token, json });
      return body.id as string;
    }),
  );

  const listed = async (): Promise<any[]> =>
    (await world.call("GET", `/v1/webhook-endpoints/${endpoint.id}/deliveries`, { token })).body.items;
  const isOver = async () =>
    queues.messages(deliveries).length === 0 &&
    queues.messages(failed).length === 1 &&
    (await listed()).filter(({ status }) => status === "succeeded").length === companies;
  for (let steps = 0; steps < maxSteps && !(await isOver()); steps++) {
    await pause(500);
    queues.advance(stepMs);
  }

  expect(world.faults.clear().map(({ fired }) => fired)).toEqual([1, 1]);
  const shown = await listed();
  expect(shown.map(({ attempts }) => attempts.map(({ outcome }: any) => outcome))).toEqual(
    Array(companies).fill(["succeeded"]),
  );
  const received = await receiver.at("/torture", companies + 1);
  // The killed delivery had called the endpoint, so that gets the event again, with the same id.
  expect(new Set(received.map(({ headers }) => headers["webhook-id"]))).toEqual(
    new Set(shown.map(({ eventId }) => eventId)),
  );
  expect(new Set(received.map(({ event }) => event.data.id))).toEqual(new Set(ids));
  for (const { body, headers } of received) {
    expect(new Webhook(endpoint.secret).verify(body, headers)).toMatchObject({ type: "company.created" });
  }
  expect(queues.messages(failed).map(({ body }) => body)).toEqual(["no message"]);
  // The unreadable message alone is logged as a bug.
  const bugs = world.takeTrouble({ killing: true });
  expect(bugs.filter((line) => !/"operation":"webhook-delivery".*"errorName":"SyntaxError"/.test(line))).toEqual([]);
  expect(bugs.length).toBeGreaterThan(0);
}, 180_000);
