/** An error that is the operator's to solve: its message is one line that says what to do, and no stack is shown. */
export class LocalHostError extends Error {
  override readonly name = "LocalHostError";
}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
