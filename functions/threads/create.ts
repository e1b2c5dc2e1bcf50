import { orThrow } from "../../shared/domain/problems.ts";
import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/threads/contract.ts";
import { begin } from "../../shared/threads/rules.ts";
import { findCandidates, threadCreation, viewThread } from "../../shared/threads/store.ts";

export const handler = serve(operations.create, async ({ body, principal, now, table }) => {
  const { named, people } = await findCandidates(table, principal.id, body.participants);
  const thread = orThrow(begin(people.get(principal.id), named, now));
  return {
    body: viewThread({ thread, last: undefined }, people),
    location: `/v1/threads/${thread.id}`,
    change: threadCreation(thread),
  };
});
