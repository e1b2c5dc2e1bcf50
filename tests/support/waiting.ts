import { setTimeout as pause } from "node:timers/promises";

const attempts = 200;
const pauseMs = 50;

/**
 * Reads until the value passes.
 *
 * @throws Error after 200 readings
 */
export async function eventually<Value>(read: () => Promise<Value>, passes: (value: Value) => boolean): Promise<Value> {
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const value = await read();
    if (passes(value)) return value;
    await pause(pauseMs);
  }
  throw new Error(`the expected value did not appear in ${attempts} reads`);
}
