import { changeEntry } from "../../shared/contract/audit-record.ts";
import { authorOf } from "../../shared/contract/author.ts";
import { requireSelf } from "../../shared/contract/principal.ts";
import { requireMatch } from "../../shared/domain/etag.ts";
import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/partners/contract.ts";
import { stopCreations } from "../../shared/partners/lock-creations.ts";
import {
  auditedPartner,
  changePartner,
  refuseOwnChange,
  refuseSandboxChange,
  suspends,
} from "../../shared/partners/rules.ts";
import {
  findFollower,
  followingChange,
  partnerChange,
  readPartner,
  requireFreeEmail,
} from "../../shared/partners/store.ts";
import { viewPartner } from "../../shared/partners/view.ts";
import { defaultLimitsOf } from "../../shared/runtime/environment.ts";

const auditedFields = [
  "name",
  "websiteUrl",
  "status",
  "tokenPolicy",
  "dpopBoundAccessTokens",
  "expiryNotice",
  "requestsPerSecond",
  "burst",
  "requestsPerMonth",
] as const;

export const handler = serve(operations.change, async (request) => {
  const { principal, path, body, ifMatch, now, table, environment } = request;
  const before = await readPartner(table, requireSelf(principal, path.partnerId));
  const refusal = principal.kind === "partner" ? refuseOwnChange(before, body) : refuseSandboxChange(before, body);
  if (refusal !== undefined) throw refusal;
  requireMatch(ifMatch, before.revision);
  const after = changePartner(before, body, now);
  const author = authorOf(request, before.id);
  const sandbox = await findFollower(table, before, after);
  if (suspends(before, after)) {
    await requireFreeEmail(table, after);
    await stopCreations(table, [before, sandbox], now);
  }
  return {
    body: viewPartner(after, defaultLimitsOf(environment)),
    change: [...partnerChange(author, before, after), ...followingChange(author, sandbox, after)],
    audit: changeEntry({ before: auditedPartner(before), after: auditedPartner(after) }, auditedFields, ["email"]),
  };
});
