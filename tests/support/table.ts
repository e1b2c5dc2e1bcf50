/** Tables for tests: a new one on a new engine, or that of a running host. */
import { PutCommand, type DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import { clientOf, contentsOf as everythingIn, type TableLocation } from "../../infra/local/services/table-contents.ts";
import { createTable, startEngine, withoutStream } from "../../infra/local/services/dynamodb-engine.ts";
import type { Host } from "../../infra/local/host.ts";
import { readModel } from "../../infra/local/template/read-deployment.ts";
import type { TableModel } from "../../infra/local/template/deployment-model.ts";
import { loadAssembly, parametersOf } from "../../infra/local/template/cloud-assembly.ts";
import { Table, type Change, type Item } from "../../shared/runtime/table.ts";

export { itemsOf } from "../../infra/local/services/table-contents.ts";

/**
 * Counts: every call of a partner changes those of calls, also one that is refused and changes nothing else, and those of
 * subscriptions change some time after their events.
 */
const countingPartitions = /^(LIMITS|USAGE|SUBSCRIPTION-COUNTS|ATTEMPT-COUNTS)#/;

/** Every item of a running host's table, but for counts. */
export async function contentsOf(host: TableLocation): Promise<Item[]> {
  const items = await everythingIn(host);
  return items.filter(({ pk }) => !countingPartitions.test(String(pk)));
}

export interface TestTable {
  readonly table: Table;
  readonly client: DynamoDBDocumentClient;
  readonly name: string;
  /** Where the engine answers. */
  readonly endpoint: string;
  close(): Promise<void>;
}

/** Starts an engine with an empty table as the template makes it; `close` stops it. */
export async function startTable(): Promise<TestTable> {
  const assembly = process.env.PORTICO_TEST_ASSEMBLY;
  if (assembly === undefined) throw new Error("the global setup has not synthesised an assembly");
  const { tables, region } = readModel(loadAssembly(assembly, nowhere(assembly)));
  const model = tables[0] as TableModel;
  const engine = await startEngine();
  await createTable(engine.endpoint, region, withoutStream(model));
  const client = clientOf(engine.endpoint, region);
  return {
    table: new Table(client, model.name, Number.MAX_SAFE_INTEGER),
    client,
    name: model.name,
    endpoint: engine.endpoint,
    close: async () => {
      client.destroy();
      await engine.close();
    },
  };
}

/** A value for every parameter of the template; the table depends on none of them. */
function nowhere(assembly: string): Record<string, string> {
  return Object.fromEntries([...parametersOf(assembly)].map((name) => [name, "http://127.0.0.1:1"]));
}

/** Writes an item directly into a running host's table: a state that takes time to reach otherwise. */
export async function plantItem({ engineEndpoint, model }: Host, item: Item): Promise<void> {
  const client = clientOf(engineEndpoint, model.region);
  await client.send(new PutCommand({ TableName: model.tables[0]!.name, Item: item }));
  client.destroy();
}

/** Commits changes directly to a running host's table. */
export async function plantChanges({ engineEndpoint, model }: Host, changes: readonly Change[]): Promise<void> {
  const client = clientOf(engineEndpoint, model.region);
  const table = new Table(client, model.tables[0]!.name, Number.MAX_SAFE_INTEGER);
  for (const change of changes) await table.commit(change);
  client.destroy();
}
