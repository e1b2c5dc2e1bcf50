import { serve } from "../../shared/http/serve.ts";
import { endAllSessions } from "../../shared/identity/session-store.ts";
import { operations } from "../../shared/users/sign-in-contract.ts";

export const handler = serve(operations.logout, async ({ principal }) => ({ change: [endAllSessions(principal.id)] }));
