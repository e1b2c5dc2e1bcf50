import { refuseAccess } from "../../contract/principal.ts";
import type { Middleware } from "../request-context.ts";

/** Refuses a caller without the declared rights, before a byte of its body is looked at. */
export function rights(): Middleware {
  return {
    before: ({ event: { call } }) => {
      const refusal = refuseAccess(call.operation.access, call.principal);
      if (refusal !== undefined) throw refusal;
    },
  };
}
