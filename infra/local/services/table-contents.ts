/** Reads a running host's table directly, without functions, roles or faults in between. */
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient, ScanCommand } from "@aws-sdk/lib-dynamodb";
import { AwsJson, dynamoDb } from "../../../shared/runtime/aws-json.ts";
import type { Item } from "../../../shared/runtime/table.ts";
import type { DeploymentModel, TableModel } from "../template/deployment-model.ts";
import { engineAccessKey } from "./dynamodb-engine.ts";

const credentials = { accessKeyId: engineAccessKey, secretAccessKey: "none" };

/** A client of the engine for `Table`, which bypasses the host's proxy. */
export function tableClientOf(endpoint: string, region: string): AwsJson {
  return new AwsJson(dynamoDb, { endpoint, region, credentials });
}

/** A client of the engine that bypasses the host's proxy. */
export function clientOf(endpoint: string, region: string): DynamoDBDocumentClient {
  const client = new DynamoDBClient({ endpoint, region, credentials, maxAttempts: 1 });
  // It copies every item for a logger that does not exist.
  client.middlewareStack.remove("loggerMiddleware");
  return DynamoDBDocumentClient.from(client, { marshallOptions: { removeUndefinedValues: true } });
}

/** Every item of a table, in key order. */
export async function itemsOf(client: DynamoDBDocumentClient, name: string): Promise<Item[]> {
  const items: Item[] = [];
  let start: Item | undefined;
  do {
    const page = await client.send(
      new ScanCommand({ TableName: name, ConsistentRead: true, ...(start && { ExclusiveStartKey: start }) }),
    );
    items.push(...(page.Items ?? []));
    start = page.LastEvaluatedKey;
  } while (start !== undefined);
  const place = ({ pk, sk }: Item) => `${String(pk)}\u0000${String(sk)}`;
  return items.sort((a, b) => (place(a) < place(b) ? -1 : 1));
}

/** The part of a host that says where its table is. */
export interface TableLocation {
  readonly engineEndpoint: string;
  readonly model: Pick<DeploymentModel, "region" | "tables">;
}

/** Every item of a running host's table. */
export async function contentsOf({ engineEndpoint, model }: TableLocation): Promise<Item[]> {
  const client = clientOf(engineEndpoint, model.region);
  try {
    return await itemsOf(client, (model.tables[0] as TableModel).name);
  } finally {
    client.destroy();
  }
}
