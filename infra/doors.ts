/** The doors that serve no operation, declared the way operations are: the same construct makes their functions and roles. */
import type { SecretName } from "../shared/api/environment.ts";
import type { AnyOperation } from "../shared/api/operation.ts";
import { tableKeys } from "../shared/table/keys.ts";

/** What a function needs, whoever calls it. An operation is one. */
export type DoorDeclaration = Pick<AnyOperation, "table" | "secrets" | "memoryMegabytes" | "timeoutSeconds"> & {
  readonly id: string;
  /** Secrets whose value the function may replace. */
  readonly writableSecrets?: readonly SecretName[];
};

/** Runs before every protected operation: public keys and the principal's token version, no secret. */
export const authorizerDoor: DoorDeclaration = {
  id: "authorizer",
  table: [{ actions: ["GetItem"], leadingKeys: [tableKeys.principals, tableKeys.signingKeys] }],
};

/** Runs at every deployment: creates the signing keys and the root user where they are missing, or lets root in again. */
export const bootstrapDoor: DoorDeclaration = {
  id: "bootstrap",
  table: [
    { actions: ["GetItem", "PutItem"], leadingKeys: [tableKeys.usernames] },
    { actions: ["PutItem"], leadingKeys: [tableKeys.signingKeys, tableKeys.users] },
    { actions: ["PutItem", "UpdateItem"], leadingKeys: [tableKeys.principals] },
    { actions: ["GetItem", "PutItem", "UpdateItem"], leadingKeys: [tableKeys.credentials] },
  ],
  secrets: ["rootSignIn", "signingKeys"],
  writableSecrets: ["signingKeys"],
  memoryMegabytes: 512,
  timeoutSeconds: 29,
};
