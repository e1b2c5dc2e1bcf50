/** The key of the checkpoint that the check of the ledger keeps. */
import type { Key } from "../runtime/key.ts";
import type { Checkpoint } from "./model.ts";

/** Partition keys as roles are granted them. */
export const ledgerPartitions = { checkpoint: "LEDGER-CHECK" } as const;

export const ledgerKey = {
  checkpoint: (): Key<Checkpoint> => ({ pk: "LEDGER-CHECK", sk: "LEDGER-CHECK" }),
} as const;
