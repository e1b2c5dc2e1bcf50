/** A restore on the local host: a copy of the table as it stands, and the stage that uses it. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { synthesize } from "../../infra/checks/assembly.ts";
import { createTable, engineAccessKey, withoutStream } from "../../infra/local/services/dynamodb-engine.ts";
import type { TableModel } from "../../infra/local/template/deployment-model.ts";
import { RestoreTables } from "../../infra/restore/tables.ts";
import local from "../../infra/stages/local.ts";
import { hashPasswordsQuickly } from "./assembly.ts";
import type { Portico } from "./portico.ts";

/** The tables of a host, as the restore tool uses those of an account. */
export function tablesOf({ host }: Portico): RestoreTables {
  const credentials = { accessKeyId: engineAccessKey, secretAccessKey: "none" };
  return new RestoreTables(
    new DynamoDBClient({ endpoint: host.engineEndpoint, region: host.model.region, credentials, maxAttempts: 1 }),
  );
}

export function tableOf({ host }: Portico): string {
  return (host.model.tables[0] as TableModel).name;
}

/** Copies the table as it stands into a new one: what a restore to this moment gives. */
export async function snapshotTable(portico: Portico, name: string): Promise<void> {
  const { engineEndpoint, model } = portico.host;
  const table = withoutStream(model.tables[0] as TableModel);
  await createTable(engineEndpoint, model.region, {
    ...table,
    name,
    createTable: { ...table.createTable, TableName: name },
  });
  const tables = tablesOf(portico);
  await tables.put(name, await tables.items(table.name));
}

/** Deploys the host's stage with these settings: `restoredTable`, `tokensFrom`. */
export async function deployWith(portico: Portico, settings: Readonly<Record<string, string>>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "portico-restored-"));
  const stageFile = join(folder, "stage.ts");
  const { restoredTable } = settings;
  const { region, accountId } = portico.host.model;
  const stream = `arn:aws:dynamodb:${region}:${accountId}:table/${restoredTable ?? ""}/stream/2026-01-01T00:00:00.000`;
  const stage = { ...local, ...settings, ...(restoredTable !== undefined && { restoredStream: stream }) };
  await writeFile(stageFile, `export default ${JSON.stringify(stage)};`);
  try {
    const outDir = join(folder, "assembly");
    const { exitCode, errors } = await synthesize(outDir, { stageFile, built: "true" }, { validate: false });
    if (exitCode !== 0) throw new Error(errors);
    hashPasswordsQuickly(outDir);
    await portico.replace(outDir);
  } finally {
    restoredFolders.push(folder);
  }
}

/** Functions load their code from the assembly as long as the host runs. */
const restoredFolders: string[] = [];

export async function removeDeployments(): Promise<void> {
  await Promise.all(restoredFolders.splice(0).map((folder) => rm(folder, { recursive: true, force: true })));
}
