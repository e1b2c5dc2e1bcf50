/** Whether API Gateway may invoke the functions that the API names: on AWS every call would otherwise end in a 500. */
import { LocalHostError } from "./errors.ts";
import { isObject, type Json } from "./json.ts";
import type { RoleModel } from "./model.ts";
import { matches } from "./policy.ts";

/** An `AWS::Lambda::Permission`, as far as it matters here. */
export interface PermissionModel {
  /** Name or ARN of the function. */
  readonly functionName: string;
  readonly action: string;
  readonly principal: string;
  /** Pattern of the method's or authorizer's ARN; any when absent. */
  readonly sourceArn: string | undefined;
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
        ? permissions.some(
            (permission) =>
              functionId.endsWith(permission.functionName) &&
              permission.action === invokeAction &&
              permission.principal === "apigateway.amazonaws.com" &&
              matches(permission.sourceArn ?? "*", sourceArn),
          )
        : role !== undefined && allows(role, functionId);
    if (!allowed) {
      throw new LocalHostError(
        `API Gateway may not invoke ${functionId} for ${sourceArn}: neither ${credentials ?? "a role"} nor an AWS::Lambda::Permission allows it`,
      );
    }
  }
}
