import { prepare, removals, type EmulatedTemplate } from "../../../infra/checks/emulator/allowances.ts";
import { declaredFacts } from "../../../infra/checks/emulator/declared-facts.ts";
import { changesBetween, differencesOf, withoutRelease } from "../../../infra/checks/emulator/differences.ts";
import { excerptOf } from "../../../infra/checks/emulator/excerpt.ts";
import { clientSettings, isolatedEnvironment } from "../../../infra/checks/emulator/emulator.ts";
import { readRoles } from "../../../infra/checks/emulator/roles.ts";
import { StackValues, type DeployedStack } from "../../../infra/checks/emulator/stack-values.ts";

const templateOf = (Resources: EmulatedTemplate["Resources"]): EmulatedTemplate => ({ Resources });
const queries = removals.filter(({ name }) => name === "AWS::Logs::QueryDefinition");
const query = { Type: "AWS::Logs::QueryDefinition" };

describe("preparing templates for the emulator", () => {
  test("takes out what the emulator cannot do, with the dependencies on it", () => {
    const queue = { Type: "AWS::SQS::Queue", DependsOn: ["Query", "Key"] };
    const { templates, removed } = prepare({ a: templateOf({ Query: query, Queue: queue }) }, queries);
    expect(removed).toEqual({ "AWS::Logs::QueryDefinition": ["Query"] });
    expect(templates["a"]?.Resources).toEqual({ Queue: { Type: "AWS::SQS::Queue", DependsOn: ["Key"] } });
  });

  test("takes out alarms with metric math, and no other alarm", () => {
    const alarm = (Properties: object) => ({ Type: "AWS::CloudWatch::Alarm", Properties: { ...Properties } });
    const math = removals.filter(({ name }) => name === "AWS::CloudWatch::Alarm with Metrics");
    const template = templateOf({ Math: alarm({ Metrics: [] }), Simple: alarm({ MetricName: "Errors" }) });
    expect(Object.keys(prepare({ a: template }, math).templates["a"]?.Resources ?? {})).toEqual(["Simple"]);
  });

  test("every removal has a reason", () => {
    expect(removals.filter(({ reason }) => reason.length < 20)).toEqual([]);
  });

  test("refuses a removal that matches nothing", () => {
    const template = templateOf({ Queue: { Type: "AWS::SQS::Queue" } });
    expect(() => prepare({ a: template }, queries)).toThrow("no template has AWS::Logs::QueryDefinition");
  });

  test.each([{ Ref: "Query" }, { "Fn::GetAtt": ["Query", "Arn"] }])(
    "refuses to leave a reference to what is taken out: %j",
    (reference) => {
      const template = templateOf({
        Query: query,
        Queue: { Type: "AWS::SQS::Queue", Properties: { Name: reference } },
      });
      expect(() => prepare({ a: template }, queries)).toThrow("refers to Query");
    },
  );

  test("gives the API an id that is known before the deployment", () => {
    const template = templateOf({ Query: query, Api: { Type: "AWS::ApiGateway::RestApi", Properties: { Name: "x" } } });
    expect(prepare({ a: template }, queries).templates["a"]?.Resources["Api"]?.Properties).toEqual({
      Name: "x",
      Tags: [
        { Key: "ms-custom-id", Value: "portico" },
        { Key: "_custom_id_", Value: "portico" },
      ],
    });
  });
});

describe("comparing what came about with what is declared", () => {
  const facts = {
    "method GET /health": { AuthorizationType: "NONE" },
    "function health": { MemorySize: 512, Environment: { Variables: { STAGE: "local", VERSION: "one" } } },
    "alarm errors": { Threshold: 2 },
  };

  test("equal facts have no difference, in whatever order and type the service gives them", () => {
    const deployed = {
      ...facts,
      "function health": { Environment: { Variables: { VERSION: "one", STAGE: "local" } }, MemorySize: "512" },
    };
    expect(differencesOf(facts, deployed)).toEqual([]);
  });

  test.each(["method GET /health", "alarm errors"] as const)("finds that the %s is missing", (missing) => {
    const { [missing]: _, ...deployed } = facts;
    expect(differencesOf(facts, deployed)).toEqual([`${missing} is missing`]);
  });

  test("finds a method that nobody declared", () => {
    const deployed = { ...facts, "method GET /secret": {} };
    expect(differencesOf(facts, deployed)).toEqual(["method GET /secret is not declared"]);
  });

  test("finds a changed environment variable", () => {
    const health = { ...facts["function health"], Environment: { Variables: { STAGE: "prod", VERSION: "one" } } };
    expect(differencesOf(facts, { ...facts, "function health": health })).toEqual([
      'function health: Environment is {"Variables":{"STAGE":"prod","VERSION":"one"}}, not {"Variables":{"STAGE":"local","VERSION":"one"}}',
    ]);
  });

  test("lets the emulator drop a property that it is known to drop, and says when it keeps it", () => {
    const unkept = [{ of: "alarm ", type: "AWS::CloudWatch::Alarm", property: "Threshold", reason: "a test" }];
    expect(differencesOf(facts, { ...facts, "alarm errors": {} }, unkept)).toEqual([]);
    expect(differencesOf(facts, facts, unkept)).toEqual(["alarm errors: Threshold is kept: compare it"]);
  });

  test("finds what came, went and changed between two deployments", () => {
    const after = { "method GET /health": { AuthorizationType: "CUSTOM" }, "alarm errors": { Threshold: 2 }, more: {} };
    expect(changesBetween(facts, after)).toEqual(["function health", "method GET /health", "more"]);
  });

  test("the release marker is no change; the code and other variables beside it are", () => {
    const health = (STAGE: string, VERSION: string, CodeSha256: string) => ({
      stage: { Variables: { release: VERSION } },
      health: { CodeSha256, RevisionId: VERSION, Environment: { Variables: { STAGE, VERSION } } },
    });
    const before = withoutRelease(health("local", "one", "a"));
    expect(changesBetween(before, withoutRelease(health("local", "two", "a")))).toEqual([]);
    expect(changesBetween(before, withoutRelease(health("local", "two", "b")))).toEqual(["health"]);
    expect(changesBetween(before, withoutRelease(health("prod", "two", "a")))).toEqual(["health"]);
  });

  test("a function without the release marker may not even be touched", () => {
    const touched = (RevisionId: string) => withoutRelease({ health: { RevisionId, Environment: { Variables: {} } } });
    expect(changesBetween(touched("1"), touched("2"))).toEqual(["health"]);
  });
});

describe("what the templates declare", () => {
  const nested: DeployedStack = {
    name: "Api/Functions",
    template: {
      Resources: {
        Health: {
          Type: "AWS::Lambda::Function",
          Properties: { MemorySize: 512, Environment: { Variables: { TABLE_NAME: { Ref: "tableName" } } } },
        },
      },
      Outputs: { Arn: { Value: { "Fn::GetAtt": ["Health", "Arn"] } } },
    },
    physicalIds: { Health: "Portico-health" },
    parameters: {},
    nested: {},
  };
  const data: DeployedStack = {
    name: "Data",
    template: { Resources: {}, Outputs: { Table: { Value: { Ref: "Table" }, Export: { Name: "Data:Table" } } } },
    physicalIds: { Table: "Data-Table-1" },
    parameters: {},
    nested: {},
  };
  const resources: EmulatedTemplate["Resources"] = {
    Functions: {
      Type: "AWS::CloudFormation::Stack",
      Properties: { Parameters: { tableName: { "Fn::ImportValue": "Data:Table" } } },
    },
    V1: {
      Type: "AWS::ApiGateway::Resource",
      Properties: { ParentId: { "Fn::GetAtt": ["Api", "RootResourceId"] }, PathPart: "v1" },
    },
    Users: { Type: "AWS::ApiGateway::Resource", Properties: { ParentId: { Ref: "V1" }, PathPart: "users" } },
    Method: {
      Type: "AWS::ApiGateway::Method",
      Properties: {
        HttpMethod: "GET",
        ResourceId: { Ref: "Users" },
        Integration: { Uri: { "Fn::Join": ["/", ["arn", { "Fn::GetAtt": ["Functions", "Outputs.Arn"] }]] } },
      },
    },
  };
  const api: DeployedStack = {
    name: "Api",
    template: templateOf(resources),
    physicalIds: {},
    parameters: {},
    nested: { Functions: nested },
  };
  const child: DeployedStack = { ...nested, parent: { stack: api, logicalId: "Functions" } };
  const values = new StackValues([data, api, child], "arn:stream");

  test("is resolved through parameters of nested stacks, exports, outputs and paths", () => {
    expect(declaredFacts([data, api, child], values)).toMatchObject({
      "function Portico-health": { MemorySize: 512, Environment: { Variables: { TABLE_NAME: "Data-Table-1" } } },
      "method GET /v1/users": {
        Integration: { Uri: "arn/arn:aws:lambda:us-east-1:000000000000:function:Portico-health" },
      },
    });
  });

  test.each([
    { "Fn::Cidr": [] },
    { Ref: "Nobody" },
    { "Fn::GetAtt": ["V1", "Colour"] },
    { "Fn::ImportValue": "Nobody" },
  ])("is refused where the comparison cannot know it: %j", (value) => {
    expect(() => values.resolve(value, api)).toThrow();
  });
});

describe("an excerpt for another emulator", () => {
  const stackOf = (name: string, resources: EmulatedTemplate["Resources"]): DeployedStack => ({
    ...{ name, template: templateOf(resources), parameters: {}, nested: {} },
    physicalIds: Object.fromEntries(Object.keys(resources).map((id) => [id, `physical-${id}`])),
  });
  const excerptOfAll = (type: string, ...all: readonly EmulatedTemplate["Resources"][]) => {
    const sources = all.map((resources, index) => ({
      stack: stackOf(`Stack${index}`, resources),
      whole: templateOf(resources),
    }));
    const values = new StackValues(
      sources.map(({ stack }) => stack),
      "",
    );
    return excerptOf(sources, ({ Type }) => Type === type, values).Resources;
  };
  const alarm = (AlarmName: string, more: object = {}) => ({
    Type: "AWS::CloudWatch::Alarm",
    Properties: { AlarmName, ...more },
  });

  test("keeps references to what it has, and resolves any other", () => {
    const topic = { Type: "AWS::SNS::Topic" };
    const rule = { "Fn::Join": ["", ["ALARM(", { Ref: "First" }, ") in ", { Ref: "AWS::Region" }]] };
    const second = alarm("second", { AlarmRule: rule, AlarmActions: [{ Ref: "Topic" }] });
    const resources = { Topic: topic, First: alarm("first"), Second: { ...second, DependsOn: ["First", "Topic"] } };
    expect(excerptOfAll("AWS::CloudWatch::Alarm", resources)).toEqual({
      First: { ...alarm("first"), DependsOn: [] },
      Second: {
        Type: "AWS::CloudWatch::Alarm",
        Properties: {
          AlarmName: "second",
          AlarmRule: { "Fn::Join": ["", ["ALARM(", { Ref: "First" }, ") in ", "us-east-1"]] },
          AlarmActions: ["physical-Topic"],
        },
        DependsOn: ["First"],
      },
    });
  });

  test("takes along the key that a table refers to, and no other key", () => {
    const key = { Type: "AWS::KMS::Key", Properties: {} };
    const SSESpecification = { KMSMasterKeyId: { "Fn::GetAtt": ["Key", "Arn"] } };
    const table = { Type: "AWS::DynamoDB::Table", Properties: { SSESpecification } };
    expect(excerptOfAll("AWS::DynamoDB::Table", { Key: key, Other: key, Table: table })).toEqual({
      Key: { ...key, DependsOn: [] },
      Table: { ...table, DependsOn: [] },
    });
  });

  test("refuses two resources of the same id", () => {
    const all = [{ Errors: alarm("a") }, { Errors: alarm("b") }] as const;
    expect(() => excerptOfAll("AWS::CloudWatch::Alarm", ...all)).toThrow("a resource of the same id");
  });
});

describe("staying on this machine", () => {
  test("refuses an endpoint elsewhere", () => {
    expect(() => clientSettings("https://lambda.us-east-1.amazonaws.com")).toThrow("is not on this machine");
    expect(() => isolatedEnvironment("http://127.0.0.1.example.com:4566", "/home")).toThrow("is not on this machine");
  });

  test("hands on no credential and no profile of the machine", () => {
    const before = process.env["AWS_PROFILE"];
    process.env["AWS_PROFILE"] = "production";
    const environment = isolatedEnvironment("http://127.0.0.1:4566", "/home");
    if (before === undefined) delete process.env["AWS_PROFILE"];
    else process.env["AWS_PROFILE"] = before;
    expect(environment["AWS_PROFILE"]).toBeUndefined();
    expect(environment).toMatchObject({ AWS_ACCESS_KEY_ID: "emulated", AWS_ENDPOINT_URL: "http://127.0.0.1:4566" });
  });
});

test("roles are read with their trust, inline policies and managed policies", () => {
  const encoded = (value: object): string => encodeURIComponent(JSON.stringify(value));
  const xml = `<member><RoleName>reader</RoleName><AssumeRolePolicyDocument>${encoded({ trust: 1 })}</AssumeRolePolicyDocument>
    <RolePolicyList><member><PolicyName>own</PolicyName><PolicyDocument>${encoded({ own: 1 })}</PolicyDocument></member></RolePolicyList>
    <AttachedManagedPolicies><member><PolicyName>logs</PolicyName><PolicyArn>arn:logs</PolicyArn></member></AttachedManagedPolicies></member>
    <member><RoleName>cdk-deploy</RoleName><AssumeRolePolicyDocument>${encoded({})}</AssumeRolePolicyDocument></member>`;
  expect(readRoles(xml)).toEqual([
    [
      "role reader",
      {
        AssumeRolePolicyDocument: { trust: 1 },
        Policies: [{ PolicyName: "own", PolicyDocument: { own: 1 } }],
        ManagedPolicyArns: ["arn:logs"],
      },
    ],
  ]);
});
