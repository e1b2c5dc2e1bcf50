import { spawnSync } from "node:child_process";
import { startControl, type OrderServer } from "../../../infra/local/commands/control.ts";
import { startHost, type Host, type HostOptions } from "../../../infra/local/host.ts";
import { readModel } from "../../../infra/local/template/read-deployment.ts";
import { errorAnswer, type ServiceCall } from "../../../infra/local/services/service-proxy.ts";
import { projectRoot } from "../../../infra/local/commands/synthesise.ts";
import { loadAssembly } from "../../../infra/local/template/cloud-assembly.ts";
import { apiResources, functionResource, writeAssembly, type TemporaryFolder, unusedRoute } from "./fixture.ts";

/** Rotates like AWS's templates for rotation functions, and logs its events. */
const rotator = `
async function secrets(action, body) {
  const response = await fetch(process.env.AWS_ENDPOINT_URL_SECRETS_MANAGER, {
    method: "POST",
    headers: {
      "content-type": "application/x-amz-json-1.1",
      "x-amz-target": "secretsmanager." + action,
      authorization: "AWS4-HMAC-SHA256 Credential=" + process.env.AWS_ACCESS_KEY_ID + "/20260101/us-east-1/secretsmanager/aws4_request, SignedHeaders=host, Signature=0",
    },
    body: JSON.stringify(body),
  });
  const answer = await response.json();
  if (!response.ok) throw Object.assign(new Error(answer.message), { name: answer.__type.replace(/.*#/, "") });
  return answer;
}
const steps = {
  async createSecret(SecretId, token) {
    const pending = { SecretId, VersionId: token, VersionStage: "AWSPENDING" };
    const missing = await secrets("GetSecretValue", pending).then(() => false, ({ name }) => name === "ResourceNotFoundException");
    if (missing) await secrets("PutSecretValue", { SecretId, ClientRequestToken: token, SecretString: "value of " + token, VersionStages: ["AWSPENDING"] });
  },
  async setSecret() {},
  async testSecret() {},
  async finishSecret(SecretId, token) {
    if (process.env.LAZY) return;
    const { VersionIdsToStages } = await secrets("DescribeSecret", { SecretId });
    const [current] = Object.entries(VersionIdsToStages).find(([, stages]) => stages.includes("AWSCURRENT"));
    if (current === token) return;
    await secrets("UpdateSecretVersionStage", { SecretId, VersionStage: "AWSCURRENT", MoveToVersionId: token, RemoveFromVersionId: current });
  },
};
export const handler = async (event) => {
  console.log(JSON.stringify(event));
  await steps[event.Step](event.SecretId, event.ClientRequestToken);
};`;

const bundles = { rotator, none: "export const handler = async () => ({ statusCode: 204 });" };

interface Variation {
  readonly schedule?: object;
  readonly permission?: object;
  readonly variables?: object;
}

function template({ schedule = {}, permission = {}, variables = {} }: Variation = {}): object {
  return {
    Parameters: { PublicUrl: { Type: "String" } },
    Resources: {
      ...apiResources,
      ...unusedRoute,
      Keys: { Type: "AWS::SecretsManager::Secret", Properties: { Name: "keys", SecretString: "first" } },
      Other: { Type: "AWS::SecretsManager::Secret", Properties: { Name: "other", SecretString: "other" } },
      Rotator: functionResource("rotator", { Environment: { Variables: variables } }),
      Permission: {
        Type: "AWS::Lambda::Permission",
        Properties: {
          Action: "lambda:InvokeFunction",
          FunctionName: { "Fn::GetAtt": ["Rotator", "Arn"] },
          Principal: "secretsmanager.amazonaws.com",
          SourceAccount: { Ref: "AWS::AccountId" },
          SourceArn: { Ref: "Keys" },
          ...permission,
        },
      },
      Schedule: {
        Type: "AWS::SecretsManager::RotationSchedule",
        Properties: {
          SecretId: { Ref: "Keys" },
          RotationLambdaARN: { "Fn::GetAtt": ["Rotator", "Arn"] },
          RotationRules: { AutomaticallyAfterDays: 30 },
          RotateImmediatelyOnUpdate: false,
          ...schedule,
        },
      },
    },
  };
}

/** A host with the events of its rotation function. */
interface Running {
  readonly host: Host;
  readonly events: Record<string, string>[];
}

async function run(
  use: (running: Running) => Promise<void>,
  variation: Variation = {},
  options: Partial<HostOptions> = {},
): Promise<void> {
  const assembly = writeAssembly({ Fixture: template(variation) }, bundles);
  const events: Record<string, string>[] = [];
  try {
    const host = await startHost({
      assembly: assembly.folder,
      logSink: ({ text }) => {
        if (text.startsWith('{"Step"')) events.push(JSON.parse(text) as Record<string, string>);
      },
      ...options,
    });
    try {
      await use({ host, events });
    } finally {
      await host.close();
    }
  } finally {
    assembly.remove();
  }
}

const ask = (host: Host, action: string, more: object = {}): Record<string, any> =>
  host.secrets.answer(action, { SecretId: "keys", ...more }).body;
const stepsOf = (events: Running["events"]): unknown => events.map(({ Step }) => Step);

/** The steps in Secrets Manager's order. */
const allSteps = ["createSecret", "setSecret", "testSecret", "finishSecret"];

describe("a rotation", () => {
  test("invokes the function for each of the four steps with the same version", async () => {
    await run(async ({ host, events }) => {
      const { ARN } = ask(host, "GetSecretValue");
      const version = await host.rotate("keys");
      expect(stepsOf(events)).toEqual(allSteps);
      for (const event of events) expect(event).toMatchObject({ SecretId: ARN, ClientRequestToken: version });
    });
  });

  test("makes the new value current and the old value previous", async () => {
    await run(async ({ host }) => {
      const version = await host.rotate("keys");
      expect(ask(host, "GetSecretValue")).toMatchObject({ VersionId: version, SecretString: `value of ${version}` });
      expect(ask(host, "GetSecretValue", { VersionStage: "AWSPREVIOUS" })).toMatchObject({ SecretString: "first" });
    });
  });

  test("runs again by name or ARN, each time with a new version", async () => {
    await run(async ({ host }) => {
      const first = await host.rotate("keys");
      const second = await host.rotate(ask(host, "DescribeSecret")["ARN"] as string);
      expect(second).not.toBe(first);
      expect(ask(host, "GetSecretValue")).toMatchObject({ VersionId: second });
      expect(ask(host, "GetSecretValue", { VersionStage: "AWSPREVIOUS" })).toMatchObject({ VersionId: first });
    });
  });

  test("that fails leaves its version pending, and the next rotation completes it", async () => {
    let fails = true;
    const calls: string[] = [];
    const interceptor = async ({ action }: ServiceCall, next: () => Promise<any>): Promise<any> => {
      calls.push(action);
      if (fails && action === "UpdateSecretVersionStage") return errorAnswer("InternalServiceError", "not now", 500);
      return await next();
    };
    await run(
      async ({ host, events }) => {
        await expect(host.rotate("keys")).rejects.toThrow(
          "the rotation of keys failed in finishSecret: InternalServiceError: not now",
        );
        expect(ask(host, "GetSecretValue")).toMatchObject({ SecretString: "first" });
        const pending = ask(host, "GetSecretValue", { VersionStage: "AWSPENDING" });

        fails = false;
        expect(await host.rotate("keys")).toBe(pending["VersionId"]);
        expect(stepsOf(events)).toEqual([...allSteps, ...allSteps]);
        expect(ask(host, "GetSecretValue")).toMatchObject({ SecretString: pending["SecretString"] });
        expect(calls.filter((action) => action === "PutSecretValue")).toHaveLength(1);
      },
      {},
      { interceptors: [interceptor] },
    );
  });

  test("that fails in its first step stops and leaves a version without a value", async () => {
    const interceptor = async ({ action }: ServiceCall, next: () => Promise<any>): Promise<any> =>
      action === "PutSecretValue" ? errorAnswer("LimitExceededException", "no") : await next();
    await run(
      async ({ host, events }) => {
        await expect(host.rotate("keys")).rejects.toThrow(/failed in createSecret: LimitExceededException/);
        expect(stepsOf(events)).toEqual(["createSecret"]);
        expect(Object.values(ask(host, "DescribeSecret")["VersionIdsToStages"] as object)).toEqual([
          ["AWSCURRENT"],
          ["AWSPENDING"],
        ]);
        expect(ask(host, "GetSecretValue", { VersionStage: "AWSPENDING" })).toMatchObject({
          __type: "ResourceNotFoundException",
        });
      },
      {},
      { interceptors: [interceptor] },
    );
  });

  test("that makes no version current fails although every step succeeded", async () => {
    await run(
      async ({ host }) => {
        await expect(host.rotate("keys")).rejects.toThrow(/without making its version the current one/);
      },
      { variables: { LAZY: "true" } },
    );
  });

  test("of a secret without a schedule is refused", async () => {
    await run(async ({ host, events }) => {
      for (const name of ["other", "nothing"]) {
        await expect(host.rotate(name)).rejects.toThrow(`the template rotates no secret ${name}`);
      }
      expect(events).toEqual([]);
    });
  });

  test("appears in the secret's description, as on AWS", async () => {
    await run(async ({ host }) => {
      const functionId = host.model.functions.find(({ logicalId }) => logicalId === "Rotator")!.id;
      expect(ask(host, "DescribeSecret")).toMatchObject({
        RotationEnabled: true,
        RotationLambdaARN: functionId,
        RotationRules: { AutomaticallyAfterDays: 30 },
      });
      expect(ask(host, "DescribeSecret", { SecretId: "other" })).toMatchObject({ RotationEnabled: false });
    });
  });
});

describe("a template", () => {
  let assembly: TemporaryFolder;
  const read = (variation: Variation): unknown => {
    assembly = writeAssembly({ Fixture: template(variation) }, bundles);
    return readModel(loadAssembly(assembly.folder, { PublicUrl: "http://127.0.0.1:1" }));
  };
  afterEach(() => assembly.remove());

  test.each<[string, Variation, RegExp]>([
    [
      "lets a different service invoke the function",
      { permission: { Principal: "s3.amazonaws.com" } },
      /Secrets Manager may not/,
    ],
    [
      "lets a different account invoke the function",
      { permission: { SourceAccount: "111111111111" } },
      /Secrets Manager may not/,
    ],
    [
      "allows the invocation for a different secret",
      { permission: { SourceArn: { Ref: "Other" } } },
      /Secrets Manager may not/,
    ],
    [
      "allows the invocation of a different function",
      { permission: { FunctionName: { Ref: "None" } } },
      /Secrets Manager may not/,
    ],
    ["rotates something that is not a secret", { schedule: { SecretId: "arn:none" } }, /SecretId names no secret/],
    [
      "rotates with something that is not a function",
      { schedule: { RotationLambdaARN: "arn:none" } },
      /names no function/,
    ],
    ["rotates at every deployment", { schedule: { RotateImmediatelyOnUpdate: true } }, /must be false/],
    ["leaves the first rotation open", { schedule: { RotateImmediatelyOnUpdate: undefined } }, /must be false/],
    ["lets AWS host the function", { schedule: { HostedRotationLambda: {} } }, /is not known to the local host/],
  ])("that %s is refused", (_what, variation, reason) => {
    expect(() => read(variation)).toThrow(reason);
  });
});

describe("a command to the running host", () => {
  let control: OrderServer;
  const rotated: string[] = [];
  const rotation = { functionId: "arn:function", rules: {} };
  const secrets = [
    { arn: "arn:keys", name: "keys", description: undefined, initial: undefined, rotation },
    { arn: "arn:other", name: "other", description: undefined, initial: undefined },
  ];
  const stand = {
    idp: { token: async (subject: string, claims: object) => JSON.stringify({ subject, ...claims }) },
    model: { secrets },
    rotate: async (secret: string) => {
      if (secret !== "keys") throw new Error("not this one");
      rotated.push(secret);
      return "version";
    },
  } as unknown as Parameters<typeof startControl>[0];

  beforeAll(async () => {
    control = await startControl(stand);
  });
  afterAll(async () => await control.close());

  const order = async (name: string, body: unknown, secret = control.secret): Promise<unknown> => {
    const headers = { authorization: `Bearer ${secret}` };
    const response = await fetch(`${control.url}/${name}`, { method: "POST", headers, body: JSON.stringify(body) });
    return { status: response.status, ...((await response.json()) as object) };
  };

  test("makes the host rotate the secrets with a schedule", async () => {
    expect(await order("rotate", {})).toEqual({ status: 200, rotated: ["keys"] });
    expect(rotated).toEqual(["keys"]);
  });

  test("gets a token for a subject and a name", async () => {
    expect(await order("idp-token", { subject: "ada", name: "Ada" })).toEqual({
      status: 200,
      token: JSON.stringify({ subject: "ada", name: "Ada" }),
    });
  });

  test.each([[""], ["x".repeat(43)]])("is refused without the host's secret (%j)", async (secret) => {
    expect(await order("idp-token", { subject: "ada" }, secret)).toEqual({ status: 401, error: "not allowed" });
  });

  test.each([
    ["unknown", {}],
    ["idp-token", {}],
    ["idp-token", { subject: "ada", aud: "another" }],
    ["rotate", "all"],
  ])("is refused with the unknown or invalid order %s %j", async (name, body) => {
    expect(await order(name, body)).toMatchObject({ status: 400 });
  });

  test.each([[[]], [["ada", "bob"]], [["ada", "--nickname", "a"]]])(
    "gets the usage in one line for the arguments %j",
    (commandLine) => {
      const { status, stderr } = spawnSync(process.execPath, ["infra/local/commands/idp-token.ts", ...commandLine], {
        cwd: projectRoot,
        encoding: "utf8",
      });
      expect(status).toBe(1);
      expect(stderr.trim()).toBe("portico: usage: npm run idp:token -- SUBJECT [--name NAME]");
    },
  );
});
