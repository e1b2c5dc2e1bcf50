/** The doors that serve no operation, declared the way operations are: the same construct makes their functions and roles. */
import type { SecretName } from "../../shared/runtime/environment.ts";
import type { AnyOperation } from "../../shared/contract/operation.ts";
import { identityPartitions, principalAttributes } from "../../shared/identity/keys.ts";
import { userPartitions } from "../../shared/users/keys.ts";

/** What a function needs, whoever calls it. An operation is one. */
export type FunctionDeclaration = Pick<
  AnyOperation,
  "table" | "secrets" | "memoryMegabytes" | "timeoutSeconds" | "reservedConcurrency"
> & {
  readonly id: string;
  /** Rights on secrets beside reading those that `secrets` lists. */
  readonly secretActions?: Partial<Readonly<Record<SecretName, readonly SecretAction[]>>>;
};

/** What a function may do to a secret beside reading it, as Secrets Manager names it. */
export type SecretAction = "DescribeSecret" | "PutSecretValue" | "UpdateSecretVersionStage";

/** Runs before every protected operation: public keys and the principal's token version, no secret. */
export const authorizerFunction: FunctionDeclaration = {
  id: "authorizer",
  table: [{ actions: ["GetItem"], leadingKeys: [identityPartitions.principals, identityPartitions.signingKeys] }],
};

/** Runs at every deployment: creates the signing keys where they are missing, and brings root in line with its secret. */
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
      attributes: principalAttributes.changingSecondFactor,
    },
    { actions: ["GetItem", "PutItem", "UpdateItem"], leadingKeys: [identityPartitions.credentials] },
    { actions: ["DeleteItem"], leadingKeys: [identityPartitions.attempts, identityPartitions.secondFactors] },
  ],
  secrets: ["rootSignIn", "signingKeys"],
  secretActions: { signingKeys: ["PutSecretValue"] },
  memoryMegabytes: 512,
  timeoutSeconds: 29,
};

/** Secrets Manager calls it, once for each step of a rotation: publishes the next signing key, then lets it sign. */
export const rotationFunction: FunctionDeclaration = {
  id: "rotation",
  table: [{ actions: ["GetItem", "PutItem"], leadingKeys: [identityPartitions.signingKeys] }],
  secrets: ["signingKeys"],
  secretActions: { signingKeys: ["DescribeSecret", "PutSecretValue", "UpdateSecretVersionStage"] },
  timeoutSeconds: 29,
};

/** Every door that serves no operation. */
export const systemFunctions: readonly FunctionDeclaration[] = [
  authorizerFunction,
  bootstrapFunction,
  rotationFunction,
];
