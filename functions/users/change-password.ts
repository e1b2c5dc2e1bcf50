import { requireSession } from "../../shared/contract/principal.ts";
import { invalid, orThrow, Problem } from "../../shared/domain/problems.ts";
import { serve } from "../../shared/http/serve.ts";
import { passwordLinkRemoval } from "../../shared/identity/password-link-store.ts";
import { hashPassword } from "../../shared/identity/passwords.ts";
import { endAllSessions, requireAlive } from "../../shared/identity/session-store.ts";
import { passwordReplacement } from "../../shared/identity/store.ts";
import { operations } from "../../shared/users/contract.ts";
import { choosePassword, isSamePassword } from "../../shared/users/rules.ts";
import { confirmPassword } from "../../shared/users/sign-in-user.ts";
import { readUser } from "../../shared/users/store.ts";

export const handler = serve(operations.changePassword, async (request) => {
  const { body, principal, table } = request;
  const password = orThrow(choosePassword(body.newPassword));
  const session = await requireAlive(table, principal.id, requireSession(principal));
  if (session.state.passwordIsOneTime === true && isSamePassword(body)) {
    throw invalid({ pointer: "/newPassword", detail: "must differ from the password that an administrator chose" });
  }
  const user = await readUser(table, principal.id);
  const proven = await confirmPassword(table, user, body.currentPassword, request);
  if (proven === undefined) throw new Problem("credentials_invalid", "The current password is wrong.");
  const replacement = passwordReplacement(user.id, await hashPassword(password), proven);
  const ended = endAllSessions(user.id, session, { remove: "passwordIsOneTime" });
  return {
    change: [replacement, ended, passwordLinkRemoval(user.id)],
    audit: { target: user.id, before: null, after: null },
  };
});
