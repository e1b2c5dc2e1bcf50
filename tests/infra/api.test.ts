import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { bundleFiles } from "../../infra/build/bundle.ts";
import { synthesize, type Assembly, type Resource, type Template } from "../../infra/checks/assembly.ts";
import { releaseOf } from "../../infra/release/release-name.ts";
import { denialCodes } from "../../infra/constructs/gateway-errors.ts";
import {
  authorizerFunction,
  bootstrapFunction,
  rotationFunction,
  systemFunctions,
  type FunctionDeclaration,
} from "../../infra/constructs/function-declarations.ts";
import { secretVariables, type SecretName } from "../../shared/runtime/environment.ts";
import { problemCatalogue, type ProblemCode } from "../../shared/domain/problems.ts";
import { entryPointOf } from "../../shared/contract/operation.ts";
import { operations } from "../../shared/operations.ts";
import {
  exampleProduction,
  list,
  propertiesOf,
  resourcesOf,
  statementsOf,
  synthesized,
  templateOf,
  text,
} from "./support/templates.ts";

let prod: Assembly;
let dev: Assembly;
let api: Template;
let assetFiles: readonly string[];
/** Whether the S3 key of the function's code names the built bundle. */
let assets: ReadonlyMap<string, string>;

beforeAll(async () => {
  const readAssets = async (outDir: string): Promise<void> => {
    assetFiles = (await readdir(outDir, { recursive: true })).filter((file) => file.startsWith("asset."));
    const bundles = assetFiles.filter((file) => file.endsWith("index.mjs"));
    const contents = await Promise.all(
      bundles.map(async (file) => [file, await readFile(join(outDir, file), "utf8")] as const),
    );
    assets = new Map(contents);
  };
  [prod, dev] = await Promise.all([
    synthesized({ ...exampleProduction, release: "7.0.0+test" }, { validate: false, inspect: readAssets }),
    synthesized({ stage: "dev" }, { validate: false }),
  ]);
  api = templateOf(prod, "Api");
}, 60_000);

const declarations: readonly FunctionDeclaration[] = [...systemFunctions, ...operations];

function functionOf(id: string): readonly [string, Resource] {
  const name = `Portico-prod-${id.replace(".", "-")}`;
  const found = resourcesOf(api, "AWS::Lambda::Function").find(
    ([, { Properties }]) => Properties.FunctionName === name,
  );
  if (!found) throw new Error(`no function ${name}`);
  return found;
}

function roleOf(id: string): Resource {
  const [, { Properties }] = functionOf(id);
  return api.Resources[Properties.Role["Fn::GetAtt"][0]]!;
}

/** `GET /v1/partners/{partnerId}`, assembled from the tree of path parts. */
function routeOf(method: Resource): string {
  const pathOf = (reference: unknown): string => {
    const resource = api.Resources[(reference as { Ref?: string }).Ref ?? ""];
    return resource ? `${pathOf(resource.Properties.ParentId)}/${resource.Properties.PathPart}` : "";
  };
  return `${method.Properties.HttpMethod} ${pathOf(method.Properties.ResourceId)}`;
}

describe("the routes", () => {
  const methods = (): readonly Resource[] => resourcesOf(api, "AWS::ApiGateway::Method").map(([, method]) => method);
  const methodOf = (id: string): Resource => methods().find(({ Properties }) => Properties.OperationName === id)!;

  test("match the declared operations exactly", () => {
    const declared = operations.map(({ method, path }) => `${method} ${path}`);
    expect(methods().map(routeOf).sort()).toEqual(declared.sort());
  });

  test.each(operations.map((operation) => [operation.id, operation] as const))(
    "%s uses the authorizer unless it is declared public",
    (id, { access }) => {
      const { AuthorizationType, AuthorizerId } = methodOf(id).Properties;
      const isPublic = access === "public";
      expect(AuthorizationType).toBe(isPublic ? "NONE" : "CUSTOM");
      expect(AuthorizerId === undefined).toBe(isPublic);
      if (!isPublic) expect(api.Resources[AuthorizerId.Ref]!.Type).toBe("AWS::ApiGateway::Authorizer");
    },
  );

  test.each(operations.map(({ id }) => [id]))(
    "%s is served by its own function, through the role of API Gateway",
    (id) => {
      const [logicalId] = functionOf(id);
      const { Integration } = methodOf(id).Properties;
      expect(Integration).toMatchObject({ Type: "AWS_PROXY", IntegrationHttpMethod: "POST" });
      const version = /\/functions\/<(\w+)>\/invocations$/.exec(text(Integration.Uri))![1]!;
      expect(api.Resources[version]).toMatchObject({
        Type: "AWS::Lambda::Version",
        Properties: { FunctionName: { Ref: logicalId } },
      });
      expect(text(Integration.Credentials)).toMatch(/InvokeRole.*\.Arn>$/);
    },
  );

  const invokeRoles = () => resourcesOf(api, "AWS::IAM::Role").filter(([id]) => id.includes("InvokeRole"));
  const everyVersionOf = (id: string) =>
    `arn:<AWS::Partition>:lambda:<AWS::Region>:<AWS::AccountId>:function:${functionOf(id)[1].Properties.FunctionName}:*`;

  test("allow API Gateway to invoke only the functions of operations and the authorizer, in a role for each area", () => {
    const areas = Map.groupBy([authorizerFunction.id, ...operations.map(({ id }) => id)], (id) => id.split(".")[0]);
    const expected = [...areas.values()].map((ids) => ids.map(everyVersionOf).sort());
    const allowed = invokeRoles().map(([, role]) => {
      const [statement, ...others] = statementsOf(role);
      expect(others).toEqual([]);
      expect(statement!.Action).toBe("lambda:InvokeFunction");
      expect(role.Properties.ManagedPolicyArns).toBeUndefined();
      return list(statement!.Resource).map(text).sort();
    });
    expect(allowed.sort()).toEqual(expected.sort());
  });

  test("are invoked with roles that only an API of this account can use", () => {
    for (const [, role] of invokeRoles()) {
      expect(role.Properties.AssumeRolePolicyDocument.Statement).toMatchObject([
        { Condition: { StringEquals: { "aws:SourceAccount": { Ref: "AWS::AccountId" } } } },
      ]);
    }
  });

  test("authorize every request: the authorizer's result is not cached", () => {
    for (const authorizer of propertiesOf(api, "AWS::ApiGateway::Authorizer")) {
      expect(authorizer).toMatchObject({
        Type: "REQUEST",
        AuthorizerResultTtlInSeconds: 0,
        IdentitySource: "method.request.header.Authorization",
      });
    }
  });
});

describe.each(declarations.map((declaration) => [declaration.id, declaration] as const))(
  "the function %s",
  (id, declaration) => {
    test("runs Node 24 on arm64 with its declared memory and timeout, and with tracing", () => {
      expect(functionOf(id)[1].Properties).toMatchObject({
        Architectures: ["arm64"],
        Runtime: "nodejs24.x",
        Handler: "index.handler",
        MemorySize: declaration.memoryMegabytes ?? 512,
        Timeout: declaration.timeoutSeconds ?? 10,
        TracingConfig: { Mode: "Active" },
      });
    });

    test("has a timeout within that of API Gateway", () => {
      expect(functionOf(id)[1].Properties.Timeout).toBeLessThanOrEqual(29);
    });

    test("has exactly the declared rights to the table", () => {
      const granted = statementsOf(roleOf(id))
        .filter(({ Action }) => list(Action).some((action) => String(action).startsWith("dynamodb:")))
        .map(({ Effect, Action, Resource, Condition }) => ({
          Effect,
          actions: list(Action).map(String).sort(),
          resource: text(Resource).replace(/^<Portico-prod-Data:ExportsOutputFnGetAttTable\w*Arn\w*>/, "TABLE"),
          Condition,
        }));
      const declared = declaration.table.flatMap(({ actions, leadingKeys, index, attributes }) => {
        const restricted: readonly string[] =
          attributes === undefined ? [] : actions.filter((action) => action === "UpdateItem");
        const onKeys = { "ForAllValues:StringLike": { "dynamodb:LeadingKeys": leadingKeys } };
        const onAttributes = {
          "ForAllValues:StringEquals": { "dynamodb:Attributes": ["pk", "sk", ...(attributes ?? [])] },
          Null: { "dynamodb:Attributes": "false" },
        };
        const open = actions.filter((action) => !restricted.includes(action));
        return [
          { chosen: open, Condition: onKeys },
          { chosen: restricted, Condition: { ...onKeys, ...onAttributes } },
        ]
          .filter(({ chosen }) => chosen.length > 0)
          .map(({ chosen, Condition }) => ({
            Effect: "Allow",
            actions: chosen.map((action) => `dynamodb:${action}`).sort(),
            resource: index === undefined ? "TABLE" : `TABLE/index/${index}`,
            Condition,
          }));
      });
      expect(granted).toEqual(declared);
    });

    test("can read only the declared secrets and receives only their names", () => {
      const read = statementsOf(roleOf(id))
        .filter(({ Action }) => list(Action).includes("secretsmanager:GetSecretValue"))
        .flatMap(({ Resource }) => list(Resource).map(text));
      const variables = functionOf(id)[1].Properties.Environment.Variables as Record<string, unknown>;
      const named = Object.values(secretVariables).filter((variable) => variable in variables);
      expect(named.sort()).toEqual((declaration.secrets ?? []).map((name) => secretVariables[name]).sort());
      expect(named.map((variable) => text(variables[variable])).sort()).toEqual([...read].sort());
    });

    test("has no other rights than its log, traces and the declared secrets", () => {
      const [, { Properties }] = functionOf(id);
      const others = statementsOf(roleOf(id)).filter(
        ({ Action }) =>
          !list(Action).some((action) => /^(dynamodb:|secretsmanager:GetSecretValue)/.test(String(action))),
      );
      const shown = others.map(({ Action, Resource }) => ({
        actions: list(Action).map(String).sort(),
        resources: list(Resource).map(text),
      }));
      expect(shown).toEqual([
        {
          actions: ["logs:CreateLogStream", "logs:PutLogEvents"],
          resources: [text(Properties.LoggingConfig.LogGroup).replace(">", ".Arn>")],
        },
        { actions: ["xray:PutTelemetryRecords", "xray:PutTraceSegments"], resources: ["*"] },
        ...Object.entries(declaration.secretActions ?? {}).map(([name, actions]) => ({
          actions: actions.map((action) => `secretsmanager:${action}`).sort(),
          resources: [text(Properties.Environment.Variables[secretVariables[name as SecretName]])],
        })),
      ]);
    });

    test("has its own role without managed policies", () => {
      const role = functionOf(id)[1].Properties.Role["Fn::GetAtt"][0];
      const sharers = propertiesOf(api, "AWS::Lambda::Function").filter(({ Role }) => Role["Fn::GetAtt"][0] === role);
      expect(sharers).toHaveLength(1);
      expect(roleOf(id).Properties.ManagedPolicyArns).toBeUndefined();
    });

    test("is deployed as the built bundle without a source map", async () => {
      const hash = String(functionOf(id)[1].Properties.Code.S3Key).replace(".zip", "");
      const deployed = assetFiles.filter((file) => file.startsWith(`asset.${hash}/`) && /\.\w+$/.test(file));
      const built = await bundleFiles(entryPointOf(declaration));
      expect(deployed.sort()).toEqual(built.map((file) => `asset.${hash}/${file}`));
      expect(assets.get(`asset.${hash}/index.mjs`)).not.toContain("sourceMappingURL");
    });
  },
);

test("no role gets rights from a separate policy", () => {
  expect(resourcesOf(api, "AWS::IAM::Policy")).toEqual([]);
  expect(resourcesOf(api, "AWS::IAM::ManagedPolicy")).toEqual([]);
});

test("production tokens have the lifetime of the contract", () => {
  for (const { Environment } of propertiesOf(api, "AWS::Lambda::Function")) {
    expect(Environment.Variables).toMatchObject({ PARTNER_TOKEN_SECONDS: "3600", USER_TOKEN_SECONDS: "900" });
  }
});

test("an incomplete production stage is refused in one line that names the missing settings", async () => {
  const { exitCode, errors } = await synthesize("/nonexistent", { stageFile: "tests/infra/support/unfilled.ts" });
  expect(exitCode).toBe(1);
  expect(errors.trim()).toBe("portico: stage prod: fill in publicUrl, operations.alarms.page in infra/stages/prod.ts");
});

describe("the gateway's own errors", () => {
  const statuses: Readonly<Record<string, ProblemCode>> = {
    MISSING_AUTHENTICATION_TOKEN: "not_found",
    RESOURCE_NOT_FOUND: "not_found",
    INVALID_SIGNATURE: "not_found",
    EXPIRED_TOKEN: "not_found",
    INVALID_API_KEY: "not_found",
    DEFAULT_4XX: "not_found",
    UNAUTHORIZED: "token_missing",
    BAD_REQUEST_BODY: "body_malformed",
    BAD_REQUEST_PARAMETERS: "validation_failed",
    REQUEST_TOO_LARGE: "body_too_large",
    UNSUPPORTED_MEDIA_TYPE: "media_type_unsupported",
    THROTTLED: "rate_limited",
    QUOTA_EXCEEDED: "rate_limited",
    WAF_FILTERED: "forbidden",
    AUTHORIZER_FAILURE: "unavailable",
    AUTHORIZER_CONFIGURATION_ERROR: "unavailable",
    API_CONFIGURATION_ERROR: "internal_error",
    INTEGRATION_FAILURE: "unavailable",
    INTEGRATION_TIMEOUT: "unavailable",
    DEFAULT_5XX: "unavailable",
  };

  const responseOf = (type: string) =>
    propertiesOf(api, "AWS::ApiGateway::GatewayResponse").find(({ ResponseType }) => ResponseType === type);
  const header = (type: string, name: string): string =>
    responseOf(type).ResponseParameters[`gatewayresponse.header.${name}`];
  const bodyOf = (type: string) => JSON.parse(text(responseOf(type).ResponseTemplates["application/json"]));

  test("cover every type of API Gateway", () => {
    const types = propertiesOf(api, "AWS::ApiGateway::GatewayResponse").map(({ ResponseType }) => ResponseType);
    expect(types.sort()).toEqual([...Object.keys(statuses), "ACCESS_DENIED"].sort());
  });

  test.each(Object.entries(statuses))("of type %s are the problem %s of the catalogue", (type, code) => {
    const { status, title } = problemCatalogue[code];
    expect(responseOf(type).StatusCode).toBe(String(status));
    expect(bodyOf(type)).toEqual({
      type: expect.stringMatching(new RegExp(`^https://.*/problems/${code}$`)),
      title,
      status,
      detail: expect.stringMatching(/\S/),
      instance: "urn:uuid:$context.requestId",
      code,
      requestId: "$context.requestId",
    });
  });

  test.each([...Object.keys(statuses), "ACCESS_DENIED"])(
    "of type %s are problem+json with the common headers",
    (type) => {
      expect(header(type, "Content-Type")).toBe("'application/problem+json'");
      expect(header(type, "x-request-id")).toBe("context.requestId");
      expect(header(type, "x-correlation-id")).toBe("method.request.header.x-correlation-id");
      expect(header(type, "cache-control")).toBe("'no-store'");
      expect(header(type, "x-content-type-options")).toBe("'nosniff'");
      expect(header(type, "referrer-policy")).toBe("'no-referrer'");
      expect(header(type, "cross-origin-resource-policy")).toBe("'same-origin'");
      expect(header(type, "strict-transport-security")).toMatch(/max-age=\d+/);
    },
  );

  test.each(Object.keys(statuses).filter((type) => [429, 503].includes(problemCatalogue[statuses[type]!].status)))(
    "of type %s contain Retry-After",
    (type) => {
      expect(header(type, "retry-after")).toMatch(/^'\d+'$/);
    },
  );

  test("tell a denied caller the reason, from a closed set of values", () => {
    expect(responseOf("ACCESS_DENIED").StatusCode).toBe("401");
    expect(bodyOf("ACCESS_DENIED")).toMatchObject({
      type: expect.stringMatching(/\/problems\/\$context\.authorizer\.code$/),
      code: "$context.authorizer.code",
      title: "$context.authorizer.title",
      detail: "$context.authorizer.detail",
      status: 401,
    });
    expect(header("ACCESS_DENIED", "WWW-Authenticate")).toBe("context.authorizer.challenge");
    for (const code of denialCodes) expect(problemCatalogue[code].status).toBe(401);
  });

  test("contain no error if no token was sent (RFC 6750 §3.1)", () => {
    const challenges = `'Bearer realm="portico", DPoP algs="ES256 Ed25519 EdDSA PS256"'`;
    expect(header("UNAUTHORIZED", "WWW-Authenticate")).toBe(challenges);
  });
});

describe("what is logged", () => {
  test.each([
    ["prod", 365],
    ["dev", 30],
  ])("is kept in %s for %d days in every log group but the firewall's", (stage, days) => {
    const groups = propertiesOf(templateOf(stage === "prod" ? prod : dev, "Api"), "AWS::Logs::LogGroup").filter(
      ({ LogGroupName }) => !LogGroupName.startsWith("aws-waf-logs-"),
    );
    expect(groups).toHaveLength(declarations.length + 1);
    for (const group of groups) expect(group.RetentionInDays).toBe(days);
  });

  test("excludes the caller's address and the raw path", () => {
    const [stage] = propertiesOf(api, "AWS::ApiGateway::Stage");
    const used = String(stage.AccessLogSetting.Format).match(/\$context\.[\w.]+/g);
    expect(used).toContain("$context.resourcePath");
    expect(used).not.toContainEqual(expect.stringMatching(/sourceIp|userAgent|\.path$|identity\./));
  });

  test("excludes requests and responses", () => {
    const [stage] = propertiesOf(api, "AWS::ApiGateway::Stage");
    for (const settings of stage.MethodSettings)
      expect(settings).toMatchObject({ DataTraceEnabled: false, LoggingLevel: "OFF" });
  });
});

test("AWS WAF protects production and not dev", () => {
  expect(resourcesOf(api, "AWS::WAFv2::WebACLAssociation")).toHaveLength(1);
  expect(resourcesOf(templateOf(dev, "Api"), "AWS::WAFv2::WebACL")).toEqual([]);
});

test("AWS WAF accepts bodies over 8 KB, because the contract allows 64 KiB", () => {
  const [acl] = propertiesOf(api, "AWS::WAFv2::WebACL");
  const groups = acl.Rules.flatMap((rule: any) => rule.Statement.ManagedRuleGroupStatement ?? []);
  const overrides = groups.flatMap((group: any) => group.RuleActionOverrides);
  expect(overrides).toContainEqual({ Name: "SizeRestrictions_BODY", ActionToUse: { Count: {} } });
});

test("AWS WAF limits sign-ins and token requests per address", () => {
  const [acl] = propertiesOf(api, "AWS::WAFv2::WebACL");
  const limits = acl.Rules.filter(({ Statement }: any) => Statement.RateBasedStatement !== undefined).map(
    ({ Action, Statement: { RateBasedStatement: rate } }: any) => ({
      action: Action,
      path: rate.ScopeDownStatement.ByteMatchStatement.SearchString,
      by: rate.AggregateKeyType,
      limit: rate.Limit,
      seconds: rate.EvaluationWindowSec,
    }),
  );
  const common = { action: { Block: {} }, by: "IP", seconds: 300 };
  expect(limits).toEqual([
    { ...common, path: "/v1/auth/login", limit: 100 },
    { ...common, path: "/oauth/token", limit: 1000 },
  ]);
  const paths = operations.map(({ path }) => path);
  for (const { path } of limits) expect(paths).toContain(path);
  const priorities = acl.Rules.map(({ Priority }: any) => Priority);
  expect(new Set(priorities).size).toBe(priorities.length);
});

describe("the log of AWS WAF", () => {
  const logging = () => propertiesOf(api, "AWS::WAFv2::LoggingConfiguration")[0];
  const logGroup = () =>
    propertiesOf(api, "AWS::Logs::LogGroup").find(({ LogGroupName }) => LogGroupName === "aws-waf-logs-Portico-prod");

  test("has the requests that the web ACL of production blocks, and no others", () => {
    const [[aclId]] = resourcesOf(api, "AWS::WAFv2::WebACL") as [readonly [string, Resource]];
    expect(text(logging().ResourceArn)).toBe(`<${aclId}.Arn>`);
    expect(logging().LogDestinationConfigs.map(text)).toEqual([
      expect.stringMatching(/:logs:.*:log-group:aws-waf-logs-Portico-prod$/),
    ]);
    expect(logging().LoggingFilter).toEqual({
      DefaultBehavior: "DROP",
      Filters: [{ Behavior: "KEEP", Requirement: "MEETS_ANY", Conditions: [{ ActionCondition: { Action: "BLOCK" } }] }],
    });
    expect(logGroup()).toMatchObject({ RetentionInDays: 30 });
    expect(resourcesOf(templateOf(dev, "Api"), "AWS::WAFv2::LoggingConfiguration")).toEqual([]);
  });

  test("holds no token, no cookie, no path, no query and no part of a body", () => {
    expect(logging().RedactedFields).toEqual([
      { UriPath: {} },
      { QueryString: {} },
      { SingleHeader: { Name: "authorization" } },
      { SingleHeader: { Name: "cookie" } },
    ]);
    const [acl] = propertiesOf(api, "AWS::WAFv2::WebACL");
    const kept = acl.DataProtectionConfig.DataProtections.map(({ Field }: any) => Field.FieldType);
    expect(kept).toEqual(["BODY", "QUERY_STRING", "SINGLE_HEADER"]);
  });

  test("may be written by AWS's delivery of logs for this account alone", () => {
    const [policy] = propertiesOf(api, "AWS::Logs::ResourcePolicy");
    const [statement, ...others] = JSON.parse(text(policy.PolicyDocument)).Statement;
    expect(others).toEqual([]);
    expect(statement).toMatchObject({
      Principal: { Service: "delivery.logs.amazonaws.com" },
      Action: ["logs:CreateLogStream", "logs:PutLogEvents"],
      Condition: { StringEquals: { "aws:SourceAccount": "<AWS::AccountId>" } },
    });
    expect(statement.Resource).toMatch(/^<FirewallBlocks\w+\.Arn>$/);
  });

  test("is joined with the access log by the request id, and that says whether AWS WAF blocked", () => {
    const formatOf = (template: Template) =>
      JSON.parse(propertiesOf(template, "AWS::ApiGateway::Stage")[0].AccessLogSetting.Format);
    expect(formatOf(api)).toMatchObject({ requestId: "$context.requestId", firewall: "$context.wafResponseCode" });
    expect(formatOf(templateOf(dev, "Api"))).not.toHaveProperty("firewall");
  });
});

test("sign-in has reserved concurrency in production, so that it cannot starve other functions", () => {
  const reserved = (assembly: Assembly) =>
    propertiesOf(templateOf(assembly, "Api"), "AWS::Lambda::Function")
      .filter(({ ReservedConcurrentExecutions }) => ReservedConcurrentExecutions !== undefined)
      .map(({ FunctionName, ReservedConcurrentExecutions }) => [FunctionName, ReservedConcurrentExecutions]);
  expect(reserved(prod)).toEqual([["Portico-prod-auth-login", 50]]);
  expect(reserved(dev)).toEqual([]);
});

test("responses of 1 KiB and more are compressed", () => {
  const [{ MinimumCompressionSize }] = propertiesOf(api, "AWS::ApiGateway::RestApi");
  expect(MinimumCompressionSize).toBe(1024);
});

test("CORS is off while a stage lists no origins", () => {
  const methods = propertiesOf(api, "AWS::ApiGateway::Method").map(({ HttpMethod }) => HttpMethod);
  expect(methods).not.toContain("OPTIONS");
});

describe("a release", () => {
  test("is one deployment of API Gateway, named by it, and a version of every function behind it", () => {
    expect(propertiesOf(api, "AWS::ApiGateway::Deployment").map(({ Description }) => Description)).toEqual([
      "7.0.0+test",
    ]);
    expect(propertiesOf(api, "AWS::Lambda::Version")).toHaveLength(1 + operations.length);
  });

  test("is named to requests by a stage variable, whose values have no +", () => {
    expect(propertiesOf(templateOf(dev, "Api"), "AWS::ApiGateway::Stage")[0].Variables).toEqual({
      release: releaseOf().name.replace("+", "~"),
    });
    const [{ Variables, DeploymentId }] = propertiesOf(api, "AWS::ApiGateway::Stage");
    const [condition] = DeploymentId["Fn::If"];
    expect(Variables).toEqual({ release: { "Fn::If": [condition, { Ref: "LiveRelease" }, "7.0.0~test"] } });
  });

  test("is retained for a rollback, and deleted when its own creation fails", () => {
    for (const type of ["AWS::ApiGateway::Deployment", "AWS::Lambda::Version"]) {
      for (const [, { DeletionPolicy, UpdateReplacePolicy }] of resourcesOf(api, type)) {
        expect([DeletionPolicy, UpdateReplacePolicy]).toEqual(["RetainExceptOnCreate", "Retain"]);
      }
    }
  });

  test("waits for its canary in production, where a parameter names the live deployment", () => {
    const [stage] = propertiesOf(api, "AWS::ApiGateway::Stage");
    const [[deployment]] = resourcesOf(api, "AWS::ApiGateway::Deployment") as [readonly [string, Resource]];
    const [condition, live, next] = stage.DeploymentId["Fn::If"];
    expect([live, next]).toEqual([{ Ref: "LiveDeployment" }, { Ref: deployment }]);
    expect(api.Conditions![condition]).toEqual({ "Fn::Not": [{ "Fn::Equals": [{ Ref: "LiveDeployment" }, ""] }] });
    expect(api.Parameters!["LiveDeployment"]).toMatchObject({ Default: "" });
  });

  test("is live at once in a stage without a canary", () => {
    const template = templateOf(dev, "Api");
    const [[deployment]] = resourcesOf(template, "AWS::ApiGateway::Deployment") as [readonly [string, Resource]];
    expect(propertiesOf(template, "AWS::ApiGateway::Stage")[0].DeploymentId).toEqual({ Ref: deployment });
  });
});

describe("the bootstrap", () => {
  const runOf = (assembly: Assembly) => propertiesOf(templateOf(assembly, "Api"), "Custom::PorticoBootstrap")[0];

  test("is the function that CloudFormation calls", () => {
    expect(text(runOf(prod).ServiceToken)).toBe(`<${functionOf(bootstrapFunction.id)[0]}.Arn>`);
  });

  test("runs once per release: its properties are the release and the time of its commit", () => {
    const { Release, CommittedAt } = runOf(dev);
    expect({ name: Release, committedAt: CommittedAt }).toEqual(releaseOf());
    expect(runOf(prod).Release).toBe("7.0.0+test");
  });

  test("and the rotation know the release by a variable, which would change every other function with every commit", () => {
    const knowing = propertiesOf(api, "AWS::Lambda::Function").filter(
      ({ Environment }) => Environment.Variables.VERSION !== undefined,
    );
    expect(knowing.map(({ FunctionName }) => FunctionName).sort()).toEqual([
      "Portico-prod-bootstrap",
      "Portico-prod-rotation",
    ]);
    for (const { Environment } of knowing) expect(Environment.Variables.VERSION).toBe("7.0.0+test");
  });
});

describe("the signing keys", () => {
  const schedule = () => resourcesOf(api, "AWS::SecretsManager::RotationSchedule")[0]![1];
  const permission = () => resourcesOf(api, "AWS::Lambda::Permission");
  const secretArn = /^<Portico-prod-Data:ExportsOutputRefSigningKeys\w*>$/;

  test("are rotated every 30 days by their function and not by a deployment", () => {
    const { SecretId, ...rest } = schedule().Properties;
    expect(text(SecretId)).toMatch(secretArn);
    expect(rest).toEqual({
      RotationLambdaARN: { "Fn::GetAtt": [functionOf(rotationFunction.id)[0], "Arn"] },
      RotationRules: { AutomaticallyAfterDays: 30 },
      RotateImmediatelyOnUpdate: false,
    });
  });

  test("can be rotated only by Secrets Manager, for this secret of this account", () => {
    expect(permission()).toHaveLength(1);
    const [, { Properties }] = permission()[0]!;
    expect(Properties).toMatchObject({
      Action: "lambda:InvokeFunction",
      FunctionName: { "Fn::GetAtt": [functionOf(rotationFunction.id)[0], "Arn"] },
      Principal: "secretsmanager.amazonaws.com",
      SourceAccount: { Ref: "AWS::AccountId" },
    });
    expect(text(Properties.SourceArn)).toMatch(secretArn);
  });

  test("get their schedule after the permission and the keys, because Secrets Manager tests the function at once", () => {
    const [bootstrapRun] = resourcesOf(api, "Custom::PorticoBootstrap").map(([id]) => id);
    expect(schedule().DependsOn).toEqual(expect.arrayContaining([permission()[0]![0], bootstrapRun]));
  });

  test("can be replaced only by bootstrap and rotation", () => {
    const writers = declarations.filter((declaration) =>
      statementsOf(roleOf(declaration.id)).some(({ Action }) => list(Action).includes("secretsmanager:PutSecretValue")),
    );
    expect(writers.map(({ id }) => id)).toEqual([bootstrapFunction.id, rotationFunction.id]);
  });
});

test.each([
  ["dev", () => dev, /^https:\/\/<\w+>\.execute-api\..*\/dev$/],
  ["prod", () => prod, /^https:\/\/api\.portico\.example$/],
])("the stack of %s outputs its URL", (_stage, assembly, url) => {
  expect(text(templateOf(assembly(), "Api").Outputs!["ApiUrl"]!.Value)).toMatch(url);
});

describe("the company's own URL", () => {
  test("gets a certificate, a domain name and a DNS record if the stage names a hosted zone", () => {
    expect(propertiesOf(api, "AWS::CertificateManager::Certificate")).toMatchObject([
      {
        DomainName: "api.portico.example",
        ValidationMethod: "DNS",
        DomainValidationOptions: [{ DomainName: "api.portico.example", HostedZoneId: "Z0123456789ABCDEFGHIJ" }],
      },
    ]);
    expect(propertiesOf(api, "AWS::ApiGateway::DomainName")).toMatchObject([
      { DomainName: "api.portico.example", SecurityPolicy: "TLS_1_2", EndpointConfiguration: { Types: ["REGIONAL"] } },
    ]);
    expect(propertiesOf(api, "AWS::Route53::RecordSet")).toMatchObject([
      { Name: "api.portico.example.", Type: "A", HostedZoneId: "Z0123456789ABCDEFGHIJ" },
    ]);
  });

  test("maps to the stage without a base path", () => {
    const [[stageId]] = resourcesOf(api, "AWS::ApiGateway::Stage") as [readonly [string, Resource]];
    const [mapping] = propertiesOf(api, "AWS::ApiGateway::BasePathMapping");
    expect(mapping.Stage).toEqual({ Ref: stageId });
    expect(mapping.BasePath).toBeUndefined();
  });

  test("disables the execute-api endpoint, which dev keeps", () => {
    expect(propertiesOf(api, "AWS::ApiGateway::RestApi")[0].DisableExecuteApiEndpoint).toBe(true);
    expect(
      propertiesOf(templateOf(dev, "Api"), "AWS::ApiGateway::RestApi")[0].DisableExecuteApiEndpoint,
    ).toBeUndefined();
  });
});
