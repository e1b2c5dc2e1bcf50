/** Users and credit movements as callers see them. */
import { etagOf } from "../domain/etag.ts";
import type { SecondFactor, Session } from "../identity/model.ts";
import { expiryOf } from "../identity/sessions.ts";
import type { CreditMovementView, LedgerMovementView, SelfView, SessionView } from "./contract.ts";
import type { UserView } from "./schemas.ts";
import type { CreditMovement, StoredUser } from "./model.ts";

export function viewUser(user: StoredUser): UserView {
  const { id, username, name, role, status, credit, birthDate, sex, createdAt, updatedAt, revision } = user;
  return { id, username, name, role, status, credit, birthDate, sex, createdAt, updatedAt, etag: etagOf(revision) };
}

/** @param maxAgeSeconds by the user's role @param currentId the session of the caller */
export function viewSession(session: Session, maxAgeSeconds: number, currentId: string): SessionView {
  const { sessionId, signInMethod = "password", clientId, createdAt, issuedAt } = session;
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

/** The user as it sees itself. @param factor which counts from its confirmation */
export function viewSelf(user: StoredUser, factor: SecondFactor | undefined): SelfView {
  const { confirmedAt, recoveryHashes } = factor ?? { recoveryHashes: [] };
  const secondFactor = confirmedAt === undefined ? null : { confirmedAt, recoveryCodesLeft: recoveryHashes.length };
  return { ...viewUser(user), secondFactor };
}

export function viewMovement(movement: CreditMovement): CreditMovementView {
  const { id, amount, balance, reason, redemptionId, at } = movement;
  return { id, amount, balance, reason, redemptionId, at };
}

/** A movement as administrators see it. */
export function viewLedgerMovement(movement: CreditMovement): LedgerMovementView {
  return { ...viewMovement(movement), by: movement.by ?? null };
}
