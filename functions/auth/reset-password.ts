import { loggedNetworkOf } from "../../shared/domain/network.ts";
import { orThrow } from "../../shared/domain/problems.ts";
import { serve } from "../../shared/http/serve.ts";
import { passwordLinkUse } from "../../shared/identity/password-link-store.ts";
import { hashPassword } from "../../shared/identity/passwords.ts";
import { endAllSessions } from "../../shared/identity/session-store.ts";
import { passwordReplacement } from "../../shared/identity/store.ts";
import { operations } from "../../shared/users/sign-in-contract.ts";
import { openPasswordLink } from "../../shared/users/password-link.ts";
import { choosePassword } from "../../shared/users/rules.ts";
import { forgetPasswordAttempts } from "../../shared/users/sign-in-user.ts";

export const handler = serve(operations.resetPassword, async (request) => {
  const { body, sourceIp } = request;
  const password = orThrow(choosePassword(body.newPassword));
  const { user, state, link } = await openPasswordLink(body.token, request, request);
  return {
    body: { username: user.username },
    change: [
      passwordLinkUse(user.id, link),
      passwordReplacement(user.id, await hashPassword(password)),
      endAllSessions(user.id, undefined, { remove: "passwordIsOneTime", decidedOn: state }),
      ...forgetPasswordAttempts(user),
    ],
    securityEvents: [{ event: "password_reset", principalId: user.id, network: loggedNetworkOf(sourceIp) }],
  };
});
