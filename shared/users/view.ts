/** Users and credit movements as callers see them. */
import { etagOf } from "../domain/etag.ts";
import type { CreditMovementView, UserView } from "./contract.ts";
import type { CreditMovement, StoredUser } from "./model.ts";

export function viewUser(user: StoredUser): UserView {
  const { id, username, name, role, status, credit, birthDate, sex, createdAt, updatedAt, revision } = user;
  return { id, username, name, role, status, credit, birthDate, sex, createdAt, updatedAt, etag: etagOf(revision) };
}

export function viewMovement(movement: CreditMovement): CreditMovementView {
  const { id, amount, balance, reason, redemptionId, at } = movement;
  return { id, amount, balance, reason, redemptionId, at };
}
