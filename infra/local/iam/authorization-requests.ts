/**
 * Translates a call of a function into the authorization requests that IAM decides: which actions on which resources, with the
 * values that conditions test.
 */
import type { DeploymentModel, TableModel } from "../template/deployment-model.ts";
import type { ServiceCall } from "../services/service-proxy.ts";

/** The condition keys that a request has values for, in lower case. */
export const conditionKeys = ["dynamodb:leadingkeys", "dynamodb:attributes"] as const;
export type ConditionKey = (typeof conditionKeys)[number];

/** The actions that a role can grant locally, by service. The host refuses a role that names any other action. */
export const knownActions: Readonly<Record<string, readonly string[]>> = {
  dynamodb: [
    ...["GetItem", "PutItem", "UpdateItem", "DeleteItem", "ConditionCheckItem", "Query"],
    ...["BatchGetItem", "BatchWriteItem"],
    // Of Lambda, when it reads a stream with the function's role.
    ...["DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"],
  ],
  events: ["PutEvents"],
  secretsmanager: ["GetSecretValue", "PutSecretValue", "DescribeSecret", "UpdateSecretVersionStage"],
  lambda: ["InvokeFunction"],
  sqs: ["SendMessage", "ChangeMessageVisibility", "ReceiveMessage", "DeleteMessage", "GetQueueAttributes"],
};

/** One action on one resource. A call is allowed when each of its requests is allowed. */
export interface AuthorizationRequest {
  /** `dynamodb:PutItem`; a transaction asks for the actions of its items. */
  readonly action: string;
  /** ARN of a table, an index, a secret or a function. */
  readonly resource: string;
  /** The partition keys of the items. */
  readonly leadingKeys: readonly string[];
  /** The values of a condition key; empty when the request has none. */
  valuesOf(key: ConditionKey): readonly string[];
}

/** The local host cannot tell what a call touches, so the call is denied. */
export class UnreadableCall extends Error {
  override readonly name = "UnreadableCall";
  readonly action: string;
  readonly resource: string;

  /** @param reason follows the word "because" */
  constructor(action: string, resource: string, reason: string) {
    super(reason);
    this.action = action;
    this.resource = resource;
  }
}

type Body = Readonly<Record<string, unknown>>;

interface KnownTable {
  readonly hashKey: string;
  /** Index name → attribute of its partition key. */
  readonly indexes: ReadonlyMap<string, string>;
}

const transactionActions: Readonly<Record<string, string>> = {
  Put: "PutItem",
  Update: "UpdateItem",
  Delete: "DeleteItem",
  ConditionCheck: "ConditionCheckItem",
};

const record = (value: unknown): Body => (typeof value === "object" && value !== null ? (value as Body) : {});
const array = (value: unknown): readonly unknown[] => (Array.isArray(value) ? (value as readonly unknown[]) : []);
const text = (value: unknown): string => (typeof value === "string" ? value : "");

function hashKeyOf(schema: unknown): string {
  return String(
    array(schema)
      .map(record)
      .find(({ KeyType }) => KeyType === "HASH")?.["AttributeName"],
  );
}

function knownTable({ createTable }: TableModel): KnownTable {
  const indexes = array(createTable["GlobalSecondaryIndexes"]).map(record);
  return {
    hashKey: hashKeyOf(createTable["KeySchema"]),
    indexes: new Map(indexes.map(({ IndexName, KeySchema }) => [String(IndexName), hashKeyOf(KeySchema)])),
  };
}

/** An attribute value as IAM compares it; undefined for types that no key can have. */
function keyText(value: unknown): string | undefined {
  const { S, N, B } = record(value);
  return [S, N, B].find((member): member is string => typeof member === "string");
}

/** Words, placeholders and operators of an expression. */
const tokensOf = (expression: unknown): readonly string[] => text(expression).match(/[#:]?\w+|[<>]=|<>|\S/g) ?? [];

type Read = Pick<ServiceCall, "service" | "action" | "body">;

/** The calls to queues that functions make, with the action that allows each. */
const queueActions: Readonly<Record<string, string>> = {
  SendMessage: "SendMessage",
  SendMessageBatch: "SendMessage",
  ChangeMessageVisibility: "ChangeMessageVisibility",
};

/** Reads calls to the tables, secrets, queues and buses of one deployment. */
export class RequestReader {
  readonly #arnPrefix: string;
  readonly #tables: ReadonlyMap<string, KnownTable>;
  /** Name, ARN and ARN without its random end → ARN. */
  readonly #secrets: ReadonlyMap<string, string>;
  /** `<region>:<account>:`. */
  readonly #place: string;

  constructor(model: Pick<DeploymentModel, "region" | "accountId" | "tables" | "secrets">) {
    this.#place = `${model.region}:${model.accountId}:`;
    this.#arnPrefix = `arn:aws:dynamodb:${this.#place}table/`;
    this.#tables = new Map(model.tables.map((table) => [table.arn, knownTable(table)]));
    this.#secrets = new Map(
      model.secrets.flatMap(({ name, arn }) =>
        [name, arn, arn.replace(/-[^-]{6}$/, "")].map((id) => [id, arn] as const),
      ),
    );
  }

  /**
   * The requests of a call.
   *
   * @throws UnreadableCall when the local host cannot tell what the call touches
   */
  requestsOf({ service, action, body }: Read): readonly AuthorizationRequest[] {
    const requests = this.#ofService(service)(action, body);
    if (requests !== undefined) return requests;
    const reason = `the local host does not know the ${action} action (infra/local/iam/authorization-requests.ts)`;
    throw new UnreadableCall(`${service}:${action}`, "*", reason);
  }

  #ofService(
    service: ServiceCall["service"],
  ): (action: string, body: Body) => readonly AuthorizationRequest[] | undefined {
    switch (service) {
      case "dynamodb":
        return (action, body) => this.#ofTable(action, body);
      case "secretsmanager":
        return (action, body) => this.#ofSecret(action, body);
      case "sqs":
        return (action, body) => this.#ofQueue(action, body);
      case "events":
        return (action, body) => this.#ofBus(action, body);
    }
  }

  #ofQueue(action: string, body: Body): readonly AuthorizationRequest[] | undefined {
    const allowing = queueActions[action];
    if (allowing === undefined) return undefined;
    return [requestOf(`sqs:${allowing}`, `arn:aws:sqs:${this.#place}${text(body["QueueUrl"]).replace(/^.*\//, "")}`)];
  }

  #ofBus(action: string, body: Body): readonly AuthorizationRequest[] | undefined {
    if (action !== "PutEvents") return undefined;
    return array(body["Entries"]).map((entry) => {
      const name = text(record(entry)["EventBusName"]) || "default";
      return requestOf(
        "events:PutEvents",
        name.startsWith("arn:") ? name : `arn:aws:events:${this.#place}event-bus/${name}`,
      );
    });
  }

  #ofTable(action: string, body: Body): readonly AuthorizationRequest[] | undefined {
    switch (action) {
      case "GetItem":
      case "UpdateItem":
      case "DeleteItem":
        return [this.#items(action, body, [body["Key"]])];
      case "PutItem":
        return [this.#items(action, body, [body["Item"]])];
      case "Query":
        return [this.#query(body)];
      case "BatchGetItem":
        return Object.entries(record(body["RequestItems"])).map(([TableName, part]) =>
          this.#items(action, { ...record(part), TableName }, array(record(part)["Keys"])),
        );
      case "BatchWriteItem":
        return Object.entries(record(body["RequestItems"])).map(([TableName, part]) =>
          this.#items(action, { TableName }, array(part).flatMap(itemsOfBatchWrite)),
        );
      case "TransactWriteItems":
        return array(body["TransactItems"]).flatMap((entry) =>
          Object.entries(record(entry)).map(([kind, part]) => this.#transactionItem(kind, record(part))),
        );
      default:
        return undefined;
    }
  }

  #transactionItem(kind: string, part: Body): AuthorizationRequest {
    const action = transactionActions[kind];
    if (action !== undefined) return this.#items(action, part, [part[kind === "Put" ? "Item" : "Key"]]);
    throw new UnreadableCall("dynamodb:TransactWriteItems", "*", `a transaction has no item of the kind ${kind}`);
  }

  #tableArn(name: unknown): string {
    return text(name).startsWith("arn:") ? text(name) : `${this.#arnPrefix}${text(name)}`;
  }

  #items(name: string, body: Body, items: readonly unknown[]): AuthorizationRequest {
    const action = `dynamodb:${name}`;
    const resource = this.#tableArn(body["TableName"]);
    const hashKey = this.#tables.get(resource)?.hashKey;
    const leadingKeys = items.flatMap((item) => {
      if (hashKey === undefined) return [];
      const value = keyText(record(item)[hashKey]);
      if (value !== undefined) return [value];
      throw new UnreadableCall(action, resource, `an item of the request has no partition key ${hashKey}`);
    });
    return requestOf(action, resource, leadingKeys, () => attributesOf(body, items));
  }

  #query(body: Body): AuthorizationRequest {
    const action = "dynamodb:Query";
    const arn = this.#tableArn(body["TableName"]);
    const index = body["IndexName"];
    const resource = index === undefined ? arn : `${arn}/index/${text(index)}`;
    const table = this.#tables.get(arn);
    const hashKey = index === undefined ? table?.hashKey : table?.indexes.get(text(index));
    const leadingKeys = hashKey === undefined ? [] : queriedKeys(body, hashKey);
    if (hashKey !== undefined && leadingKeys.length === 0) {
      throw new UnreadableCall(action, resource, `its key condition gives no ${hashKey}`);
    }
    return requestOf(action, resource, leadingKeys, () => attributesOf(body, []));
  }

  #ofSecret(action: string, body: Body): readonly AuthorizationRequest[] | undefined {
    if (knownActions["secretsmanager"]?.includes(action) !== true) return undefined;
    const id = text(body["SecretId"]);
    return [requestOf(`secretsmanager:${action}`, this.#secrets.get(id) ?? id)];
  }
}

export function requestOf(
  action: string,
  resource: string,
  leadingKeys: readonly string[] = [],
  attributes: () => readonly string[] = () => [],
): AuthorizationRequest {
  const valuesOf = (key: ConditionKey) => (key === "dynamodb:leadingkeys" ? leadingKeys : attributes());
  return { action, resource, leadingKeys, valuesOf };
}

function itemsOfBatchWrite(request: unknown): readonly unknown[] {
  const { PutRequest, DeleteRequest } = record(request);
  return [
    ...(PutRequest === undefined ? [] : [record(PutRequest)["Item"]]),
    ...(DeleteRequest === undefined ? [] : [record(DeleteRequest)["Key"]]),
  ];
}

/** The values that a key condition compares the partition key with. DynamoDB itself refuses more than one. */
function queriedKeys(body: Body, hashKey: string): readonly string[] {
  const names = record(body["ExpressionAttributeNames"]);
  const values = record(body["ExpressionAttributeValues"]);
  const tokens = tokensOf(body["KeyConditionExpression"]);
  const isHashKey = (token = "") => (token.startsWith("#") ? names[token] : token) === hashKey;
  return tokens
    .flatMap((token, at) => {
      if (token !== "=") return [];
      const [before, after] = [tokens[at - 1], tokens[at + 1]];
      const placeholder = isHashKey(before) ? after : isHashKey(after) ? before : undefined;
      return placeholder === undefined ? [] : [keyText(values[placeholder])];
    })
    .filter((value) => value !== undefined);
}

const expressions = [
  ...["ConditionExpression", "FilterExpression", "KeyConditionExpression", "ProjectionExpression", "UpdateExpression"],
] as const;
const keywords = /^(and|or|not|between|in|set|remove|add|delete)$/i;

/** The top-level attributes that a request names. */
function attributesOf(body: Body, items: readonly unknown[]): readonly string[] {
  const names = record(body["ExpressionAttributeNames"]);
  const mentioned = expressions.flatMap((member) => {
    const tokens = tokensOf(body[member]);
    return tokens.flatMap((token, at) => {
      const isName =
        /^[#A-Za-z_]/.test(token) && tokens[at - 1] !== "." && tokens[at + 1] !== "(" && !keywords.test(token);
      return isName ? [token.startsWith("#") ? String(names[token]) : token] : [];
    });
  });
  return [...new Set([...items.flatMap((item) => Object.keys(record(item))), ...mentioned])];
}
