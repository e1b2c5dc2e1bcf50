import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/subscriptions/contract.ts";
import { timeOfCaller } from "../../shared/subscriptions/partner-time.ts";
import { readSubscription } from "../../shared/subscriptions/store.ts";
import { viewSubscription } from "../../shared/subscriptions/view.ts";

export const handler = serve(operations.read, async ({ path, principal, now, table }) => ({
  body: viewSubscription(
    await readSubscription(table, principal.id, path.externalUserId),
    timeOfCaller({ principal, now }),
  ),
}));
