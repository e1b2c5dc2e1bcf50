import { statSync } from "node:fs";
import { join } from "node:path";
import type { SecretGenerator, SecretModel } from "../../../infra/local/template/deployment-model.ts";
import { generateSecret, LocalSecretsManager } from "../../../infra/local/services/secrets-manager.ts";
import { temporaryFolder } from "./fixture.ts";

const arn = "arn:aws:secretsmanager:us-east-1:000000000000:secret:keys-abcdef";
const model: SecretModel = { arn, name: "keys", description: undefined, initial: { value: "one" } };
const options: SecretGenerator = {
  template: undefined,
  key: undefined,
  length: 32,
  excludePunctuation: false,
};

describe("the local Secrets Manager", () => {
  let manager: LocalSecretsManager;
  beforeEach(() => {
    manager = new LocalSecretsManager();
    manager.ensure([model]);
  });

  const ask = (action: string, request: object = {}): Record<string, unknown> => {
    const { status, body } = manager.answer(action, { SecretId: arn, ...request });
    return { status, ...body };
  };
  const put = (token: string, value: string, more: object = {}): Record<string, unknown> =>
    ask("PutSecretValue", { ClientRequestToken: token, SecretString: value, ...more });
  const valueOf = (stage: string): unknown => ask("GetSecretValue", { VersionStage: stage })["SecretString"];
  const stages = (): unknown => ask("DescribeSecret")["VersionIdsToStages"];
  const firstVersion = (): string => ask("GetSecretValue")["VersionId"] as string;

  test.each([
    ["its ARN", arn],
    ["its name", "keys"],
    ["its ARN without the random suffix", arn.slice(0, -7)],
  ])("finds a secret by %s", (_, id) => {
    expect(ask("GetSecretValue", { SecretId: id })["SecretString"]).toBe("one");
  });

  test("makes the old value the previous one when a new value becomes current", () => {
    put("second", "two");
    expect(valueOf("AWSCURRENT")).toBe("two");
    expect(valueOf("AWSPREVIOUS")).toBe("one");
  });

  test("makes a pending value current when its label moves, as in a rotation", () => {
    const first = firstVersion();
    put("second", "two", { VersionStages: ["AWSPENDING"] });
    expect(valueOf("AWSCURRENT")).toBe("one");
    ask("UpdateSecretVersionStage", {
      VersionStage: "AWSCURRENT",
      MoveToVersionId: "second",
      RemoveFromVersionId: first,
    });
    ask("UpdateSecretVersionStage", { VersionStage: "AWSPENDING", RemoveFromVersionId: "second" });
    expect(stages()).toEqual({ second: ["AWSCURRENT"], [first]: ["AWSPREVIOUS"] });
  });

  test("accepts a repeated request token with the same value and refuses it with a different value", () => {
    put("second", "two");
    put("third", "three");
    expect(put("second", "two")["status"]).toBe(200);
    expect(valueOf("AWSCURRENT")).toBe("three");
    expect(put("second", "other")).toMatchObject({ status: 400, __type: "ResourceExistsException" });
  });

  test("omits versions without labels from a description", () => {
    put("second", "two");
    put("third", "three");
    expect(stages()).toEqual({ second: ["AWSPREVIOUS"], third: ["AWSCURRENT"] });
  });

  test.each([
    ["an unknown secret", "GetSecretValue", { SecretId: "other" }, "ResourceNotFoundException"],
    ["an unknown label", "GetSecretValue", { VersionStage: "AWSPENDING" }, "ResourceNotFoundException"],
    ["an unknown version", "GetSecretValue", { VersionId: "none" }, "ResourceNotFoundException"],
    [
      "the removal of the current label",
      "UpdateSecretVersionStage",
      { VersionStage: "AWSCURRENT" },
      "InvalidParameterException",
    ],
    ["an unknown action", "DeleteSecret", {}, "UnknownOperationException"],
  ])("refuses %s with AWS's error", (_, action, request, type) => {
    expect(ask(action, request)).toMatchObject({ status: 400, __type: type });
  });

  test("refuses to move a label without the version that holds it", () => {
    put("second", "two", { VersionStages: ["AWSPENDING"] });
    expect(ask("UpdateSecretVersionStage", { VersionStage: "AWSCURRENT", MoveToVersionId: "second" })).toMatchObject({
      __type: "InvalidParameterException",
    });
  });

  test("keeps values in a file that only its owner can read", () => {
    const data = temporaryFolder();
    try {
      const file = join(data.folder, "secrets.json");
      const first = new LocalSecretsManager(file);
      first.ensure([{ ...model, initial: { generate: options } }]);
      const second = new LocalSecretsManager(file);
      second.ensure([{ ...model, initial: { generate: options } }]);
      expect(second.current(arn)).toBe(first.current(arn));
      expect(statSync(file).mode & 0o777).toBe(0o600);
    } finally {
      data.remove();
    }
  });

  test("generates a value with the given length and every kind of characters", () => {
    const value = generateSecret({ ...options, length: 20, excludePunctuation: true });
    expect(value).toMatch(/^[A-Za-z0-9]{20}$/);
    for (const kind of [/[A-Z]/, /[a-z]/, /[0-9]/]) expect(value).toMatch(kind);
    expect(generateSecret({ ...options, length: 4 })).toMatch(/[^A-Za-z0-9]/);
  });

  test("refuses a length without room for every kind of characters", () => {
    expect(() => generateSecret({ ...options, length: 3 })).toThrow("PasswordLength 3 is less than 4");
  });

  test("puts the generated value into the template", () => {
    const value = JSON.parse(generateSecret({ ...options, template: '{"username":"root"}', key: "password" })) as {
      password: string;
    };
    expect(value).toEqual({ username: "root", password: expect.any(String) as string });
  });
});
