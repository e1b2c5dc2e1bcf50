import { loadAssembly, type LoadedAssembly } from "../../../infra/local/template/cloud-assembly.ts";
import { readModel } from "../../../infra/local/template/read-deployment.ts";
import {
  apiResources,
  functionResource,
  gatewayResponseResource,
  methodResource,
  roleResource,
  rootResource,
  writeAssembly,
} from "./fixture.ts";

function load(
  stacks: Readonly<Record<string, object>>,
  parameters: Record<string, string> = {},
  { bundles = {}, nested = {} }: { bundles?: Record<string, string>; nested?: Record<string, object> } = {},
): LoadedAssembly {
  const assembly = writeAssembly(stacks, bundles, nested);
  try {
    return loadAssembly(assembly.folder, parameters);
  } finally {
    assembly.remove();
  }
}

/** Resolves a value in a template with a topic, a parameter and two conditions. */
function resolved(value: unknown): unknown {
  const Resources = {
    Topic: { Type: "AWS::SNS::Topic", Properties: { TopicName: "news" } },
    Probe: { Type: "Custom::Probe", Properties: { value } },
  };
  const Parameters = { Url: { Type: "String", Default: "http://default" } };
  const Conditions = {
    Yes: { "Fn::Equals": [{ Ref: "AWS::Region" }, "us-east-1"] },
    No: { "Fn::Not": [{ Condition: "Yes" }] },
  };
  return load({ Fixture: { Parameters, Conditions, Resources } }).resources.find(
    ({ logicalId }) => logicalId === "Probe",
  )?.properties["value"];
}

describe("the template", () => {
  test.each([
    ["Ref of a resource", { Ref: "Topic" }, "arn:aws:sns:us-east-1:000000000000:news"],
    ["Ref of a parameter with a default", { Ref: "Url" }, "http://default"],
    ["Ref of a pseudo parameter", { Ref: "AWS::AccountId" }, "000000000000"],
    ["Fn::GetAtt", { "Fn::GetAtt": ["Topic", "TopicName"] }, "news"],
    ["Fn::Join", { "Fn::Join": ["-", ["a", { Ref: "AWS::Partition" }]] }, "a-aws"],
    ["Fn::Sub", { "Fn::Sub": "${Topic.TopicName} ${AWS::Region} ${!literal}" }, "news us-east-1 ${literal}"],
    ["Fn::Sub with variables", { "Fn::Sub": ["${x}", { x: { Ref: "AWS::URLSuffix" } }] }, "amazonaws.com"],
    ["Fn::Select of Fn::Split", { "Fn::Select": [1, { "Fn::Split": ["/", "a/b"] }] }, "b"],
    ["Fn::If by its condition", { "Fn::If": ["No", "yes", "no"] }, "no"],
    ["AWS::NoValue in a list", ["a", { Ref: "AWS::NoValue" }], ["a"]],
  ])("resolves %s as CloudFormation does", (_, value, expected) => {
    expect(resolved(value)).toEqual(expected);
  });

  test("resolves the export of a different stack in any order of the manifest", () => {
    const { resources } = load({
      First: {
        Resources: { Topic: { Type: "AWS::SNS::Topic", Properties: { TopicName: "news" } } },
        Outputs: { Out: { Value: { "Fn::GetAtt": ["Topic", "TopicName"] }, Export: { Name: "First:Out" } } },
      },
      Second: {
        Resources: { Probe: { Type: "Custom::Probe", Properties: { value: { "Fn::ImportValue": "First:Out" } } } },
      },
    });
    expect(resources.map(({ stack }) => stack)).toEqual(["First", "Second"]);
    expect(resources.at(-1)?.properties["value"]).toBe("news");
  });

  test.each([
    ["an intrinsic function", { "Fn::FindInMap": ["a", "b", "c"] }, "Fn::FindInMap is not known"],
    ["an attribute", { "Fn::GetAtt": ["Topic", "Colour"] }, "Topic.Colour: not known for AWS::SNS::Topic"],
    ["a resource that does not exist", { Ref: "Nothing" }, "names Nothing, which does not exist"],
    ["an export", { "Fn::ImportValue": "nowhere" }, "nowhere: no stack of the assembly exports it"],
  ])("refuses and names %s that is not known", (_, value, message) => {
    expect(() => resolved(value)).toThrow(message);
  });

  test("refuses and names a parameter without a value", () => {
    const template = {
      Parameters: { Url: { Type: "String" } },
      Resources: { Probe: { Type: "Custom::Probe", Properties: { value: { Ref: "Url" } } } },
    };
    expect(() => load({ Fixture: template })).toThrow("parameter Url has no default");
    expect(load({ Fixture: template }, { Url: "http://given" }).resources[0]?.properties["value"]).toBe("http://given");
  });
});

describe("a nested stack", () => {
  const nestedStack = (name: string, more: object = {}) => ({
    Type: "AWS::CloudFormation::Stack",
    Properties: {
      TemplateURL: { "Fn::Join": ["", ["https://s3.", { Ref: "AWS::URLSuffix" }, `/assets/${name}.json`]] },
      ...more,
    },
  });
  const probe = (value: unknown) => ({ Type: "Custom::Probe", Properties: { value } });
  const inner = {
    Parameters: { Name: { Type: "String" } },
    Resources: { Topic: { Type: "AWS::SNS::Topic", Properties: { TopicName: { Ref: "Name" } } } },
    Outputs: { Arn: { Value: { Ref: "Topic" } } },
  };
  const outer = (output: string, template = "inner") => ({
    Fixture: {
      Resources: {
        Source: probe("news"),
        Inner: nestedStack(template, { Parameters: { Name: { "Fn::Join": ["", ["new", "s"]] } } }),
        Probe: probe({ "Fn::GetAtt": ["Inner", `Outputs.${output}`] }),
      },
    },
  });

  test("gets its parameters from its parent, and gives it outputs and resources", () => {
    const { resources } = load(outer("Arn"), {}, { nested: { inner } });
    expect(resources.map(({ stack, logicalId }) => `${stack}/${logicalId}`)).toEqual([
      "Fixture/Source",
      "Fixture-Inner/Topic",
      "Fixture/Probe",
    ]);
    expect(resources.at(-1)?.properties["value"]).toBe("arn:aws:sns:us-east-1:000000000000:news");
  });

  test.each([
    ["an output that it does not have", outer("Nothing"), "names the output Nothing, which does not exist"],
    ["a template that is no asset", outer("Arn", "other"), "/assets/other.json of a nested stack is no asset"],
  ])("with %s is refused", (_what, stacks, reason) => {
    expect(() => load(stacks, {}, { nested: { inner } })).toThrow(reason);
  });

  test("is the only thing that has outputs", () => {
    const Resources = { Probe: probe({ "Fn::GetAtt": ["Other", "Outputs.Arn"] }), Other: probe("") };
    expect(() => load({ Fixture: { Resources } })).toThrow("names Other, which is no nested stack");
  });
});

describe("the model", () => {
  const model = (resources: object): unknown =>
    readModel(
      load({ Fixture: { Resources: resources } }, {}, { bundles: { echo: "export const handler = async () => ({})" } }),
    );
  const api = { ...apiResources, AuthorizerFunction: functionResource("echo"), Echo: functionResource("echo") };

  test.each([
    ["resource type", { Bucket: { Type: "AWS::S3::Bucket" } }, "AWS::S3::Bucket Fixture/Bucket"],
    [
      "property of a function",
      { Echo: functionResource("echo", { EphemeralStorage: { Size: 1024 } }) },
      "property EphemeralStorage",
    ],
    ["runtime", { Echo: functionResource("echo", { Runtime: "python3.13" }) }, "property Runtime must be nodejs24.x"],
    [
      "gateway response template with VTL",
      {
        Denied: gatewayResponseResource("ACCESS_DENIED", { ResponseTemplates: { "application/json": "#if($x)#end" } }),
      },
      "VTL beyond plain $context substitution",
    ],
    [
      "mapping of a gateway response",
      {
        Denied: gatewayResponseResource("ACCESS_DENIED", {
          ResponseParameters: { "gatewayresponse.header.a": "stageVariables.a" },
        }),
      },
      "the mapping stageVariables.a",
    ],
    [
      "result cache of an authorizer",
      {
        Authorizer: {
          ...apiResources.Authorizer,
          Properties: { ...apiResources.Authorizer.Properties, AuthorizerResultTtlInSeconds: 300 },
        },
      },
      "AuthorizerResultTtlInSeconds must be 0",
    ],
    [
      "service token",
      { Probe: { Type: "Custom::Probe", Properties: { ServiceToken: "arn:aws:lambda:us-east-1:0:function:other" } } },
      "names no function of the template",
    ],
  ])("refuses and names an unknown %s", (_, resources, message) => {
    expect(() => model({ ...api, ...resources })).toThrow(message);
  });

  test("refuses a mock integration and says what to do", () => {
    const mock = methodResource(rootResource, "OPTIONS", "Echo") as { Properties: { Integration: object } };
    mock.Properties.Integration = { Type: "MOCK" };
    expect(() => model({ ...api, Preflight: mock })).toThrow("leave the local stage without CORS origins");
  });

  test("refuses and names a function that API Gateway may not invoke", () => {
    const served = { ...api, Get: methodResource(rootResource, "GET", "Echo", "Authorizer") };
    expect(() => model(served)).not.toThrow();
    expect(() => model({ ...served, Invoker: roleResource("dynamodb:GetItem") })).toThrow(
      "may not invoke arn:aws:lambda",
    );
  });

  test("reads a role's inline and attached statements", () => {
    const statement = (action: string): object => ({
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Action: action, Resource: "*" }],
    });
    const read = readModel(
      load({
        Fixture: {
          Resources: {
            Role: {
              Type: "AWS::IAM::Role",
              Properties: {
                AssumeRolePolicyDocument: {},
                Policies: [{ PolicyName: "a", PolicyDocument: statement("a:A") }],
              },
            },
            Policy: {
              Type: "AWS::IAM::Policy",
              Properties: { PolicyName: "b", Roles: [{ Ref: "Role" }], PolicyDocument: statement("b:B") },
            },
          },
        },
      }),
    );
    const [role] = [...read.roles.values()];
    expect(role?.statements.map((kept) => (kept as { Action: string }).Action)).toEqual(["a:A", "b:B"]);
  });
});
