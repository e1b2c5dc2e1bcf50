/** Functions that serve no operation. They are declared like operations, and the same construct makes them and their roles. */
import type { SecretName } from "../../shared/runtime/environment.ts";
import type { AnyOperation } from "../../shared/contract/operation.ts";
import { identityPartitions, principalAttributes } from "../../shared/identity/keys.ts";
import { userPartitions } from "../../shared/users/keys.ts";

/** What a function needs. Every operation is such a declaration. */
export type FunctionDeclaration = Pick<
  AnyOperation,
  "table" | "secrets" | "memoryMegabytes" | "timeoutSeconds" | "reservedConcurrency"
> & {
  readonly id: string;
  /** Rights on secrets beyond reading the ones in `secrets`. */
  readonly secretActions?: Partial<Readonly<Record<SecretName, readonly SecretAction[]>>>;
};

/** Actions of Secrets Manager beyond reading the value. */
export type SecretAction = "DescribeSecret" | "PutSecretValue" | "UpdateSecretVersionStage";

/** Runs before every protected operation. It reads public keys and the principal's token version, and no secret. */
export const authorizerFunction: FunctionDeclaration = {
  id: "authorizer",
  table: [{ actions: ["GetItem"], leadingKeys: [identityPartitions.principals, identityPartitions.signingKeys] }],
};

/** Runs at every deployment: creates missing signing keys and updates the root user from its secret. */
export const bootstrapFunction: FunctionDeclaration = {
  id: "bootstrap",
  table: [
    { actions: ["GetItem", "PutItem"], leadingKeys: [userPartitions.usernames] },
    {
      actions: ["PutItem"],
      leadingKeys: [identityPartitions.signingKeys, userPartitions.users, userPartitions.userPlaces],
    },
    {
      actions: ["PutItem", "UpdateItem"],
      leadingKeys: [identityPartitions.principals],
      attributes: principalAttributes.endingSessions,
    },
    { actions: ["GetItem", "PutItem", "UpdateItem"], leadingKeys: [identityPartitions.credentials] },
    { actions: ["DeleteItem"], leadingKeys: [identityPartitions.attempts] },
  ],
  secrets: ["rootSignIn", "signingKeys"],
  secretActions: { signingKeys: ["PutSecretValue"] },
  memoryMegabytes: 512,
  timeoutSeconds: 29,
};

/** Secrets Manager calls it once per rotation step: it publishes the next signing key, then activates it. */
export const rotationFunction: FunctionDeclaration = {
  id: "rotation",
  table: [{ actions: ["GetItem", "PutItem"], leadingKeys: [identityPartitions.signingKeys] }],
  secrets: ["signingKeys"],
  secretActions: { signingKeys: ["DescribeSecret", "PutSecretValue", "UpdateSecretVersionStage"] },
  timeoutSeconds: 29,
};

/** Every function that serves no operation. */
export const systemFunctions: readonly FunctionDeclaration[] = [
  authorizerFunction,
  bootstrapFunction,
  rotationFunction,
];
