/** What was read has changed meanwhile: read again, decide again. `serve` does that within the time of the invocation. */
export class ConcurrencyConflict extends Error {
  override readonly name = "ConcurrencyConflict";
}
