/**
 * Compiles the conditions of a role's statements. The start refuses an operator or a key that is not listed here: an overlooked
 * condition would allow what AWS denies, or deny what AWS allows.
 */
import { LocalHostError } from "../support/errors.ts";
import { wildcard, type Matcher } from "../support/wildcard.ts";
import { conditionKeys, type AuthorizationRequest, type ConditionKey } from "./authorization-requests.ts";

/** Operator → key → values, as a statement has them. */
export type ConditionBlocks = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;

export interface CompiledConditions {
  /** Whether all conditions hold. */
  readonly hold: (request: AuthorizationRequest) => boolean;
  /** The patterns that restrict `dynamodb:LeadingKeys`; undefined when none do. */
  readonly leadingKeys: readonly { readonly pattern: string; readonly matches: Matcher }[] | undefined;
  /** All other conditions in one line, for tables; empty when there are none. */
  readonly others: string;
}

type Test = (given: readonly string[]) => boolean;

const equals = (value: string): Matcher => {
  return (text) => text === value;
};

/** A request without values passes, as on AWS: it has no value that fails. */
const forAllValues =
  (compile: (pattern: string) => Matcher) =>
  (values: readonly string[]): Test => {
    const matchers = values.map(compile);
    return (given) => given.every((value) => matchers.some((matches) => matches(value)));
  };

const matching: Readonly<Record<string, (pattern: string) => Matcher>> = {
  "ForAllValues:StringEquals": equals,
  "ForAllValues:StringLike": wildcard,
};
const operators: Readonly<Record<string, (values: readonly string[]) => Test>> = {
  ...Object.fromEntries(Object.entries(matching).map(([name, compile]) => [name, forAllValues(compile)])),
  Null: (values) => (given) => values.includes(String(given.length === 0)),
};

/**
 * Compiles a statement's `Condition`.
 *
 * @param where names the role and the statement
 * @throws LocalHostError naming the operator or key that is not known
 */
export function compileConditions(blocks: ConditionBlocks, where: string): CompiledConditions {
  const tests: ((request: AuthorizationRequest) => boolean)[] = [];
  const others: string[] = [];
  let leadingKeys: CompiledConditions["leadingKeys"];
  for (const [operator, block] of Object.entries(blocks)) {
    const compile = operators[operator] ?? refuse(where, `condition operator ${operator}`);
    for (const [name, values] of Object.entries(block)) {
      const key = conditionKeyOf(name) ?? refuse(where, `condition key ${name}`);
      const test = compile(values);
      tests.push((request) => test(request.valuesOf(key)));
      const pattern = matching[operator];
      if (key === "dynamodb:leadingkeys" && pattern !== undefined && leadingKeys === undefined) {
        leadingKeys = values.map((value) => ({ pattern: value, matches: pattern(value) }));
      } else {
        others.push(`${operator} ${name} ${values.join("|")}`);
      }
    }
  }
  return { hold: (request) => tests.every((test) => test(request)), leadingKeys, others: others.join(", ") };
}

/** AWS compares the names of condition keys without regard to case. */
const conditionKeyOf = (name: string): ConditionKey | undefined =>
  conditionKeys.find((key) => key === name.toLowerCase());

function refuse(where: string, what: string): never {
  throw new LocalHostError(`${where}: ${what} is not known to the local host (infra/local/iam/policy-conditions.ts)`);
}
