import { refuseAccess } from "../../contract/principal.ts";
import type { Middleware } from "../request-context.ts";

/** Refuses a caller without the declared rights, before its body is read. */
export function rights(): Middleware {
  return {
    before: ({ event: { context } }) => {
      const refusal = refuseAccess(context.operation.access, context.principal);
      if (refusal !== undefined) throw refusal;
    },
  };
}
