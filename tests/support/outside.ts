/** What is loaded once per process, outside the modules of the test files: each of these would load the SDK and all contracts anew. */
import type * as Conformance from "./conformance.ts";
import type { Hosts } from "./hosts.ts";
import type * as Planting from "./planting.ts";

/** The hosts of this process, from Jest's environment or from `without-jest.ts`. */
export const { hosts } = globalThis as unknown as { readonly hosts: Hosts };

/** Compares answers with their declarations. */
export async function conformance(): Promise<typeof Conformance> {
  return await hosts.conformance();
}

/** Reads and writes tables. */
export async function planting(): Promise<typeof Planting> {
  return await hosts.planting();
}
