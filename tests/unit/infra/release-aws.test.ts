/** What the release tool asks of API Gateway and CloudFormation, against a server that answers as they do. */
import type { Server } from "node:http";
import { openAccount, openCloud } from "../../../infra/release/aws.ts";
import { closeServer, readBody, startServer } from "../../../infra/local/support/loopback-http.ts";

interface Call {
  readonly call: string;
  readonly body: string;
}

let server: Server;
let calls: Call[] = [];
let stage: object = {};

const describeStacks = `<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><DescribeStacksResult>
<Stacks><member><StackName>Portico-prod-Api</StackName><StackStatus>UPDATE_COMPLETE</StackStatus>
<CreationTime>2026-01-01T00:00:00Z</CreationTime><Outputs><member><OutputKey>ApiId</OutputKey><OutputValue>abc123</OutputValue></member></Outputs>
</member></Stacks></DescribeStacksResult></DescribeStacksResponse>`;
const noSuchStack = `<ErrorResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><Error><Type>Sender</Type>
<Code>ValidationError</Code><Message>Stack with id Portico-none-Api does not exist</Message></Error></ErrorResponse>`;

const functions = { Functions: [{ FunctionName: "Portico-prod-auth-login" }, { FunctionName: "somebody-elses" }] };
const versions = {
  Versions: [
    { Version: "$LATEST", LastModified: "2026-01-02T00:00:00.000+0000" },
    { Version: "7", LastModified: "2026-01-01T00:00:00.000+0000", Description: "Published by a release of Portico" },
    { Version: "8", LastModified: "2026-01-02T00:00:00.000+0000", Description: "by hand" },
  ],
};

function answer(call: string, body: string): { readonly status: number; readonly text: string } {
  if (call === "POST /") {
    const missing = new URLSearchParams(body).get("StackName") !== "Portico-prod-Api";
    return missing ? { status: 400, text: noSuchStack } : { status: 200, text: describeStacks };
  }
  if (/^GET \/2015-03-31\/functions\/?$/.test(call)) return { status: 200, text: JSON.stringify(functions) };
  if (call.endsWith("/versions")) return { status: 200, text: JSON.stringify(versions) };
  if (call.startsWith("DELETE ")) return { status: 202, text: "" };
  if (call.includes("/deployments")) {
    const item = { id: "d1", description: "1.0.0+aaaaaaaaaaaa", createdDate: 1767225600 };
    return { status: 200, text: JSON.stringify({ item: [item, { id: "d0", createdDate: 1767225500 }] }) };
  }
  return { status: 200, text: JSON.stringify(stage) };
}

beforeAll(async () => {
  const started = await startServer((request, response) => {
    void readBody(request).then((bytes) => {
      const call = `${request.method} ${request.url?.split("?")[0]}`;
      calls.push({ call, body: String(bytes) });
      const { status, text } = answer(call, String(bytes));
      response.writeHead(status, { "content-type": call === "POST /" ? "text/xml" : "application/json" }).end(text);
    });
  });
  server = started.server;
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: started.url,
    AWS_REGION: "eu-central-1",
    AWS_ACCESS_KEY_ID: "test",
    AWS_SECRET_ACCESS_KEY: "test",
  });
});
afterAll(async () => {
  await closeServer(server);
});
beforeEach(() => {
  calls = [];
  stage = { deploymentId: "d1" };
});

const deploymentOf = (id: string, release: string) => ({ id, release, createdAt: new Date(0) });
const patches = (): unknown =>
  calls
    .filter(({ call }) => call === "PATCH /restapis/abc123/stages/prod")
    .map(({ body }) => JSON.parse(body).patchOperations);

test("a stage shows its live deployment and its canary", async () => {
  const cloud = await openCloud("prod");
  expect(await cloud.served()).toEqual({ live: "d1" });
  stage = { deploymentId: "d1", canarySettings: { deploymentId: "d2", percentTraffic: 10 } };
  expect(await cloud.served()).toEqual({ live: "d1", canary: { deployment: "d2", percent: 10 } });
});

test("a stage that is not deployed has no traffic and no template", async () => {
  expect(await (await openCloud("none")).served()).toBeUndefined();
  expect(await openAccount().template("Portico-none-Api")).toBeUndefined();
});

test("a deployment is named after its description", async () => {
  expect(await (await openCloud("prod")).deployments()).toEqual([
    { id: "d1", release: "1.0.0+aaaaaaaaaaaa", createdAt: new Date("2026-01-01T00:00:00Z") },
    { id: "d0", release: "", createdAt: new Date("2025-12-31T23:58:20Z") },
  ]);
});

test("a canary starts and ends with one patch of the stage", async () => {
  const cloud = await openCloud("prod");
  await cloud.startCanary(deploymentOf("d2", "1.0.1+bbbbbbbbbbbb"), 10);
  await cloud.endCanary();
  expect(patches()).toEqual([
    [
      { op: "replace", path: "/canarySettings/deploymentId", value: "d2" },
      { op: "replace", path: "/canarySettings/percentTraffic", value: "10" },
      { op: "replace", path: "/canarySettings/stageVariableOverrides/release", value: "1.0.1~bbbbbbbbbbbb" },
    ],
    [{ op: "remove", path: "/canarySettings" }],
  ]);
});

test("a switch is one request, which names the release and ends the canary as well", async () => {
  const cloud = await openCloud("prod");
  await cloud.switchTo(deploymentOf("d0", ""));
  stage = { deploymentId: "d1", canarySettings: { deploymentId: "d2", percentTraffic: 10 } };
  await cloud.switchTo(deploymentOf("d2", "1.0.1+bbbbbbbbbbbb"));
  expect(patches()).toEqual([
    [
      { op: "replace", path: "/deploymentId", value: "d0" },
      { op: "replace", path: "/variables/release", value: "deployment:d0" },
    ],
    [
      { op: "replace", path: "/deploymentId", value: "d2" },
      { op: "replace", path: "/variables/release", value: "1.0.1~bbbbbbbbbbbb" },
      { op: "remove", path: "/canarySettings" },
    ],
  ]);
});

test("a version tells when it was published, and whether a release has published it", async () => {
  const functionName = "Portico-prod-auth-login";
  expect(await (await openCloud("prod")).versions()).toEqual([
    { functionName, version: "7", publishedAt: new Date("2026-01-01T00:00:00Z"), isOurs: true },
    { functionName, version: "8", publishedAt: new Date("2026-01-02T00:00:00Z"), isOurs: false },
  ]);
});

test("a deployment and a function version are deleted by their names", async () => {
  const cloud = await openCloud("prod");
  await cloud.deleteDeployment("d0");
  const version = { functionName: "Portico-prod-auth-login", version: "7", publishedAt: new Date(0), isOurs: true };
  await cloud.deleteVersion(version);
  expect(calls.map(({ call }) => call).slice(-2)).toEqual([
    "DELETE /restapis/abc123/deployments/d0",
    "DELETE /2015-03-31/functions/Portico-prod-auth-login",
  ]);
});
