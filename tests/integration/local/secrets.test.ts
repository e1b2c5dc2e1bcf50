import { statSync } from "node:fs";
import { join } from "node:path";
import type { SecretGenerator, SecretModel } from "../../../infra/local/template/read-deployment.ts";
import { generateSecret, SecretsStub } from "../../../infra/local/services/secrets-manager.ts";
import { temporaryFolder } from "./fixture.ts";

const arn = "arn:aws:secretsmanager:us-east-1:000000000000:secret:keys-abcdef";
const model: SecretModel = { arn, name: "keys", description: undefined, initial: { value: "one" } };
const options: SecretGenerator = {
  template: undefined,
  key: undefined,
  length: 32,
  excludeCharacters: "",
  excludeLowercase: false,
  excludeNumbers: false,
  excludePunctuation: false,
  excludeUppercase: false,
  includeSpace: false,
  requireEachIncludedType: true,
};

describe("the Secrets Manager stub", () => {
  let stub: SecretsStub;
  beforeEach(() => {
    stub = new SecretsStub();
    stub.ensure([model]);
  });

  const ask = (action: string, request: object = {}): Record<string, unknown> => {
    const { status, body } = stub.answer(action, { SecretId: arn, ...request });
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
  ])("a secret is found by %s", (_, id) => {
    expect(ask("GetSecretValue", { SecretId: id })["SecretString"]).toBe("one");
  });

  test("a new current value makes the old one the previous", () => {
    put("second", "two");
    expect(valueOf("AWSCURRENT")).toBe("two");
    expect(valueOf("AWSPREVIOUS")).toBe("one");
  });

  test("a pending value becomes current by moving the label, as a rotation does", () => {
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

  test("the same request token with the same value changes nothing, with another value it is refused", () => {
    put("second", "two");
    put("third", "three");
    expect(put("second", "two")["status"]).toBe(200);
    expect(valueOf("AWSCURRENT")).toBe("three");
    expect(put("second", "other")).toMatchObject({ status: 400, __type: "ResourceExistsException" });
  });

  test("a version without labels is listed only with the deprecated ones", () => {
    const first = firstVersion();
    put("second", "two");
    put("third", "three");
    const ids = (request: object): unknown =>
      (ask("ListSecretVersionIds", request)["Versions"] as { VersionId: string }[]).map(({ VersionId }) => VersionId);
    expect(ids({})).toEqual(["second", "third"]);
    expect(ids({ IncludeDeprecated: true })).toEqual([first, "second", "third"]);
  });

  test.each([
    ["an unknown secret", "GetSecretValue", { SecretId: "other" }, "ResourceNotFoundException"],
    ["an unknown label", "GetSecretValue", { VersionStage: "AWSPENDING" }, "ResourceNotFoundException"],
    ["an unknown version", "GetSecretValue", { VersionId: "none" }, "ResourceNotFoundException"],
    [
      "taking the current label away",
      "UpdateSecretVersionStage",
      { VersionStage: "AWSCURRENT" },
      "InvalidParameterException",
    ],
    ["an unknown action", "DeleteSecret", {}, "UnknownOperationException"],
  ])("%s is refused by AWS's name", (_, action, request, type) => {
    expect(ask(action, request)).toMatchObject({ status: 400, __type: type });
  });

  test("moving a label without naming the version that has it is refused", () => {
    put("second", "two", { VersionStages: ["AWSPENDING"] });
    expect(ask("UpdateSecretVersionStage", { VersionStage: "AWSCURRENT", MoveToVersionId: "second" })).toMatchObject({
      __type: "InvalidParameterException",
    });
  });

  test("values outlive the stub in a file that only its owner reads", () => {
    const data = temporaryFolder();
    try {
      const file = join(data.folder, "secrets.json");
      const first = new SecretsStub(file);
      first.ensure([{ ...model, initial: { generate: options } }]);
      const second = new SecretsStub(file);
      second.ensure([{ ...model, initial: { generate: options } }]);
      expect(second.current(arn)).toBe(first.current(arn));
      expect(statSync(file).mode & 0o777).toBe(0o600);
    } finally {
      data.remove();
    }
  });

  test("a generated value has the length and the kinds of characters that are asked for", () => {
    const value = generateSecret({ ...options, length: 20, excludePunctuation: true, excludeCharacters: "abc0" });
    expect(value).toMatch(/^[A-Zd-z1-9]{20}$/);
    for (const kind of [/[A-Z]/, /[a-z]/, /[0-9]/]) expect(value).toMatch(kind);
  });

  test("a generated value takes its place in the template", () => {
    const value = JSON.parse(generateSecret({ ...options, template: '{"username":"root"}', key: "password" })) as {
      password: string;
    };
    expect(value).toEqual({ username: "root", password: expect.any(String) as string });
  });
});
