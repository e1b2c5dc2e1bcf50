import { serve } from "../../shared/http/serve.ts";
import { testClockOperations } from "../../shared/sandbox/contract.ts";
import { readTestClock, requireSandbox } from "../../shared/sandbox/store.ts";
import { viewTestClock } from "../../shared/sandbox/view.ts";

export const handler = serve(testClockOperations.read, async ({ principal, table }) => {
  requireSandbox(principal);
  return { body: viewTestClock(await readTestClock(table, principal.id)) };
});
