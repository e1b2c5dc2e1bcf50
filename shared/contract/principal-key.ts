/** The key of a principal's state. It stands here because serving an operation may check the caller's state. */
import type { Key } from "../runtime/key.ts";

/** The partitions of the states of all principals, as a role may be granted them. */
export const principalPartitions = "PRINCIPAL#*";

export function principalStateKey<State>(principalId: string): Key<State> {
  return { pk: `PRINCIPAL#${principalId}`, sk: "PRINCIPAL" };
}
