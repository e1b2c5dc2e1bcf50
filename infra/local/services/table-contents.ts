/** Reads a running host's table directly, without functions, roles or faults in between. */
import type { GetItemOutput, ScanOutput } from "@aws-sdk/client-dynamodb";
import { marshall, unmarshall } from "@aws-sdk/util-dynamodb";
import { AwsJson, dynamoDb } from "../../../shared/runtime/aws-json.ts";
import type { Item } from "../../../shared/runtime/table.ts";
import type { DeploymentModel, TableModel } from "../template/deployment-model.ts";
import { engineAccessKey } from "./dynamodb-engine.ts";

const credentials = { accessKeyId: engineAccessKey, secretAccessKey: "none" };

/** A client of the engine that bypasses the host's proxy. */
export function tableClientOf(endpoint: string, region: string): AwsJson {
  return new AwsJson(dynamoDb, { endpoint, region, credentials });
}

/** One item with its places in the indexes. */
export async function readItem(client: AwsJson, name: string, key: Item): Promise<Item | undefined> {
  const { Item: item } = await client.call<GetItemOutput>("GetItem", {
    TableName: name,
    Key: marshall(key),
    ConsistentRead: true,
  });
  return item && unmarshall(item);
}

/** Puts an item as it is. */
export async function writeItem(client: AwsJson, name: string, item: Item): Promise<void> {
  await client.call("PutItem", { TableName: name, Item: marshall(item, { removeUndefinedValues: true }) });
}

/**
 * Every item of a table, in key order.
 *
 * @param pk of the partition to read; by default all of them
 */
export async function itemsOf(client: AwsJson, name: string, pk?: string): Promise<Item[]> {
  const items: Item[] = [];
  const partition = pk !== undefined && {
    KeyConditionExpression: "pk = :pk",
    ExpressionAttributeValues: marshall({ ":pk": pk }),
  };
  let start: ScanOutput["LastEvaluatedKey"];
  do {
    const range = { TableName: name, ConsistentRead: true, ...(start && { ExclusiveStartKey: start }) };
    const page = await client.call<ScanOutput>(partition === false ? "Scan" : "Query", { ...range, ...partition });
    for (const item of page.Items ?? []) items.push(unmarshall(item));
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

/** Every item of a running host's table, or of one of its partitions. */
export async function contentsOf({ engineEndpoint, model }: TableLocation, pk?: string): Promise<Item[]> {
  const client = tableClientOf(engineEndpoint, model.region);
  try {
    return await itemsOf(client, (model.tables[0] as TableModel).name, pk);
  } finally {
    client.destroy();
  }
}
