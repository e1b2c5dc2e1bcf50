import { orThrow } from "../../shared/domain/problems.ts";
import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/threads/contract.ts";
import { post } from "../../shared/threads/rules.ts";
import { messageCreation, readConversation } from "../../shared/threads/store.ts";
import { viewMessage } from "../../shared/threads/view.ts";
import { findUser } from "../../shared/users/store.ts";

export const handler = serve(operations.post, async ({ path, body, principal, now, table }) => {
  const [conversation, sender] = await Promise.all([
    readConversation(table, path.threadId, principal.id),
    findUser(table, principal.id),
  ]);
  const message = orThrow(post(conversation, sender, body.message, now));
  return {
    body: viewMessage(message, sender),
    location: `/v1/threads/${path.threadId}/messages?after=${message.sequence - 1}&limit=1`,
    change: messageCreation(conversation, message),
  };
});
