/**
 * Checks that API Gateway, Secrets Manager and EventBridge may invoke the functions that the template names. On AWS every call
 * would otherwise end in a 500, every rotation would fail, and a schedule would run nothing.
 */
import { LocalHostError } from "../support/errors.ts";
import { wildcard } from "../support/wildcard.ts";
import type { ApiModel, PermissionModel, RoleModel } from "../template/deployment-model.ts";
import { requestOf } from "./authorization-requests.ts";
import { RolePolicy } from "./role-policy.ts";

const invokeAction = "lambda:InvokeFunction";

/** A place in the API that invokes a function. */
interface Invocation {
  /** The function's ARN, or that of one version. */
  readonly invokedArn: string;
  /** ARN of the role that API Gateway assumes; undefined when it relies on the function's own permissions. */
  readonly credentials: string | undefined;
  /** ARN of the method or authorizer. */
  readonly sourceArn: string;
}

function invocationsOf({ id, stage, region, accountId, routes }: ApiModel): readonly Invocation[] {
  const base = `arn:aws:execute-api:${region}:${accountId}:${id}`;
  return routes.flatMap(({ invokedArn, credentials, method, resourcePath, authorizer }) => [
    // Path parameters appear as `*` in the ARN of a method.
    { invokedArn, credentials, sourceArn: `${base}/${stage}/${method}${resourcePath.replace(/\{[^}]+\}/g, "*")}` },
    ...(authorizer ? [{ ...authorizer, sourceArn: `${base}/authorizers/${authorizer.id}` }] : []),
  ]);
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
      wildcard(permission.sourceArn ?? "*")(sourceArn) &&
      (permission.sourceAccount ?? sourceAccount) === sourceAccount,
  );
}

/**
 * @param rotations ARNs of the functions and of the secrets that they rotate
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

/** @throws LocalHostError naming the first function that EventBridge may not invoke */
export function checkEventRights(
  rules: readonly { readonly functionId: string; readonly ruleArn: string }[],
  permissions: readonly PermissionModel[],
): void {
  for (const { functionId, ruleArn } of rules) {
    if (!permits(permissions, "events.amazonaws.com", functionId, ruleArn)) {
      throw new LocalHostError(
        `EventBridge may not invoke ${functionId} for ${ruleArn}: no AWS::Lambda::Permission allows it`,
      );
    }
  }
}

/** @throws LocalHostError naming the first function that API Gateway may not invoke */
export function checkInvokeRights(
  api: ApiModel,
  roles: ReadonlyMap<string, RoleModel>,
  permissions: readonly PermissionModel[],
): void {
  const policies = new Map<string, RolePolicy>();
  const policyOf = (arn: string): RolePolicy | undefined => {
    const role = roles.get(arn);
    const policy = policies.get(arn) ?? (role && new RolePolicy(role));
    if (policy !== undefined) policies.set(arn, policy);
    return policy;
  };
  for (const { invokedArn: functionId, credentials, sourceArn } of invocationsOf(api)) {
    const allowed =
      credentials === undefined
        ? permits(permissions, "apigateway.amazonaws.com", functionId, sourceArn)
        : policyOf(credentials)?.decide(requestOf(invokeAction, functionId)) === "allowed";
    if (!allowed) {
      throw new LocalHostError(
        `API Gateway may not invoke ${functionId} for ${sourceArn}: neither ${credentials ?? "a role"} nor an AWS::Lambda::Permission allows it`,
      );
    }
  }
}
