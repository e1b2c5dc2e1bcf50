/** Evaluates what a Lambda authorizer answers, as API Gateway does. */
import { isObject, type Json } from "../template/template-reader.ts";

/** The outcome of an authorizer's policy for one method. */
export interface Authorization {
  readonly allowed: boolean;
  /** The policy denied expressly, rather than not allowing. */
  readonly explicitDeny: boolean;
  readonly principalId: string;
  /** The context's values as strings, the way integrations and gateway responses see them. */
  readonly context: Readonly<Record<string, string>>;
}

/** The authorizer's answer is not one that API Gateway understands. */
export class PolicyMalformed extends Error {
  override readonly name = "PolicyMalformed";
}

const list = (value: Json | undefined): readonly Json[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value];

/** Whether a text matches a pattern in which `*` stands for any characters and `?` for one. */
export function matches(pattern: string, text: string): boolean {
  const source = [...pattern].map((character) =>
    character === "*" ? "[\\s\\S]*" : character === "?" ? "[\\s\\S]" : character.replace(/[\\^$.|+()[\]{}]/g, "\\$&"),
  );
  return new RegExp(`^${source.join("")}$`).test(text);
}

/**
 * Reads an authorizer's answer and evaluates its policy: an explicit Deny wins, and what is not allowed is denied.
 *
 * @param answer the parsed answer
 * @param methodArn `arn:aws:execute-api:<region>:<account>:<api>/<stage>/<METHOD>/<path>`
 * @throws PolicyMalformed naming what is wrong, e.g. a context value that is no string, number or boolean
 */
export function authorize(answer: unknown, methodArn: string): Authorization {
  if (!isObject(answer)) throw new PolicyMalformed("the authorizer's answer is not an object");
  const { principalId, policyDocument, context = {} } = answer;
  if (typeof principalId !== "string" || principalId === "") throw new PolicyMalformed("principalId is missing");
  if (!isObject(policyDocument)) throw new PolicyMalformed("policyDocument is missing");
  if (!isObject(context)) throw new PolicyMalformed("context is not an object");
  const strings = Object.entries(context).map(([name, value]) => {
    if (typeof value !== "string" && typeof value !== "number" && typeof value !== "boolean") {
      throw new PolicyMalformed(`context.${name} is no string, number or boolean`);
    }
    return [name, String(value)] as const;
  });

  const effects = new Set<string>();
  const statements = list(policyDocument["Statement"]);
  if (statements.length === 0) throw new PolicyMalformed("policyDocument has no statement");
  for (const statement of statements) {
    if (!isObject(statement)) throw new PolicyMalformed("a statement is not an object");
    const { Effect: effect, Action: action, Resource: resource, Condition: condition } = statement;
    if (effect !== "Allow" && effect !== "Deny")
      throw new PolicyMalformed(`Effect ${String(effect)} is neither Allow nor Deny`);
    if (action === undefined || resource === undefined)
      throw new PolicyMalformed("a statement lacks Action or Resource");
    if (condition !== undefined)
      throw new PolicyMalformed("the local host does not know conditions in an authorizer's policy");
    const invokes = list(action).some((pattern) => matches(String(pattern).toLowerCase(), "execute-api:invoke"));
    if (invokes && list(resource).some((pattern) => matches(String(pattern), methodArn))) effects.add(effect);
  }
  const explicitDeny = effects.has("Deny");
  return {
    allowed: effects.has("Allow") && !explicitDeny,
    explicitDeny,
    principalId,
    context: Object.fromEntries(strings),
  };
}
