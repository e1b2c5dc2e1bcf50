/** Drives a migration: asks the function for one part after the other until every segment is done. */
import { setTimeout as delay } from "node:timers/promises";
import type { MigrationAnswer, MigrationEvent, MigrationName } from "../../shared/migrations/contract.ts";

/** Invokes the function `migration`, of a stage or of the local host. */
export type Invoke = (event: MigrationEvent) => Promise<MigrationAnswer>;

export interface RunOptions {
  /** The maximum number of entries of the list in one run. */
  readonly maxEntries: number;
  /** Pause between two runs: with the number of entries it bounds the rate. */
  readonly pauseMs: number;
  readonly print: (line: string) => void;
}

/** Begins a migration, or continues a round that was interrupted. @returns all segments, done */
export async function runMigration(
  invoke: Invoke,
  migration: MigrationName,
  { maxEntries, pauseMs, print }: RunOptions,
): Promise<MigrationAnswer> {
  let answer = await invoke({ action: "begin", migration });
  for (let next = openIn(answer); next !== undefined; next = openIn(answer)) {
    answer = await invoke({ action: "continue", migration, segment: next.number, maxEntries });
    print(describe(answer));
    await delay(pauseMs);
  }
  return answer;
}

/** The progress in one line. */
export function describe({ segments }: MigrationAnswer): string {
  if (segments.length === 0) return "not begun";
  const total = (count: "read" | "changed"): number => segments.reduce((sum, segment) => sum + segment[count], 0);
  const done = segments.filter((segment) => segment.done).length;
  return `${done} of ${segments.length} segments done, ${total("read")} items read, ${total("changed")} changed`;
}

function openIn({ segments }: MigrationAnswer): MigrationAnswer["segments"][number] | undefined {
  return segments.find(({ done }) => !done);
}
