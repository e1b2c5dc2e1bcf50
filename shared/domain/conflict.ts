/** What was read has changed meanwhile: read again, decide again. `serve` does that within the time of the invocation. */
export class Stale extends Error {
  override readonly name = "Stale";
}
