/** An error that the developer can solve: its message is one line that says what to do, and no stack is shown. */
export class LocalHostError extends Error {
  override readonly name = "LocalHostError";
}

/** The message of any thrown value. An error of another realm, such as Jest's, is no instance of this one's `Error`. */
export function messageOf(error: unknown): string {
  const { message } = Object(error) as { readonly message?: unknown };
  return typeof message === "string" ? message : String(error);
}
