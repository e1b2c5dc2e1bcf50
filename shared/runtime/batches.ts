/** Batches of a service that may accept only a part of one. */
import { isTransient, retrying, type Deadline } from "./retry.ts";

/** Maximum number of entries in a batch of SQS, and of EventBridge. */
const maxBatch = 10;

/** A service accepted only a part of a batch. */
class PartlyAccepted extends Error {
  override readonly name = "PartlyAccepted";
}

/**
 * Sends entries in batches, one after the other, and again those that were not accepted. A lost answer sends some of them twice.
 *
 * @param deadline no attempt begins after it, none lasts longer
 * @param send sends a batch, and returns the entries that the service did not accept
 * @throws Problem `unavailable`; some may have been sent by then
 */
export async function sendInBatches<Entry>(
  entries: readonly Entry[],
  deadline: Deadline,
  send: (batch: readonly Entry[], abortSignal: AbortSignal) => Promise<readonly Entry[]>,
): Promise<void> {
  const shouldRetry = (error: unknown) => error instanceof PartlyAccepted || isTransient(error);
  for (let first = 0; first < entries.length; first += maxBatch) {
    let left = entries.slice(first, first + maxBatch);
    await retrying(deadline, shouldRetry, async (abortSignal) => {
      left = [...(await send(left, abortSignal))];
      if (left.length > 0) throw new PartlyAccepted();
    });
  }
}
