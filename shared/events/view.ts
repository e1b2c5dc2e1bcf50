/** Events as their partner sees them. */
import type { EventView } from "./contract.ts";
import type { StoredEvent } from "./model.ts";

export function viewEvent({ id, type, createdAt, request, data }: StoredEvent): EventView {
  return { id, type, createdAt, request: request && { id: request.id, idempotencyKey: request.idempotencyKey }, data };
}
