/**
 * Optimistic-concurrency conflict: the data changed since it was read. `serve` retries the operation within the time of the
 * invocation.
 */
export class ConcurrencyConflict extends Error {
  override readonly name = "ConcurrencyConflict";
}
