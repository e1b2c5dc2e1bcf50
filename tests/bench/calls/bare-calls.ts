/** What a function asks of the table, sent by the SDK's document client: what a call is measured against. */
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import {
  BatchGetCommand,
  BatchWriteCommand,
  DeleteCommand,
  GetCommand,
  PutCommand,
  QueryCommand,
  TransactGetCommand,
  TransactWriteCommand,
  UpdateCommand,
  DynamoDBDocumentClient,
} from "@aws-sdk/lib-dynamodb";
import { unmarshall } from "@aws-sdk/util-dynamodb";

/** A call as the service got it. */
export interface RecordedCall {
  /** AWS's name: `GetItem`. */
  readonly action: string;
  /** The request in DynamoDB's JSON. */
  readonly request: unknown;
}

/** With the settings of the functions' own client: no retries, and nothing copied for a logger that does not exist. */
export function createDocumentClient(): DynamoDBDocumentClient {
  const client = new DynamoDBClient({ maxAttempts: 1, requestHandler: { connectionTimeout: 1000 } });
  client.middlewareStack.remove("loggerMiddleware");
  return DynamoDBDocumentClient.from(client, { marshallOptions: { removeUndefinedValues: true } });
}

type Send = (client: DynamoDBDocumentClient) => Promise<unknown>;

const commands: Readonly<Record<string, new (input: any) => any>> = {
  BatchGetItem: BatchGetCommand,
  BatchWriteItem: BatchWriteCommand,
  DeleteItem: DeleteCommand,
  GetItem: GetCommand,
  PutItem: PutCommand,
  Query: QueryCommand,
  TransactGetItems: TransactGetCommand,
  TransactWriteItems: TransactWriteCommand,
  UpdateItem: UpdateCommand,
};

/** Members of requests that hold items: DynamoDB's form there is the client's plain form here. */
const itemMembers = new Set(["Key", "Item", "ExpressionAttributeValues", "ExclusiveStartKey"]);

function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => {
      if (itemMembers.has(name)) return [name, unmarshall(member)];
      if (name === "Keys") return [name, (member as readonly Record<string, never>[]).map((key) => unmarshall(key))];
      return [name, plain(member)];
    }),
  );
}

/** @throws Error for an action that the document client does not have */
export function bareCall({ action, request }: RecordedCall): Send {
  const Command = commands[action];
  if (Command === undefined) throw new Error(`no command for ${action}`);
  const input = plain(request);
  return async (client) => {
    try {
      return await client.send(new Command(input));
    } catch (error) {
      // The function got the same answer: a failed condition, such as that of a counter which is not there yet.
      if ((error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode === 400) return undefined;
      throw error;
    }
  };
}
