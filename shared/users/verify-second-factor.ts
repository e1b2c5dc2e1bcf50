/** Verifies the codes of people's second factors, within a limit of their own. */
import { notFound, Problem } from "../domain/problems.ts";
import { limitAttempts } from "../identity/limit-attempts.ts";
import { secondFactorGuessLimit, type SecondFactor, type StoredSecondFactor } from "../identity/model.ts";
import { findSecondFactor, secondFactorWrite } from "../identity/second-factor-store.ts";
import { checkCode, type FactorOwner } from "../identity/second-factor.ts";
import type { Secrets } from "../runtime/secrets.ts";
import type { Table, Write } from "../runtime/table.ts";
import { loggingFailure, type SignInContext } from "./log-sign-in-failure.ts";

/** Whose code is verified, and what that takes. */
export interface FactorAccess {
  readonly table: Table;
  readonly secrets: Secrets;
  readonly userId: string;
}

/** A code that was right and must be kept as used. */
export interface UsedCode {
  readonly before: StoredSecondFactor;
  readonly next: SecondFactor;
  /** Uses the code up. Of parallel callers with one code, only one succeeds. */
  readonly use: Write;
  readonly by: "totp" | "recovery_code";
}

/** Apart from those at sign-in: only whoever knows the password can use them up. */
export const secondFactorAttempts = (userId: string) => ({ kind: "second-factor", name: userId });

/** The owner of a second factor with the key that opens it. */
export async function ownerOf({ secrets, userId }: Pick<FactorAccess, "secrets" | "userId">): Promise<FactorOwner> {
  return { userId, key: await secrets.read("secondFactorKey") };
}

/**
 * Checks a code of the app, or a recovery code.
 *
 * @throws Problem `second_factor_invalid` for a code that is wrong or was used before, `too_many_attempts`
 * @throws ConcurrencyConflict while other codes of the person are being checked
 */
export async function verifySecondFactor(
  access: FactorAccess,
  code: string,
  context: SignInContext,
): Promise<UsedCode> {
  const { table, userId } = access;
  const attempt = {
    ...secondFactorAttempts(userId),
    budget: { perName: secondFactorGuessLimit },
    now: context.now,
  };
  const accepted = await loggingFailure(
    { target: { targetId: userId }, reason: "second_factor_invalid" },
    context,
    async () => {
      const checked = await limitAttempts(table, attempt, {
        read: async () => await Promise.all([findSecondFactor(table, userId), ownerOf(access)]),
        check: ([stored, owner]) => checkStored(stored, owner, { code, now: context.now }),
      });
      return checked?.accepted;
    },
  );
  if (accepted !== undefined) return accepted;
  throw new Problem("second_factor_invalid", "The code is wrong, has expired or was used before.");
}

/** The confirmed second factor. @throws Problem `not_found` for a person without one */
export async function requireConfirmed({
  table,
  userId,
}: Pick<FactorAccess, "table" | "userId">): Promise<StoredSecondFactor> {
  const factor = await findSecondFactor(table, userId);
  if (factor?.confirmedAt === undefined) throw notFound();
  return factor;
}

/** @returns undefined for a wrong code. A used one is no guess, so it must not use the owner's attempts up */
function checkStored(
  before: StoredSecondFactor | undefined,
  owner: FactorOwner,
  { code, now }: { readonly code: string; readonly now: Date },
): { readonly accepted?: UsedCode } | undefined {
  if (before === undefined) return undefined;
  const verdict = checkCode(before, code, owner, now);
  if (verdict.kind === "wrong") return undefined;
  if (verdict.kind === "used") return {};
  const { next, by } = verdict;
  return { accepted: { before, next, by, use: secondFactorWrite(owner.userId, before, next) } };
}
