/**
 * The values of `Ref` and `Fn::GetAtt` for each resource type that the local host knows. Names are deterministic, so that the
 * data of one run fits the next. ARNs have AWS's form, so that policies match them.
 */
import { createHash } from "node:crypto";
import { LocalHostError } from "../support/errors.ts";

/** The parts of a resource that make its identity. */
export interface Identified {
  readonly stack: string;
  readonly logicalId: string;
  readonly type: string;
  readonly region: string;
  readonly accountId: string;
  /** A resolved property that names the resource, such as `TableName`. */
  name(property: string): string | undefined;
}

type Describe = (resource: Identified) => {
  readonly ref: string;
  readonly attributes: Readonly<Record<string, string>>;
};

function hash(resource: Identified): string {
  return createHash("sha256").update(`${resource.stack}/${resource.logicalId}`).digest("hex");
}

/** Ten lower-case letters and digits, as in API Gateway's ids. */
function shortId(resource: Identified): string {
  return BigInt(`0x${hash(resource).slice(0, 16)}`)
    .toString(36)
    .padStart(10, "0")
    .slice(0, 10);
}

function uuid(resource: Identified): string {
  return hash(resource).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, "$1-$2-$3-$4-$5");
}

function named(resource: Identified, property: string): string {
  return resource.name(property) ?? `${resource.stack}-${resource.logicalId}`;
}

function arn(resource: Identified, service: string, rest: string, global = false): string {
  return `arn:aws:${service}:${global ? "" : resource.region}:${resource.accountId}:${rest}`;
}

const byName =
  (property: string, service: string, prefix: string, global = false): Describe =>
  (resource) => {
    const name = named(resource, property);
    return { ref: name, attributes: { Arn: arn(resource, service, `${prefix}${name}`, global) } };
  };

const byShortId =
  (...attributes: readonly string[]): Describe =>
  (resource) => ({
    ref: shortId(resource),
    attributes: Object.fromEntries(attributes.map((attribute) => [attribute, shortId(resource)])),
  });

const describers: Readonly<Record<string, Describe>> = {
  "AWS::DynamoDB::Table": (resource) => {
    const name = named(resource, "TableName");
    const own = arn(resource, "dynamodb", `table/${name}`);
    return { ref: name, attributes: { Arn: own, StreamArn: `${own}/stream/2026-01-01T00:00:00.000` } };
  },
  "AWS::Events::EventBus": byName("Name", "events", "event-bus/"),
  "AWS::SQS::Queue": (resource) => {
    const name = named(resource, "QueueName");
    const url = `https://sqs.${resource.region}.amazonaws.com/${resource.accountId}/${name}`;
    return { ref: url, attributes: { Arn: arn(resource, "sqs", name), QueueName: name, QueueUrl: url } };
  },
  "AWS::Events::Rule": byName("Name", "events", "rule/"),
  "AWS::Lambda::Function": byName("FunctionName", "lambda", "function:"),
  "AWS::SecretsManager::Secret": (resource) => {
    // AWS appends six random characters to a secret's name, and finds the secret by an ARN without them, too.
    const own = arn(resource, "secretsmanager", `secret:${named(resource, "Name")}-${hash(resource).slice(0, 6)}`);
    return { ref: own, attributes: { Id: own } };
  },
  "AWS::ApiGateway::RestApi": (resource) => ({
    ref: shortId(resource),
    attributes: {
      RestApiId: shortId(resource),
      RootResourceId: shortId({ ...resource, logicalId: `${resource.logicalId}/` }),
    },
  }),
  "AWS::ApiGateway::Resource": byShortId("ResourceId"),
  "AWS::ApiGateway::Authorizer": byShortId("AuthorizerId"),
  "AWS::ApiGateway::Deployment": byShortId("DeploymentId"),
  "AWS::ApiGateway::Stage": (resource) => ({ ref: named(resource, "StageName"), attributes: {} }),
  "AWS::IAM::Role": (resource) => {
    const name = named(resource, "RoleName");
    const attributes = {
      Arn: arn(resource, "iam", `role/${name}`, true),
      RoleId: `AROA${hash(resource).slice(0, 17).toUpperCase()}`,
    };
    return { ref: name, attributes };
  },
  "AWS::IAM::Policy": (resource) => ({ ref: named(resource, "PolicyName"), attributes: {} }),
  "AWS::Logs::LogGroup": (resource) => {
    const name = named(resource, "LogGroupName");
    return { ref: name, attributes: { Arn: arn(resource, "logs", `log-group:${name}:*`) } };
  },
  "AWS::KMS::Key": (resource) => ({
    ref: uuid(resource),
    attributes: { Arn: arn(resource, "kms", `key/${uuid(resource)}`), KeyId: uuid(resource) },
  }),
  "AWS::KMS::Alias": (resource) => ({ ref: named(resource, "AliasName"), attributes: {} }),
  "AWS::SNS::Topic": (resource) => {
    const name = named(resource, "TopicName");
    const own = arn(resource, "sns", name);
    return { ref: own, attributes: { TopicArn: own, TopicName: name } };
  },
  "AWS::Lambda::Version": (resource) => ({
    // The function's ARN with a qualifier, as AWS has it; the local host runs one version of each function.
    ref: `${arn(resource, "lambda", `function:${named(resource, "FunctionName")}`)}:1`,
    attributes: { Version: "1" },
  }),
  "AWS::CloudWatch::Alarm": byName("AlarmName", "cloudwatch", "alarm:"),
  "AWS::CloudWatch::CompositeAlarm": byName("AlarmName", "cloudwatch", "alarm:"),
  "AWS::CloudWatch::Dashboard": (resource) => ({ ref: named(resource, "DashboardName"), attributes: {} }),
  "AWS::WAFv2::WebACL": (resource) => ({
    ref: named(resource, "Name"),
    attributes: {
      Arn: arn(resource, "wafv2", `regional/webacl/${named(resource, "Name")}/${uuid(resource)}`),
      Id: uuid(resource),
    },
  }),
};

/** Whether `Ref` is known for a type. */
export function hasIdentity(type: string): boolean {
  return Object.hasOwn(describers, type);
}

/**
 * The value of `Ref`.
 *
 * @throws LocalHostError when the type has no known physical id
 */
export function refOf(resource: Identified): string {
  const describe = describers[resource.type];
  if (describe === undefined) {
    throw new LocalHostError(
      `Ref of ${resource.stack}/${resource.logicalId}: ${resource.type} has no local identity (infra/local/template/identities.ts)`,
    );
  }
  return describe(resource).ref;
}

/**
 * The value of `Fn::GetAtt`.
 *
 * @throws LocalHostError when the type or the attribute is not known
 */
export function attributeOf(resource: Identified, attribute: string): string {
  const value = describers[resource.type]?.(resource).attributes[attribute];
  if (value === undefined) {
    throw new LocalHostError(
      `Fn::GetAtt ${resource.stack}/${resource.logicalId}.${attribute}: not known for ${resource.type} (infra/local/template/identities.ts)`,
    );
  }
  return value;
}
