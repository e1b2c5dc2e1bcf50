/** Compiles the statements of a role and decides requests by them. What the local host does not know is refused at the start. */
import * as z from "zod";
import { LocalHostError } from "../support/errors.ts";
import { isObject, type Json } from "../support/json-value.ts";
import { mustBe, parseOrRefuse } from "../support/parsing.ts";
import { wildcard, type Matcher } from "../support/wildcard.ts";
import type { RoleModel } from "../template/deployment-model.ts";
import { knownActions, type AuthorizationRequest } from "./authorization-requests.ts";
import { compileConditions, type CompiledConditions } from "./policy-conditions.ts";

export type Decision = "allowed" | "denied" | "explicitly denied";

/** One right of a role: an action or pattern on a resource, for items under one pattern of leading keys. */
export interface Right {
  readonly action: string;
  readonly resource: string;
  /** Pattern of `dynamodb:LeadingKeys`; undefined when the statement has none. */
  readonly leadingKeys: string | undefined;
  /** The statement's other conditions in one line. */
  readonly conditions: string;
  /** Whether an allowed request uses the right. */
  readonly isUsedBy: (request: AuthorizationRequest) => boolean;
}

interface Pattern {
  readonly text: string;
  readonly matches: Matcher;
}

interface Statement {
  readonly effect: "Allow" | "Deny";
  readonly actions: readonly Pattern[];
  readonly resources: readonly Pattern[];
  readonly conditions: CompiledConditions;
}

/** Services that no call of a function reaches on this machine, so that rights to them are not judged. */
const unjudgedServices = ["logs", "xray"];

const scalar = z.union([z.string(), z.number(), z.boolean()]);
/** A value or a list of values, without policy variables such as `${aws:username}`. */
const values = z
  .union([scalar.transform((value) => [value]), z.array(scalar)], { error: mustBe("a string or a list of strings") })
  .transform((list) => list.map(String))
  .superRefine((list, context) => {
    const variable = list.find((value) => value.includes("${"));
    if (variable === undefined) return;
    context.addIssue(`has the policy variable ${variable}, which is not known to the local host`);
  });
const statementSchema = z.strictObject({
  Sid: z.string().optional(),
  Effect: z.enum(["Allow", "Deny"], { error: "must be Allow or Deny" }),
  Action: values,
  Resource: values,
  Condition: z.record(z.string(), z.record(z.string(), values)).default({}),
});

/** Drops actions that are not judged, and refuses those that are not known. */
function actionsOf(given: readonly string[], where: string): readonly Pattern[] {
  return given.flatMap((text) => {
    const service = text.split(":")[0]?.toLowerCase() ?? "";
    if (unjudgedServices.includes(service)) return [];
    const matches = wildcard(text.toLowerCase());
    const known = Object.entries(knownActions).flatMap(([prefix, names]) => names.map((name) => `${prefix}:${name}`));
    if (known.some((action) => matches(action.toLowerCase()))) return [{ text, matches }];
    throw new LocalHostError(
      `${where}: action ${text} is not known to the local host (infra/local/iam/authorization-requests.ts)`,
    );
  });
}

function compileStatement(statement: Json, where: string): Statement {
  const { Effect, Action, Resource, Condition } = parseOrRefuse(statementSchema, statement, `${where}: element`);
  const actions = actionsOf(Action, where);
  return {
    effect: Effect,
    actions,
    resources: Resource.map((text) => ({ text, matches: wildcard(text) })),
    // The conditions of rights that are not judged have keys of other services.
    conditions: compileConditions(actions.length === 0 ? {} : Condition, where),
  };
}

const anyMatches = (patternList: readonly Pattern[], text: string): boolean =>
  patternList.some(({ matches }) => matches(text));

function applies({ actions, resources, conditions }: Statement, request: AuthorizationRequest): boolean {
  return (
    anyMatches(actions, request.action.toLowerCase()) &&
    anyMatches(resources, request.resource) &&
    conditions.hold(request)
  );
}

function rightsOf({ actions, resources, conditions }: Statement): readonly Right[] {
  return actions.flatMap((action) =>
    resources.flatMap((resource) =>
      (conditions.leadingKeys ?? [undefined]).map((key) => ({
        action: action.text,
        resource: resource.text,
        leadingKeys: key?.pattern,
        conditions: conditions.others,
        isUsedBy: (request: AuthorizationRequest) =>
          action.matches(request.action.toLowerCase()) &&
          resource.matches(request.resource) &&
          (key === undefined || request.leadingKeys.some(key.matches)) &&
          conditions.hold(request),
      })),
    ),
  );
}

export class RolePolicy {
  readonly #statements: readonly Statement[];

  /** @throws LocalHostError naming the role, the statement and what is not known */
  constructor({ arn, statements, managedPolicyArns }: RoleModel) {
    const [managed] = managedPolicyArns;
    if (managed !== undefined) {
      throw new LocalHostError(
        `role ${arn}: the local host does not know what the managed policy ${managed} allows; state the rights in the role itself`,
      );
    }
    this.#statements = statements.map((statement, index) => {
      const sid = isObject(statement) && statement["Sid"] !== undefined ? ` (${String(statement["Sid"])})` : "";
      return compileStatement(statement, `role ${arn}: statement ${index + 1}${sid}`);
    });
  }

  /** An explicit Deny wins, and what no statement allows is denied. */
  decide(request: AuthorizationRequest): Decision {
    const effects = this.#statements.filter((statement) => applies(statement, request)).map(({ effect }) => effect);
    return effects.includes("Deny") ? "explicitly denied" : effects.includes("Allow") ? "allowed" : "denied";
  }

  /** Everything that the role allows. */
  rights(): readonly Right[] {
    return this.#statements.filter(({ effect }) => effect === "Allow").flatMap(rightsOf);
  }
}
