import { stopsWhenReadOnly } from "../../contract/operation.ts";
import { readOnly } from "../../domain/problems.ts";
import { isReadOnly } from "../../runtime/write-stop.ts";
import type { Middleware } from "../request-context.ts";

/** Refuses operations that write while the stage is read-only, before their body is read. */
export function writeStop(): Middleware {
  return {
    before: ({ event }) => {
      const { context } = event;
      context.readOnly = isReadOnly(event);
      if (context.readOnly && stopsWhenReadOnly(context.operation)) throw readOnly();
    },
  };
}
