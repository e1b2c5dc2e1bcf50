/** What the bootstrap tells CloudFormation, and how it behaves where AWS does not let it work yet. */
import { randomUUID } from "node:crypto";
import { closeServer, readBody, startServer } from "../../../infra/local/support/loopback-http.ts";
import { errorAnswer, type Interceptor } from "../../../infra/local/services/service-proxy.ts";
import { Portico } from "../../support/portico.ts";

/** How the next calls of the bootstrap to AWS fail. */
let failures: { code: string; left: number } = { code: "", left: 0 };

const failing: Interceptor = async ({ functionId }, next) => {
  if (!functionId.endsWith("-bootstrap") || failures.left === 0) return await next();
  failures.left--;
  return errorAnswer(failures.code, "injected");
};

let portico: Portico;
beforeAll(async () => {
  portico = await Portico.start({ interceptors: [failing] });
});
afterAll(async () => {
  await portico.close();
});
beforeEach(() => {
  failures = { code: "", left: 0 };
});

const bootstrap = () => portico.host.model.functions.find(({ name }) => name.endsWith("-bootstrap"))!.id;

/** Sends an event of CloudFormation's to the bootstrap. @returns the status that CloudFormation is told */
async function deploy(event: object): Promise<unknown> {
  const { promise, resolve } = Promise.withResolvers<unknown>();
  const { server, url } = await startServer((request, response) => {
    void readBody(request).then((body) => {
      response.end();
      resolve(JSON.parse(String(body)).Status);
    });
  });
  try {
    const outcome = await portico.host.invoke(bootstrap(), {
      ResponseURL: `${url}/${randomUUID()}`,
      StackId: "stack",
      RequestId: randomUUID(),
      LogicalResourceId: "BootstrapRun",
      ResourceType: "Custom::PorticoBootstrap",
      ...event,
    });
    expect(outcome).not.toHaveProperty("failure");
    return await promise;
  } finally {
    await closeServer(server);
  }
}

const older = { Release: "1.0.0+aaaaaaaaaaaa", CommittedAt: "2026-01-01T00:00:00.000Z" };
const newer = { Release: "1.0.1+bbbbbbbbbbbb", CommittedAt: "2026-01-02T00:00:00.000Z" };
const create = { RequestType: "Create", ResourceProperties: newer };
const update = (from: object, to: object) => ({
  RequestType: "Update",
  PhysicalResourceId: "portico-bootstrap",
  OldResourceProperties: from,
  ResourceProperties: to,
});
/** An answer after which no other attempt is worth it. */
const broken = () => ({ code: "ValidationException", left: Infinity });

test("a right that is not in force yet is waited for", async () => {
  failures = { code: "AccessDeniedException", left: 4 };
  expect(await deploy(create)).toBe("SUCCESS");
  expect(failures.left).toBe(0);
});

test("the emergency command waits for it, too", async () => {
  failures = { code: "AccessDeniedException", left: 2 };
  expect(await portico.host.invoke(bootstrap(), {})).not.toHaveProperty("failure");
  expect(failures.left).toBe(0);
});

test.each<[string, object]>([
  ["the first deployment", create],
  ["a step to a newer release", update(older, newer)],
  ["the first release whose marker has a time", update({ Deployment: "2026-01-03T00:00:00.000Z" }, newer)],
])("a bootstrap that fails makes %s fail", async (_what, event) => {
  failures = broken();
  expect(await deploy(event)).toBe("FAILED");
});

test.each<[string, object]>([
  ["a rollback to an older release", update(newer, older)],
  ["a rollback to a release whose marker has no time", update(newer, { Deployment: "2026-01-03T00:00:00.000Z" })],
  ["the rollback of a first deployment", { RequestType: "Delete", ResourceProperties: newer }],
])("a bootstrap that fails does not make %s fail", async (_what, event) => {
  failures = broken();
  expect(await deploy(event)).toBe("SUCCESS");
});

test("a failure is logged, also where CloudFormation may go on", async () => {
  failures = broken();
  portico.logs.splice(0);
  await deploy(update(newer, older));
  while (!portico.logs.some((line) => line.includes('"bootstrap_failed"'))) await new Promise(setImmediate);
  expect(portico.logs.join("")).toContain('"errorName":"ValidationException"');
});
