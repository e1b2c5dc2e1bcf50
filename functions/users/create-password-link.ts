import { requireRole } from "../../shared/contract/principal.ts";
import { orThrow } from "../../shared/domain/problems.ts";
import { serve } from "../../shared/http/serve.ts";
import { passwordLinkReplacement } from "../../shared/identity/password-link-store.ts";
import { operations } from "../../shared/users/contract.ts";
import { issuePasswordLink } from "../../shared/users/password-link.ts";
import { linkPassword } from "../../shared/users/rules.ts";
import { readUser } from "../../shared/users/store.ts";

export const handler = serve(operations.createPasswordLink, async (request) => {
  const { path, principal, environment, now, table, secrets } = request;
  const user = orThrow(linkPassword(await readUser(table, path.userId), requireRole(principal)));
  const { token, link } = await issuePasswordLink(user, secrets, now);
  return {
    // A fragment reaches neither a server nor its logs.
    body: { url: `${environment.PUBLIC_URL}/console#/password/${token}`, token, expiresAt: link.expiresAt },
    change: [passwordLinkReplacement(user.id, link)],
    audit: { target: user.id, before: null, after: { linkExpiresAt: link.expiresAt } },
    securityEvents: [{ event: "password_link_created", principalId: user.id }],
  };
});
