import { notFound, orThrow } from "../../shared/domain/problems.ts";
import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/events/contract.ts";
import { findEvent } from "../../shared/events/store.ts";
import { viewEvent } from "../../shared/events/view.ts";

export const handler = serve(operations.read, async ({ path, principal, now, table }) => ({
  body: viewEvent(orThrow((await findEvent(table, principal.id, path.eventId, now)) ?? notFound())),
}));
