/** Waiting, as pollers do: for a signal or some time, and no longer than the host runs. */
import { setTimeout as delay } from "node:timers/promises";

/** Wakes one waiting poller. A signal that comes while nobody waits is not lost. */
export class Signal {
  #isSet = false;
  #wake: (() => void) | undefined;

  wake(): void {
    this.#isSet = true;
    this.#wake?.();
  }

  /** @param milliseconds the longest wait; undefined waits for the signal alone */
  async wait(milliseconds: number | undefined): Promise<void> {
    if (!this.#isSet) {
      await new Promise<void>((resolve) => {
        const timer = milliseconds === undefined ? undefined : setTimeout(resolve, milliseconds);
        timer?.unref();
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.#wake = undefined;
    this.#isSet = false;
  }
}

/** Waits. @throws AbortError when the signal aborts */
export async function pauseUntil(signal: AbortSignal, milliseconds: number): Promise<void> {
  await delay(milliseconds, undefined, { ref: false, signal });
}
