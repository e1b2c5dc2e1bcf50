/** An operator invokes this with `npm run migrate`: it brings older items up to date, a part of them at a time. */
import type { Context } from "aws-lambda";
import { ConcurrencyConflict } from "../shared/domain/conflict.ts";
import { migrationEvent, type MigrationAnswer } from "../shared/migrations/contract.ts";
import { beginMigration, continueMigration } from "../shared/migrations/run-migration.ts";
import { findSegments } from "../shared/migrations/store.ts";
import { readEnvironment } from "../shared/runtime/environment.ts";
import { log } from "../shared/runtime/log.ts";
import { logError } from "../shared/runtime/log-error.ts";
import { createTableClient, Table } from "../shared/runtime/table.ts";

const environment = readEnvironment(process.env);
const client = createTableClient();
const operation = "migration";

/** Time for the last step and its checkpoint. */
const reserveMs = 10_000;

/** @throws Error where the run cannot go on; what it did before is kept */
export async function handler(event: unknown, context: Context): Promise<MigrationAnswer> {
  const requestId = context.awsRequestId;
  const end = Date.now() + context.getRemainingTimeInMillis();
  const table = new Table(client, environment.TABLE_NAME, end - 1000);
  const parsed = migrationEvent.safeParse(event);
  if (!parsed.success) throw new Error("the event is not one that `npm run migrate` sends");
  const { migration } = parsed.data;
  try {
    await obey(table, parsed.data, end - reserveMs);
    const segments = await findSegments(table, migration);
    log("info", "migration_continued", { requestId, operation, reason: `${migration}: ${progressOf(segments)}` });
    return { segments };
  } catch (error) {
    // Another run did the same work meanwhile.
    if (error instanceof ConcurrencyConflict) return { segments: await findSegments(table, migration) };
    logError(error, { requestId, operation });
    throw error;
  }
}

async function obey(table: Table, event: ReturnType<typeof migrationEvent.parse>, until: number): Promise<void> {
  const now = (): Date => new Date();
  const { action, migration } = event;
  if (action === "begin") await beginMigration(table, migration, now());
  if (action !== "continue") return;
  const { segment, maxEntries } = event;
  await continueMigration(table, migration, segment, { maxEntries, until, now });
}

function progressOf(segments: MigrationAnswer["segments"]): string {
  return `${segments.filter(({ done }) => done).length} of ${segments.length} segments`;
}
