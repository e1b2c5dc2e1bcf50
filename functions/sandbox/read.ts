import { requireLivePartner } from "../../shared/contract/principal.ts";
import { serve } from "../../shared/http/serve.ts";
import { readPartner } from "../../shared/partners/store.ts";
import { operations } from "../../shared/sandbox/contract.ts";
import { findSandboxId, readTestClock } from "../../shared/sandbox/store.ts";
import { viewSandbox } from "../../shared/sandbox/view.ts";

export const handler = serve(operations.read, async ({ principal, table }) => {
  requireLivePartner(principal);
  const id = await findSandboxId(table, principal.id);
  const [sandbox, testClock] = await Promise.all([readPartner(table, id), readTestClock(table, id)]);
  return { body: viewSandbox(sandbox, testClock) };
});
