/** Events of the account in the form that AWS documents: each reaches exactly the rule that is meant for it, or none. */
import { loadAssembly } from "../../infra/local/template/cloud-assembly.ts";
import { matches } from "./event-patterns.ts";

const parameters = { PublicUrl: "http://api", IdpIssuer: "http://idp", IdpJwksUri: "http://idp/jwks" };
let rules: readonly { readonly name: string; readonly pattern: Readonly<Record<string, unknown>> }[];
let keyArn: string;
let tableName: string;

beforeAll(() => {
  const { resources } = loadAssembly(process.env.PORTICO_TEST_ASSEMBLY ?? "", parameters);
  const ofType = (type: string) => resources.filter((resource) => resource.type === type);
  const onEvents = ofType("AWS::Events::Rule").filter(({ properties }) => properties["EventPattern"] !== undefined);
  rules = onEvents.map(({ properties }) => ({
    name: String(properties["Name"]).replace("Portico-local-", ""),
    pattern: properties["EventPattern"] as Record<string, unknown>,
  }));
  tableName = ofType("AWS::DynamoDB::Table")[0]?.ref ?? "";
  const [key] = ofType("AWS::KMS::Key").filter(({ stack }) => stack.endsWith("-Data"));
  const watched = rules.find(({ name }) => name === "key-lost")?.pattern as any;
  // The Region and account of the assembly, whichever they are.
  [keyArn] = watched.detail.resources.ARN;
  expect(keyArn).toContain(`key/${key?.ref}`);
});

const apiCall = (service: string, eventName: string, detail: Readonly<Record<string, unknown>>) => ({
  source: `aws.${service}`,
  "detail-type": "AWS API Call via CloudTrail",
  account: "123456789012",
  detail: { eventSource: `${service}.amazonaws.com`, eventName, ...detail },
});

const onKey = (eventName: string, arn: string, more = {}) =>
  apiCall("kms", eventName, {
    requestParameters: { keyId: "any" },
    resources: [{ ARN: arn, type: "AWS::KMS::Key" }],
    ...more,
  });
const onSecret = (secretId: string) => apiCall("secretsmanager", "DeleteSecret", { requestParameters: { secretId } });
const onTable = (eventName: string, requestParameters: object) => apiCall("dynamodb", eventName, { requestParameters });
const recovery = (enabled: boolean, name: string) =>
  onTable("UpdateContinuousBackups", {
    tableName: name,
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: enabled },
  });
const stack = (name: string, status: string) => ({
  source: "aws.cloudformation",
  "detail-type": "CloudFormation Stack Status Change",
  detail: {
    "stack-id": `arn:aws:cloudformation:us-east-1:123456789012:stack/${name}/8f5c3d0e`,
    "status-details": { status },
  },
});
const secretArn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:portico/local/signing-keys-AbCdEf";

test.each<[string, () => object, readonly string[]]>([
  ["the key's deletion is scheduled", () => onKey("ScheduleKeyDeletion", keyArn), ["key-lost"]],
  ["the key is disabled", () => onKey("DisableKey", keyArn), ["key-lost"]],
  ["the key is used", () => onKey("Decrypt", keyArn), []],
  ["another key is disabled", () => onKey("DisableKey", "arn:aws:kms:us-east-1:123456789012:key/other"), []],
  ["disabling the key is denied", () => onKey("DisableKey", keyArn, { errorCode: "AccessDenied" }), []],
  ["a secret is deleted by its name", () => onSecret("portico/local/signing-keys"), ["secret-lost"]],
  ["a secret is deleted by its ARN", () => onSecret(secretArn), ["secret-lost"]],
  ["a secret of another stage is deleted", () => onSecret("portico/prod/signing-keys"), []],
  ["the table is deleted", () => onTable("DeleteTable", { tableName }), ["table-unprotected"]],
  [
    "the table's protection is switched off",
    () => onTable("UpdateTable", { tableName, deletionProtectionEnabled: false }),
    ["table-unprotected"],
  ],
  [
    "the table's protection is switched on",
    () => onTable("UpdateTable", { tableName, deletionProtectionEnabled: true }),
    [],
  ],
  ["another table is deleted", () => onTable("DeleteTable", { tableName: "other" }), []],
  ["backups are switched off", () => recovery(false, tableName), ["backups-off"]],
  ["backups are switched on", () => recovery(true, tableName), []],
  ["a stack rolls back", () => stack("Portico-local-Api", "UPDATE_ROLLBACK_IN_PROGRESS"), ["stack-failed"]],
  ["a stack is complete", () => stack("Portico-local-Api", "UPDATE_COMPLETE"), []],
  ["another stage's stack rolls back", () => stack("Portico-prod-Api", "UPDATE_ROLLBACK_IN_PROGRESS"), []],
])("%s", (_what, event, expected) => {
  const made = event();
  expect(rules.filter(({ pattern }) => matches(pattern, made)).map(({ name }) => name)).toEqual(expected);
});
