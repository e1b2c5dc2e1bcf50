/** The migration `event-count`: the counts of subscriptions have the events that the stream has not brought. */
import { eventKey } from "../events/keys.ts";
import type { Table } from "../runtime/table.ts";
import { countEvents } from "../usage/count-events.ts";
import { countedTypes } from "../usage/model.ts";
import type { Count } from "./model.ts";

const pageLength = 500;

/** Counts each event of a partner that is kept and was not counted: from before the function, or given up by it. */
export async function addEventCounts(table: Table, partnerId: string): Promise<Count> {
  let read = 0;
  let changed = 0;
  for (const partition of eventKey.shards(partnerId)) {
    let after: string | undefined;
    do {
      const page = await table.query({ partition, after, limit: pageLength });
      const uncounted = page.items.filter(
        ({ type, counted }) => counted !== true && countedTypes.some((one) => one === type),
      );
      changed += await countEvents(
        table,
        uncounted.map((event) => ({ partnerId, event })),
      );
      read += page.items.length;
      after = page.lastKey;
    } while (after !== undefined);
  }
  return { read, changed };
}
