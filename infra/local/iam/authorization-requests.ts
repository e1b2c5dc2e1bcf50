/** What a call asks of IAM: which actions on which resources, and what conditions can look at. */
import type { DeploymentModel, TableModel } from "../template/read-deployment.ts";
import type { ServiceCall, ServiceName } from "../services/service-proxy.ts";

/** The keys of a request that conditions can test, in lower case, each with what it holds. */
export const requestKeys = {
  "dynamodb:attributes": "many",
  "dynamodb:enclosingoperation": "one",
  "dynamodb:leadingkeys": "many",
  "dynamodb:returnconsumedcapacity": "one",
  "dynamodb:returnvalues": "one",
  "dynamodb:select": "one",
  "secretsmanager:secretid": "one",
  "secretsmanager:versionid": "one",
  "secretsmanager:versionstage": "one",
} as const;
export type RequestKey = keyof typeof requestKeys;

/** One action on one resource; a call is done when each of its requests is allowed. */
export interface AuthorizationRequest {
  /** `dynamodb:PutItem`; a transaction asks for the actions of its items. */
  readonly action: string;
  /** ARN of a table, an index or a secret; `*` for actions that know no resource. */
  readonly resource: string;
  /** Partition keys of the items; undefined where the action knows none (`Scan`, `DescribeTable`). */
  readonly leadingKeys: readonly string[] | undefined;
  /** A key's values; undefined where the request has none. */
  value(key: RequestKey): readonly string[] | undefined;
}

/** A call of which the local host cannot tell what it touches; it is denied. */
export class Unreadable extends Error {
  override readonly name = "Unreadable";
  readonly action: string;
  readonly resource: string;

  /** @param reason continues «because …» */
  constructor(action: string, resource: string, reason: string) {
    super(reason);
    this.action = action;
    this.resource = resource;
  }
}

type Body = Readonly<Record<string, unknown>>;
type Context = Partial<Record<RequestKey, () => readonly string[] | undefined>>;

interface KnownTable {
  readonly arn: string;
  readonly hashKey: string;
  /** Index name → its partition key's attribute. */
  readonly indexes: ReadonlyMap<string, string>;
}

const onTables: ReadonlySet<string> = new Set([
  ...["CreateTable", "DeleteTable", "DescribeTable", "UpdateTable", "DescribeTimeToLive", "UpdateTimeToLive"],
  ...["DescribeContinuousBackups", "UpdateContinuousBackups"],
]);
const onResourceArns: ReadonlySet<string> = new Set(["ListTagsOfResource", "TagResource", "UntagResource"]);
const onNoTable: ReadonlySet<string> = new Set(["DescribeEndpoints", "DescribeLimits", "ListTables"]);
const partiQl: ReadonlySet<string> = new Set(["BatchExecuteStatement", "ExecuteStatement", "ExecuteTransaction"]);
const onSecrets: ReadonlySet<string> = new Set([
  ...["DeleteSecret", "DescribeSecret", "GetResourcePolicy", "GetSecretValue", "ListSecretVersionIds"],
  ...["PutSecretValue", "RestoreSecret", "RotateSecret", "TagResource", "UntagResource", "UpdateSecret"],
  "UpdateSecretVersionStage",
]);
const onNoSecret: ReadonlySet<string> = new Set(["GetRandomPassword", "ListSecrets"]);

const transactionActions = {
  Put: "PutItem",
  Update: "UpdateItem",
  Delete: "DeleteItem",
  ConditionCheck: "ConditionCheckItem",
} as const;

const record = (value: unknown): Body => (typeof value === "object" && value !== null ? (value as Body) : {});
const array = (value: unknown): readonly unknown[] => (Array.isArray(value) ? (value as readonly unknown[]) : []);
const text = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);

function hashKeyOf(schema: unknown): string {
  return String(
    array(schema)
      .map(record)
      .find(({ KeyType }) => KeyType === "HASH")?.["AttributeName"],
  );
}

function knownTable({ arn, createTable }: TableModel): KnownTable {
  const indexes = [...array(createTable["GlobalSecondaryIndexes"]), ...array(createTable["LocalSecondaryIndexes"])].map(
    (index) => [String(record(index)["IndexName"]), hashKeyOf(record(index)["KeySchema"])] as const,
  );
  return { arn, hashKey: hashKeyOf(createTable["KeySchema"]), indexes: new Map(indexes) };
}

/** An attribute value as IAM compares it; undefined for types that no key can have. */
function keyText(value: unknown): string | undefined {
  const { S, N, B } = record(value);
  return text(S) ?? text(N) ?? text(B);
}

/** Words, placeholders and operators of an expression. */
const tokensOf = (expression: string): readonly string[] => expression.match(/[#:]?\w+|[<>]=|<>|\S/g) ?? [];

/** Reads requests of the tables and secrets of one deployment. */
export class RequestReader {
  readonly #arnPrefix: string;
  readonly #tables: ReadonlyMap<string, KnownTable>;
  /** Name, ARN and ARN without its random end → ARN. */
  readonly #secrets: ReadonlyMap<string, string>;

  constructor({
    region,
    accountId,
    tables,
    secrets,
  }: Pick<DeploymentModel, "region" | "accountId" | "tables" | "secrets">) {
    this.#arnPrefix = `arn:aws:dynamodb:${region}:${accountId}:table/`;
    this.#tables = new Map(tables.map((table) => [table.arn, knownTable(table)]));
    this.#secrets = new Map(
      secrets.flatMap(({ name, arn }) => [name, arn, arn.replace(/-[^-]{6}$/, "")].map((id) => [id, arn] as const)),
    );
  }

  /**
   * The requests of a call.
   *
   * @throws Unreadable when it cannot be told what the call touches
   */
  requestsOf({
    service,
    action,
    body,
  }: Pick<ServiceCall, "service" | "action" | "body">): readonly AuthorizationRequest[] {
    return service === "dynamodb" ? this.#ofTable(action, body) : [this.#ofSecret(action, body)];
  }

  #ofTable(name: string, body: Body): readonly AuthorizationRequest[] {
    const action = `dynamodb:${name}`;
    switch (name) {
      case "GetItem":
        return [this.#item(name, body, body["Key"])];
      case "PutItem":
        return [this.#item(name, body, body["Item"])];
      case "UpdateItem":
      case "DeleteItem":
        return [this.#item(name, body, body["Key"])];
      case "Query":
      case "Scan":
        return [this.#range(name, body)];
      case "BatchGetItem":
        return Object.entries(record(body["RequestItems"])).map(([table, part]) => {
          const keys = array(record(part)["Keys"]);
          return this.#items(name, table, keys, {
            ...record(part),
            ReturnConsumedCapacity: body["ReturnConsumedCapacity"],
          });
        });
      case "BatchWriteItem":
        return Object.entries(record(body["RequestItems"])).map(([table, part]) => {
          const items = array(part).flatMap((one) => {
            const { PutRequest, DeleteRequest } = record(one);
            return [
              ...(PutRequest === undefined ? [] : [record(PutRequest)["Item"]]),
              ...(DeleteRequest === undefined ? [] : [record(DeleteRequest)["Key"]]),
            ];
          });
          return this.#items(name, table, items, { ReturnConsumedCapacity: body["ReturnConsumedCapacity"] });
        });
      case "TransactGetItems":
        return array(body["TransactItems"]).map((entry) => {
          const get = record(record(entry)["Get"]);
          return this.#item("GetItem", get, get["Key"], name);
        });
      case "TransactWriteItems":
        return array(body["TransactItems"]).flatMap((entry) =>
          Object.entries(record(entry)).map(([kind, part]) => {
            const itemAction = (transactionActions as Readonly<Record<string, string>>)[kind];
            if (itemAction === undefined)
              throw new Unreadable(action, "*", `a transaction has no item of the kind ${kind}`);
            return this.#item(itemAction, record(part), record(part)[kind === "Put" ? "Item" : "Key"], name);
          }),
        );
    }
    if (onTables.has(name)) return [requestOf(action, this.#tableArn(body["TableName"]), undefined)];
    if (onResourceArns.has(name)) return [requestOf(action, text(body["ResourceArn"]) ?? "*", undefined)];
    if (onNoTable.has(name)) return [requestOf(action, "*", undefined)];
    throw new Unreadable(
      action,
      "*",
      partiQl.has(name)
        ? "the local host does not read PartiQL statements (infra/local/iam/authorization-requests.ts)"
        : `the local host does not know the ${action} action (infra/local/iam/authorization-requests.ts)`,
    );
  }

  #tableArn(name: unknown): string {
    const given = text(name) ?? "";
    return given.startsWith("arn:") ? given : `${this.#arnPrefix}${given}`;
  }

  /** @param within the transaction of which it is a part */
  #item(name: string, body: Body, item: unknown, within?: string): AuthorizationRequest {
    return this.#items(name, body["TableName"], [item], body, within);
  }

  #items(name: string, table: unknown, items: readonly unknown[], body: Body, within?: string): AuthorizationRequest {
    const action = `dynamodb:${name}`;
    const resource = this.#tableArn(table);
    const hashKey = this.#tables.get(resource)?.hashKey;
    const leadingKeys =
      hashKey === undefined
        ? undefined
        : items.map((item) => {
            const value = keyText(record(item)[hashKey]);
            if (value !== undefined) return value;
            throw new Unreadable(action, resource, `an item of the request has no partition key ${hashKey}`);
          });
    const returns = name === "PutItem" || name === "UpdateItem" || name === "DeleteItem";
    return requestOf(action, resource, leadingKeys, {
      "dynamodb:attributes": () => attributesOf(body, items),
      "dynamodb:enclosingoperation": () => (within === undefined ? undefined : [within]),
      "dynamodb:returnconsumedcapacity": () => [text(body["ReturnConsumedCapacity"]) ?? "NONE"],
      "dynamodb:returnvalues": () =>
        returns && within === undefined ? [text(body["ReturnValues"]) ?? "NONE"] : undefined,
    });
  }

  #range(name: "Query" | "Scan", body: Body): AuthorizationRequest {
    const action = `dynamodb:${name}`;
    const arn = this.#tableArn(body["TableName"]);
    const index = text(body["IndexName"]);
    const resource = index === undefined ? arn : `${arn}/index/${index}`;
    const table = this.#tables.get(arn);
    const hashKey = index === undefined ? table?.hashKey : table?.indexes.get(index);
    let leadingKeys: readonly string[] | undefined;
    if (name === "Query" && hashKey !== undefined) {
      leadingKeys = queriedKeys(body, hashKey);
      if (leadingKeys.length === 0) throw new Unreadable(action, resource, `its key condition gives no ${hashKey}`);
    }
    const projects = body["ProjectionExpression"] !== undefined || body["AttributesToGet"] !== undefined;
    const otherwise = projects
      ? "SPECIFIC_ATTRIBUTES"
      : index === undefined
        ? "ALL_ATTRIBUTES"
        : "ALL_PROJECTED_ATTRIBUTES";
    return requestOf(action, resource, leadingKeys, {
      "dynamodb:attributes": () => attributesOf(body, []),
      "dynamodb:returnconsumedcapacity": () => [text(body["ReturnConsumedCapacity"]) ?? "NONE"],
      "dynamodb:select": () => [text(body["Select"]) ?? otherwise],
    });
  }

  #ofSecret(name: string, body: Body): AuthorizationRequest {
    const action = `secretsmanager:${name}`;
    if (onNoSecret.has(name)) return requestOf(action, "*", undefined);
    if (!onSecrets.has(name)) {
      throw new Unreadable(
        action,
        "*",
        `the local host does not know the ${action} action (infra/local/iam/authorization-requests.ts)`,
      );
    }
    const id = text(body["SecretId"]) ?? "";
    const given = (member: string) => () => (typeof body[member] === "string" ? [body[member]] : undefined);
    return requestOf(action, this.#secrets.get(id) ?? id, undefined, {
      "secretsmanager:secretid": given("SecretId"),
      "secretsmanager:versionid": given("VersionId"),
      "secretsmanager:versionstage": given("VersionStage"),
    });
  }
}

function requestOf(
  action: string,
  resource: string,
  leadingKeys: readonly string[] | undefined,
  context: Context = {},
): AuthorizationRequest {
  return {
    action,
    resource,
    leadingKeys,
    value: (key) => (key === "dynamodb:leadingkeys" ? leadingKeys : context[key]?.()),
  };
}

/** The values that a key condition asks of the partition key; DynamoDB itself refuses more than one. */
function queriedKeys(body: Body, hashKey: string): readonly string[] {
  const names = record(body["ExpressionAttributeNames"]);
  const values = record(body["ExpressionAttributeValues"]);
  const tokens = tokensOf(text(body["KeyConditionExpression"]) ?? "");
  const isHashKey = (token: string | undefined) =>
    token !== undefined && (token.startsWith("#") ? names[token] : token) === hashKey;
  const found = tokens.flatMap((token, at) => {
    if (token !== "=") return [];
    const [before, after] = [tokens[at - 1], tokens[at + 1]];
    const placeholder = isHashKey(before) ? after : isHashKey(after) ? before : undefined;
    return placeholder === undefined ? [] : [keyText(values[placeholder])];
  });
  const legacy = record(record(body["KeyConditions"])[hashKey]);
  if (legacy["ComparisonOperator"] === "EQ") found.push(...array(legacy["AttributeValueList"]).map(keyText));
  return found.filter((value) => value !== undefined);
}

const expressions = [
  ...["ConditionExpression", "FilterExpression", "KeyConditionExpression", "ProjectionExpression", "UpdateExpression"],
] as const;
const keywords = /^(and|or|not|between|in|set|remove|add|delete)$/i;

/** The top-level attributes that a request names. */
function attributesOf(body: Body, items: readonly unknown[]): readonly string[] {
  const names = record(body["ExpressionAttributeNames"]);
  const mentioned = expressions.flatMap((member) => {
    const tokens = tokensOf(text(body[member]) ?? "");
    return tokens.flatMap((token, at) => {
      const isName =
        /^[#A-Za-z_]/.test(token) && tokens[at - 1] !== "." && tokens[at + 1] !== "(" && !keywords.test(token);
      return isName ? [token.startsWith("#") ? String(names[token]) : token] : [];
    });
  });
  const legacy = ["AttributeUpdates", "Expected", "KeyConditions", "QueryFilter", "ScanFilter"].flatMap((member) =>
    Object.keys(record(body[member])),
  );
  const listed = array(body["AttributesToGet"]).map(String);
  return [...new Set([...items.flatMap((item) => Object.keys(record(item))), ...mentioned, ...legacy, ...listed])];
}

/** The service's prefix in action names and ARNs is its name here. */
export const servicePrefixes: readonly ServiceName[] = ["dynamodb", "secretsmanager"];
