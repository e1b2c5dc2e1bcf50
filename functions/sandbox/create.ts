import { authorOf } from "../../shared/contract/author.ts";
import { requireLivePartner } from "../../shared/contract/principal.ts";
import { orThrow } from "../../shared/domain/problems.ts";
import { serve } from "../../shared/http/serve.ts";
import { issueClientSecret } from "../../shared/partners/issue-client-secret.ts";
import { readPartner } from "../../shared/partners/store.ts";
import { operations } from "../../shared/sandbox/contract.ts";
import { startSandbox } from "../../shared/sandbox/rules.ts";
import { sandboxStart } from "../../shared/sandbox/store.ts";
import { viewSandbox } from "../../shared/sandbox/view.ts";

export const handler = serve(operations.create, async (request) => {
  const { principal, body, now, table, secrets } = request;
  requireLivePartner(principal);
  const before = await readPartner(table, principal.id);
  const { live, sandbox } = orThrow(startSandbox(before, now));
  const { clientSecret, secretHash } = await issueClientSecret(secrets, undefined);
  const time = (body.time ?? now).toISOString();
  const testClock = { time, announcedTo: time };
  const credential = { secretHash, issuedAt: now.toISOString() };
  return {
    body: { ...viewSandbox(sandbox, testClock), clientSecret },
    location: "/v1/sandbox",
    change: sandboxStart(authorOf(request), { before, live, sandbox }, { credential, testClock }),
    audit: { target: sandbox.id, before: null, after: { sandboxOf: live.id, time } },
  };
});
