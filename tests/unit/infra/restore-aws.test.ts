/** What the write stop and the preparation of a table ask of AWS, against a server that answers as AWS does. */
import type { Server } from "node:http";
import { closeServer, readBody, startServer } from "../../../infra/local/support/loopback-http.ts";
import { openStageData } from "../../../infra/restore/stage-data.ts";
import { keepReadOnly, openWriteStop } from "../../../infra/restore/stage-switch.ts";
import { RestoreTables } from "../../../infra/restore/tables.ts";
import exampleProduction from "../../../infra/checks/example-production.ts";

interface Call {
  readonly call: string;
  readonly body: any;
}

let server: Server;
let calls: Call[] = [];
let variables: Record<string, string> = {};
let table: Record<string, unknown> = {};

const stackAnswer = (action: string): string =>
  action === "DescribeStackResources"
    ? `<DescribeStackResourcesResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><DescribeStackResourcesResult><StackResources>
       ${member("AWS::DynamoDB::Table", "Table1")}${member("AWS::KMS::Key", "key-1")}
       </StackResources></DescribeStackResourcesResult></DescribeStackResourcesResponse>`
    : `<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><DescribeStacksResult>
       <Stacks><member><StackName>Portico-prod-Api</StackName><StackStatus>UPDATE_COMPLETE</StackStatus>
       <CreationTime>2026-01-01T00:00:00Z</CreationTime><Outputs><member><OutputKey>ApiId</OutputKey><OutputValue>abc123</OutputValue></member></Outputs>
       </member></Stacks></DescribeStacksResult></DescribeStacksResponse>`;
const member = (type: string, id: string): string =>
  `<member><LogicalResourceId>x</LogicalResourceId><ResourceType>${type}</ResourceType><PhysicalResourceId>${id}</PhysicalResourceId>
   <ResourceStatus>CREATE_COMPLETE</ResourceStatus><Timestamp>2026-01-01T00:00:00Z</Timestamp></member>`;

const dynamoAnswers: Readonly<Record<string, () => object>> = {
  DescribeTable: () => ({
    Table: { TableName: "restored", TableArn: "arn:restored", TableStatus: "ACTIVE", ...table },
  }),
  DescribeTimeToLive: () => ({ TimeToLiveDescription: { TimeToLiveStatus: "DISABLED" } }),
  DescribeContinuousBackups: () => ({
    ContinuousBackupsDescription: {
      ContinuousBackupsStatus: "ENABLED",
      PointInTimeRecoveryDescription: { PointInTimeRecoveryStatus: "DISABLED" },
    },
  }),
};

function answer({ call, body }: Call): string {
  if (call === "PATCH /restapis/abc123/stages/prod") {
    for (const { path, value } of body.patchOperations) variables[path.replace("/variables/", "")] = value;
  }
  if (call.startsWith("GET /2015-03-31/event-source-mappings"))
    return JSON.stringify({ EventSourceMappings: [{ UUID: "m1" }] });
  if (call.includes("/restapis/")) return JSON.stringify({ stageName: "prod", variables });
  return JSON.stringify(dynamoAnswers[call]?.() ?? {});
}

beforeAll(async () => {
  const started = await startServer((request, response) => {
    void readBody(request).then((bytes) => {
      const target = request.headers["x-amz-target"];
      const action = new URLSearchParams(String(bytes)).get("Action");
      if (target === undefined && action !== null) {
        response.writeHead(200, { "content-type": "text/xml" }).end(stackAnswer(action));
        return;
      }
      const call =
        target === undefined ? `${request.method} ${request.url?.split("?")[0]}` : String(target).split(".")[1]!;
      const seen = { call, body: JSON.parse(String(bytes) || "{}") };
      calls.push(seen);
      response.writeHead(200, { "content-type": "application/x-amz-json-1.0" }).end(answer(seen));
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
  [calls, variables, table] = [[], {}, {}];
});

const changes = (): readonly string[] =>
  calls
    .filter(({ call }) => !/^(GET|Describe)/.test(call))
    .map(({ call, body }) => `${call} ${body.Name ?? body.Enabled ?? ""}`.trim());

describe("the write stop", () => {
  const rules = ["Portico-prod-expiry", "Portico-prod-ledger-check", "Portico-prod-synthetic-partner"];

  const mapping = "PUT /2015-03-31/event-source-mappings/m1";

  test("disables the rules and event source mappings, then sets the variable of the stage", async () => {
    const writeStop = await openWriteStop(exampleProduction);
    expect(await writeStop.isOn()).toBe(false);
    await writeStop.set(true);
    expect(await writeStop.isOn()).toBe(true);
    expect(variables).toEqual({ readOnly: "on" });
    expect(changes()).toEqual([
      ...rules.map((name) => `DisableRule ${name}`),
      ...Array.from({ length: 3 }, () => `${mapping} false`),
      "PATCH /restapis/abc123/stages/prod",
    ]);
    // One mapping for each function that records or messages invoke.
    expect(calls.filter(({ call }) => call.startsWith("GET /2015-03-31/event-source-mappings"))).toHaveLength(3);
  });

  test("ends in the opposite order", async () => {
    variables = { readOnly: "on", release: "r1" };
    await (await openWriteStop(exampleProduction)).set(false);
    expect(variables).toEqual({ readOnly: "off", release: "r1" });
    expect(changes()).toEqual([
      "PATCH /restapis/abc123/stages/prod",
      ...rules.map((name) => `EnableRule ${name}`),
      ...Array.from({ length: 3 }, () => `${mapping} true`),
    ]);
  });

  test("outlasts a deployment that removes the variable, and begins with none", async () => {
    const writeStop = await openWriteStop(exampleProduction);
    const deployment = async (): Promise<void> => {
      variables = { release: "r2" };
    };
    await keepReadOnly(writeStop, deployment);
    expect(await writeStop.isOn()).toBe(false);
    await writeStop.set(true);
    await keepReadOnly(writeStop, deployment);
    expect(await writeStop.isOn()).toBe(true);
  });
});

test("the data of a stage are its stack's table and key, or the table that its settings name", async () => {
  expect(await openStageData(exampleProduction)).toEqual({ table: "Table1", keyId: "key-1" });
  const restored = { ...exampleProduction, restoredTable: "restored" };
  expect(await openStageData(restored)).toEqual({ table: "restored", keyId: "key-1" });
});

describe("the preparation of a restored table", () => {
  test("sets what a restore leaves out", async () => {
    await new RestoreTables().protect("restored", exampleProduction);
    expect(changes()).toEqual([
      "UpdateTable",
      "UpdateTimeToLive",
      "UpdateContinuousBackups",
      "UpdateTable",
      "TagResource",
    ]);
    const [stream] = calls.filter(({ call }) => call === "UpdateTable");
    expect(stream?.body.StreamSpecification).toEqual({ StreamEnabled: true, StreamViewType: "NEW_IMAGE" });
    const tags = calls.find(({ call }) => call === "TagResource")?.body.Tags;
    expect(tags).toContainEqual({ Key: "stage", Value: "prod" });
  });

  test("leaves alone what is set already", async () => {
    const StreamSpecification = { StreamEnabled: true, StreamViewType: "NEW_IMAGE" };
    table = { DeletionProtectionEnabled: true, StreamSpecification, LatestStreamArn: "arn:stream" };
    await new RestoreTables().protect("restored", { ...exampleProduction, pointInTimeRecovery: false });
    expect(changes()).toEqual(["UpdateTimeToLive", "TagResource"]);
  });
});
