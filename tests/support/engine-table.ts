/** A new table on a new engine, for tests of what works on the table itself. */
import { itemsOf, tableClientOf } from "../../infra/local/services/table-contents.ts";
import { createTable, startEngine, withoutStream } from "../../infra/local/services/dynamodb-engine.ts";
import { readModel } from "../../infra/local/template/read-deployment.ts";
import type { TableModel } from "../../infra/local/template/deployment-model.ts";
import { loadAssembly, parametersOf } from "../../infra/local/template/cloud-assembly.ts";
import type { AwsJson } from "../../shared/runtime/aws-json.ts";
import { Table, type Item } from "../../shared/runtime/table.ts";

export interface TestTable {
  readonly table: Table;
  /** Every item, in key order. */
  readonly items: () => Promise<Item[]>;
  /** For tables with a deadline of their own. */
  readonly client: AwsJson;
  readonly name: string;
  /** Where the engine answers. */
  readonly endpoint: string;
  close(): Promise<void>;
}

/**
 * A table for the file or the `describe` block of the caller: starts before its tests, stops after them.
 *
 * @param take receives the table as soon as it has started
 */
export function tableForFile(take: (table: Table) => void): Pick<TestTable, "client" | "items" | "name"> {
  let engine: TestTable | undefined;
  beforeAll(async () => {
    engine = await startTable();
    take(engine.table);
  });
  afterAll(async () => {
    await engine?.close();
  });
  const started = (): TestTable => {
    if (engine === undefined) throw new Error("the table has not started");
    return engine;
  };
  return {
    get client() {
      return started().client;
    },
    get name() {
      return started().name;
    },
    items: async () => await started().items(),
  };
}

let declared: { readonly model: TableModel; readonly region: string } | undefined;

/** The table of the template. To read a template takes a tenth of a second, so it is read once. */
function declaredTable(): NonNullable<typeof declared> {
  const assembly = process.env.PORTICO_TEST_ASSEMBLY;
  if (assembly === undefined) throw new Error("the global setup has not synthesised an assembly");
  if (declared === undefined) {
    const { tables, region } = readModel(loadAssembly(assembly, nowhere(assembly)));
    declared = { model: tables[0] as TableModel, region };
  }
  return declared;
}

/** Starts an engine with an empty table as the template makes it; `close` stops it. */
export async function startTable(): Promise<TestTable> {
  const { model, region } = declaredTable();
  const engine = await startEngine();
  await createTable(engine.endpoint, region, withoutStream(model));
  const client = tableClientOf(engine.endpoint, region);
  return {
    table: new Table(client, model.name, Number.MAX_SAFE_INTEGER),
    items: async () => await itemsOf(client, model.name),
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
