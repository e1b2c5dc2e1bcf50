import { orThrow } from "../../shared/domain/problems.ts";
import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/threads/contract.ts";
import { begin } from "../../shared/threads/rules.ts";
import { findCandidates, threadCreation } from "../../shared/threads/store.ts";
import { viewThread } from "../../shared/threads/view.ts";

export const handler = serve(operations.create, async ({ body, principal, now, table }) => {
  const { named, users } = await findCandidates(table, principal.id, body.participants);
  const thread = orThrow(begin(users.get(principal.id), named, now));
  return {
    body: viewThread({ thread, last: undefined }, users),
    location: `/v1/threads/${thread.id}`,
    change: threadCreation(thread),
  };
});
