import { isNativeError } from "node:util/types";

/** An error that the developer can solve: its message is one line that says what to do, and no stack is shown. */
export class LocalHostError extends Error {
  override readonly name = "LocalHostError";
}

/** The message of any thrown value. */
export function messageOf(error: unknown): string {
  return isNativeError(error) ? error.message : String(error);
}
