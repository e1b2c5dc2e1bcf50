/** A look into a running host's table, past functions, roles and faults. */
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient, ScanCommand } from "@aws-sdk/lib-dynamodb";
import type { Item } from "../../../shared/runtime/table.ts";
import { engineAccessKey } from "../services/dynamodb-engine.ts";
import type { Host } from "../host.ts";
import type { TableModel } from "../template/read-deployment.ts";

/** Speaks to an engine directly, past the host's proxy. */
export function clientOf(endpoint: string, region: string): DynamoDBDocumentClient {
  const credentials = { accessKeyId: engineAccessKey, secretAccessKey: "none" };
  const client = new DynamoDBClient({ endpoint, region, credentials, maxAttempts: 1 });
  return DynamoDBDocumentClient.from(client, { marshallOptions: { removeUndefinedValues: true } });
}

/** Every item of a table, in the order of the keys. */
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

/** Everything that a running host has in its table. */
export async function contentsOf({ engineEndpoint, model }: Pick<Host, "engineEndpoint" | "model">): Promise<Item[]> {
  const client = clientOf(engineEndpoint, model.region);
  try {
    return await itemsOf(client, (model.tables[0] as TableModel).name);
  } finally {
    client.destroy();
  }
}
