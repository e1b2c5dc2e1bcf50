/** Lambda runs this with the new events of subscriptions: it adds them to the counts that `GET /v1/usage` shows. */
import { ownedEventOf } from "../shared/events/owned-event.ts";
import { readEnvironment } from "../shared/runtime/environment.ts";
import { streamHandler } from "../shared/runtime/stream.ts";
import { createTableClient, Table } from "../shared/runtime/table.ts";
import { countEvents } from "../shared/usage/count-events.ts";

const { TABLE_NAME } = readEnvironment(process.env);
const client = createTableClient();

/** Events that were counted by a failed run are marked, so the whole batch may come again. */
export const handler = streamHandler({
  operation: "usage-count",
  entryOf: ownedEventOf,
  work: (events, deadline) => countEvents(new Table(client, TABLE_NAME, deadline), events),
  done: { code: "events_counted", things: "events" },
});
