import { refuseAccess, refuseRequiredAction } from "../../contract/principal.ts";
import type { Middleware } from "../request-context.ts";

/** Refuses a caller without the declared rights, or with a required action, before its body is read. */
export function rights(): Middleware {
  return {
    before: ({ event: { context } }) => {
      const { operation, principal } = context;
      const refusal = refuseAccess(operation.access, principal) ?? refuseRequiredAction(operation, principal);
      if (refusal !== undefined) throw refusal;
    },
  };
}
