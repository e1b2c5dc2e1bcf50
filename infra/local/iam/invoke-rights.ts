/**
 * Whether API Gateway and Secrets Manager may invoke the functions that API and rotation schedules name: on AWS every call
 * would otherwise end in a 500, and every rotation fail.
 */
import { LocalHostError } from "../support/errors.ts";
import { isObject, type Json } from "../template/template-reader.ts";
import type { RoleModel } from "../template/read-deployment.ts";
import { matches } from "../gateway/authorizer-policy.ts";

/** An `AWS::Lambda::Permission`, as far as it matters here. */
export interface PermissionModel {
  /** Name or ARN of the function. */
  readonly functionName: string;
  readonly action: string;
  readonly principal: string;
  /** Pattern of the ARN of what invokes: a method, an authorizer, a secret; any when absent. */
  readonly sourceArn: string | undefined;
  /** Account of what invokes; any when absent. */
  readonly sourceAccount: string | undefined;
}

/** One place from which the API invokes a function. */
export interface InvocationModel {
  readonly functionId: string;
  /** ARN of the role that API Gateway takes on; undefined where it relies on the function's own permissions. */
  readonly credentials: string | undefined;
  /** ARN of the method or authorizer. */
  readonly sourceArn: string;
}

const invokeAction = "lambda:InvokeFunction";
const list = (value: Json | undefined): readonly Json[] =>
  value === undefined ? [] : Array.isArray(value) ? (value as readonly Json[]) : [value];

function allows({ statements }: RoleModel, functionId: string): boolean {
  const hits = (patterns: Json | undefined, text: string): boolean =>
    list(patterns).some((pattern) => matches(String(pattern).toLowerCase(), text.toLowerCase()));
  const effects = statements
    .filter(isObject)
    .filter((statement) => hits(statement["Action"], invokeAction) && hits(statement["Resource"], functionId))
    .map((statement) => statement["Effect"]);
  return effects.includes("Allow") && !effects.includes("Deny");
}

function permits(
  permissions: readonly PermissionModel[],
  principal: string,
  functionId: string,
  sourceArn: string,
): boolean {
  const [, , , , sourceAccount = ""] = sourceArn.split(":");
  return permissions.some(
    (permission) =>
      functionId.endsWith(permission.functionName) &&
      permission.action === invokeAction &&
      permission.principal === principal &&
      matches(permission.sourceArn ?? "*", sourceArn) &&
      (permission.sourceAccount ?? sourceAccount) === sourceAccount,
  );
}

/**
 * Checks that Secrets Manager may invoke each function by which a secret is rotated.
 *
 * @param rotations ARNs of the function and of the secret
 * @throws LocalHostError naming the first function that Secrets Manager may not invoke
 */
export function checkRotationRights(
  rotations: readonly { readonly functionId: string; readonly secretArn: string }[],
  permissions: readonly PermissionModel[],
): void {
  for (const { functionId, secretArn } of rotations) {
    if (!permits(permissions, "secretsmanager.amazonaws.com", functionId, secretArn)) {
      throw new LocalHostError(
        `Secrets Manager may not invoke ${functionId} for ${secretArn}: no AWS::Lambda::Permission allows it`,
      );
    }
  }
}

/**
 * Checks every invocation of the API against roles and permissions of the template.
 *
 * @throws LocalHostError naming the first function that API Gateway may not invoke
 */
export function checkInvokeRights(
  invocations: readonly InvocationModel[],
  roles: ReadonlyMap<string, RoleModel>,
  permissions: readonly PermissionModel[],
): void {
  for (const { functionId, credentials, sourceArn } of invocations) {
    const role = credentials === undefined ? undefined : roles.get(credentials);
    const allowed =
      credentials === undefined
        ? permits(permissions, "apigateway.amazonaws.com", functionId, sourceArn)
        : role !== undefined && allows(role, functionId);
    if (!allowed) {
      throw new LocalHostError(
        `API Gateway may not invoke ${functionId} for ${sourceArn}: neither ${credentials ?? "a role"} nor an AWS::Lambda::Permission allows it`,
      );
    }
  }
}
