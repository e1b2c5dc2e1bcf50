/** Adds calls to the counts of a partner. */
import type { Table } from "../runtime/table.ts";
import type { CountedCalls } from "./call-counts.ts";
import { callsAddition } from "./store.ts";

/** @throws Problem `unavailable`. An answer that was lost may count the calls twice. */
export async function addCalls(table: Table, partnerId: string, { day, counts }: CountedCalls): Promise<void> {
  await table.update(callsAddition(partnerId, day, counts));
}
