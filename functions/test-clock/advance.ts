import { serve } from "../../shared/http/serve.ts";
import { announceDue, moveClock } from "../../shared/sandbox/advance-clock.ts";
import { testClockOperations } from "../../shared/sandbox/contract.ts";
import { announcementsDone, readTestClock, requireSandbox } from "../../shared/sandbox/store.ts";
import { viewTestClock } from "../../shared/sandbox/view.ts";

export const handler = serve(testClockOperations.advance, {
  // Once: what is decided again after a conflict must not move the clock again.
  prepare: async ({ principal, body, table, header, auditing }) => {
    requireSandbox(principal);
    await moveClock(table, principal.id, { request: body, idempotencyKey: header("idempotency-key"), auditing });
  },
  decide: async ({ principal, table }) => {
    const clock = await readTestClock(table, principal.id);
    const isDone = await announceDue(table, principal.id, { clock, now: () => new Date() });
    if (!isDone) return { body: viewTestClock(clock) };
    return {
      body: viewTestClock({ ...clock, announcedTo: clock.time }),
      change: announcementsDone(principal.id, clock),
      audit: "committed",
    };
  },
});
