import { requireSession } from "../../shared/contract/principal.ts";
import { notFound, orThrow, Problem } from "../../shared/domain/problems.ts";
import { serve } from "../../shared/http/serve.ts";
import { withSecondFactor } from "../../shared/identity/model.ts";
import { findSecondFactor, secondFactorWrite } from "../../shared/identity/second-factor-store.ts";
import { renewRecoveryCodes, showRecoveryCode } from "../../shared/identity/second-factor.ts";
import { endAllSessions, requireAlive, sessionProof } from "../../shared/identity/session-store.ts";
import { operations } from "../../shared/users/contract.ts";
import { ownerOf, verifySecondFactor } from "../../shared/users/verify-second-factor.ts";

export const handler = serve(operations.confirmSecondFactor, async (request) => {
  const { body, principal, table, secrets, now } = request;
  const access = { table, secrets, userId: principal.id };
  const session = await requireAlive(table, principal.id, requireSession(principal));
  const { confirmedAt } = orThrow((await findSecondFactor(table, principal.id)) ?? notFound());
  if (confirmedAt !== undefined) throw new Problem("second_factor_exists", "The second factor is confirmed already.");
  const { before, next } = await verifySecondFactor(access, body.code, request);
  const { codes, factor } = renewRecoveryCodes({ ...next, confirmedAt: now.toISOString() }, await ownerOf(access));
  return {
    body: { recoveryCodes: codes.map(showRecoveryCode) },
    change: [
      secondFactorWrite(principal.id, before, factor),
      endAllSessions(principal.id, session, { set: "secondFactor" }),
      sessionProof({ userId: principal.id, sessionId: session.sessionId }, withSecondFactor),
    ],
    audit: { target: principal.id, before: { secondFactor: false }, after: { secondFactor: true } },
    securityEvents: [{ event: "second_factor_changed", principalId: principal.id }],
  };
});
