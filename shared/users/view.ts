/** Users and credit movements as callers see them. */
import { etagOf } from "../domain/etag.ts";
import type { Session } from "../identity/model.ts";
import { expiryOf } from "../identity/sessions.ts";
import type { CreditMovementView, SessionView, UserView } from "./contract.ts";
import type { CreditMovement, StoredUser } from "./model.ts";

export function viewUser(user: StoredUser): UserView {
  const { id, username, name, role, status, credit, birthDate, sex, createdAt, updatedAt, revision } = user;
  return { id, username, name, role, status, credit, birthDate, sex, createdAt, updatedAt, etag: etagOf(revision) };
}

/** @param maxAgeSeconds by the user's role @param currentId the session of the caller */
export function viewSession(session: Session, maxAgeSeconds: number, currentId: string): SessionView {
  const { sessionId, signInMethod, clientId, createdAt, issuedAt } = session;
  return {
    id: sessionId,
    signInMethod,
    clientId,
    createdAt,
    lastUsedAt: issuedAt,
    expiresAt: expiryOf(session, maxAgeSeconds).toISOString(),
    current: sessionId === currentId,
  };
}

export function viewMovement(movement: CreditMovement): CreditMovementView {
  const { id, amount, balance, reason, redemptionId, at } = movement;
  return { id, amount, balance, reason, redemptionId, at };
}
