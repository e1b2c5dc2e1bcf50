import { requireLivePartner } from "../../shared/contract/principal.ts";
import { notFound } from "../../shared/domain/problems.ts";
import { serve } from "../../shared/http/serve.ts";
import { findPartner } from "../../shared/partners/store.ts";
import { operations } from "../../shared/sandbox/contract.ts";
import { findSandboxId, findTestClock } from "../../shared/sandbox/store.ts";
import { viewSandbox } from "../../shared/sandbox/view.ts";

export const handler = serve(operations.read, async ({ principal, table }) => {
  requireLivePartner(principal);
  const id = await findSandboxId(table, principal.id);
  const [sandbox, testClock] = await Promise.all([findPartner(table, id), findTestClock(table, id)]);
  // One whose deletion was interrupted is no sandbox any more, whichever of its items is left.
  if (sandbox === undefined || testClock === undefined) throw notFound();
  return { body: viewSandbox(sandbox, testClock) };
});
