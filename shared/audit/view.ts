/** The audit trail as administrators see it. */
import type { AuditRecord } from "../contract/audit-record.ts";
import type { AuditRecordView } from "./contract.ts";

export function viewRecord({
  id,
  at,
  operation,
  requestId,
  actor,
  network,
  target,
  before,
  after,
}: AuditRecord): AuditRecordView {
  const { kind, id: actorId, role, tokenId, methods } = actor;
  const shownActor = { kind, id: actorId, role, tokenId, methods: [...methods] };
  return { id, at, operation, requestId, actor: shownActor, network, target, before, after };
}
