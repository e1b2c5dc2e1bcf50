/** What `npm run invoke` and `npm run sam` are made of, against a running host. */
import { startControl, type OrderServer, type RunnableFunction } from "../../../infra/local/commands/control.ts";
import { exampleRequest, usualCaller } from "../../../infra/local/commands/example-request.ts";
import { samEnvironment, samTemplate, withAddress } from "../../../infra/local/commands/sam-template.ts";
import { invokeOnce, type SingleInvocation } from "../../../infra/local/lambda/single-invocation.ts";
import { CallTrace } from "../../../infra/local/services/call-trace.ts";
import type { AnyOperation } from "../../../shared/contract/operation.ts";
import { operations } from "../../../shared/operations.ts";
import { Portico } from "../../support/portico.ts";

const portico = Portico.alone();
let control: OrderServer;
let functions: readonly RunnableFunction[];

async function order(name: string, body: unknown): Promise<any> {
  const response = await fetch(`${control.url}/${name}`, {
    method: "POST",
    headers: { authorization: `Bearer ${control.secret}` },
    body: JSON.stringify(body),
  });
  return { status: response.status, ...((await response.json()) as object) };
}

beforeAll(async () => {
  control = await startControl(portico.host);
  ({ functions } = await order("functions", {}));
});
afterAll(async () => await control.close());

function operationOf(id: string): AnyOperation {
  return operations.find((operation) => operation.id === id)!;
}
function functionOf({ method, path }: AnyOperation): RunnableFunction {
  return functions.find(({ route }) => route === `${method} ${path}`)!;
}

describe("the event of an example request", () => {
  test.each(operations.map((operation) => [operation.id, operation] as const))(
    "of %s is made",
    async (_id, operation) => {
      const token = operation.access === "public" ? undefined : await tokenFor(operation);
      const { status, event } = await order("event", exampleRequest(operation, token));
      expect(status).toBe(200);
      expect(event).toMatchObject({ resource: operation.path, httpMethod: operation.method });
      expect(event.requestContext.authorizer?.principalId).toEqual(
        token === undefined ? undefined : expect.any(String),
      );
    },
  );

  test("without a valid token is refused like the request", async () => {
    const { status, error } = await order("event", exampleRequest(operationOf("partners.self"), "x.y.z"));
    expect({ status, error }).toEqual({ status: 400, error: "API Gateway refuses the request: ACCESS_DENIED" });
  });

  test("of an unknown path is refused", async () => {
    const answer = await order("event", { method: "GET", path: "/nowhere", headers: {}, body: "" });
    expect(answer).toEqual({ status: 400, error: "the API has no GET /nowhere" });
  });
});

let partnerToken: Promise<string> | undefined;
async function tokenFor(operation: AnyOperation): Promise<string> {
  if (usualCaller(operation) !== "partner") return await portico.rootToken();
  return await (partnerToken ??= portico.partnerWithToken().then(({ token }) => token));
}

describe("a single invocation", () => {
  async function invoke(event: unknown): Promise<SingleInvocation & { readonly trace: CallTrace }> {
    const { id, folder, environment, timeoutSeconds } = functionOf(operationOf("subscriptions.create"));
    const trace = await CallTrace.start(environment["AWS_ENDPOINT_URL"]!);
    try {
      const endpoints = { AWS_ENDPOINT_URL_DYNAMODB: trace.url, AWS_ENDPOINT_URL_SECRETS_MANAGER: trace.url };
      const variables = { ...environment, ...endpoints };
      const options = { functionId: id, folder, environment: variables, event, timeoutSeconds };
      return { ...(await invokeOnce(options)), trace };
    } finally {
      await trace.close();
    }
  }

  test("returns the answer, the log and every call with its units", async () => {
    const operation = operationOf("subscriptions.create");
    const token = await tokenFor(operation);
    const { event } = await order("event", exampleRequest(operation, token));
    const { outcome, log, trace } = await invoke(event);
    expect(JSON.parse("payload" in outcome ? outcome.payload : "{}")).toMatchObject({ statusCode: 201 });
    expect(log.map((line) => JSON.parse(line))).toEqual([expect.objectContaining({ code: "request_served" })]);
    expect(trace.calls.map(({ action, result }) => [action, result])).toEqual([
      ["GetItem", "ok"],
      ["TransactWriteItems", "ok"],
    ]);
    expect(trace.calls[0]!.units).toBe(1);
    expect(trace.calls[1]!.units).toBeGreaterThan(4);
    expect(trace.calls[1]!.subjects[0]).toMatch(/^Put IDEMPOTENCY#/);
    expect((await portico.call("GET", "/v1/subscriptions/customer-4711", { token })).status).toBe(200);
  });

  test("of a handler that fails returns the error", async () => {
    const { outcome } = await invoke(null);
    expect(outcome).toEqual({ failure: expect.objectContaining({ errorType: expect.any(String) }) });
  });
});

describe("the files for SAM", () => {
  const secrets = (found: RunnableFunction) =>
    ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"].map((name) => found.environment[name]!);

  test("let no function reach AWS: endpoints and keys are declared in the template", () => {
    const { Resources } = samTemplate(functions, withAddress("host.docker.internal")) as any;
    expect(Object.keys(Resources)).toHaveLength(functions.length);
    for (const resource of Object.values<any>(Resources)) {
      expect(resource.Properties.Environment.Variables).toMatchObject({
        AWS_ENDPOINT_URL: expect.stringMatching(/^http:\/\/host\.docker\.internal:\d+$/),
        AWS_ENDPOINT_URL_DYNAMODB: expect.stringMatching(/^http:\/\/host\.docker\.internal:\d+$/),
        AWS_ENDPOINT_URL_SECRETS_MANAGER: expect.stringMatching(/^http:\/\/host\.docker\.internal:\d+$/),
        AWS_ACCESS_KEY_ID: "in-env-json",
        AWS_SECRET_ACCESS_KEY: "in-env-json",
        AWS_SESSION_TOKEN: "in-env-json",
      });
    }
  });

  test("have the access keys in env.json only", () => {
    const template = JSON.stringify(samTemplate(functions, withAddress("127.0.0.1")));
    const environment = samEnvironment(functions, withAddress("127.0.0.1"));
    for (const found of functions) {
      for (const value of secrets(found)) expect(template).not.toContain(value);
      expect(Object.values(environment[found.logicalId]!)).toEqual(expect.arrayContaining(secrets(found)));
      // SAM sets only variables that the template declares.
      expect(Object.keys(environment[found.logicalId]!)).toEqual(
        Object.keys(
          (samTemplate([found], withAddress("127.0.0.1")) as any).Resources[found.logicalId].Properties.Environment
            .Variables,
        ),
      );
    }
  });

  test("have every value resolved", () => {
    const template = JSON.stringify(samTemplate(functions, withAddress("127.0.0.1")));
    expect(template).not.toMatch(/Fn::|"Ref"/);
  });
});
