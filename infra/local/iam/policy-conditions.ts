/**
 * Conditions of policy statements, compiled once. An operator or a key that is not listed here stops the start: a condition
 * that is overlooked would let through what AWS denies, or deny what AWS lets through.
 */
import { LocalHostError } from "../support/errors.ts";
import { requestKeys, type AuthorizationRequest, type RequestKey } from "./authorization-requests.ts";
import { isObject, type Json } from "../template/template-reader.ts";

/** Who calls, as conditions see it: the global keys, in lower case. */
export type CallerContext = Readonly<Record<CallerKey, string>>;

export const callerKeys = [
  "aws:principalaccount",
  "aws:principalarn",
  "aws:principalisawsservice",
  "aws:principaltype",
  "aws:requestedregion",
  "aws:resourceaccount",
  "aws:securetransport",
  "aws:viaawsservice",
  "lambda:sourcefunctionarn",
] as const;
export type CallerKey = (typeof callerKeys)[number];

export type Matcher = (text: string) => boolean;

/** Compiles a pattern in which `*` stands for any characters and `?` for one. */
export function wildcard(pattern: string): Matcher {
  if (pattern === "*") return () => true;
  if (!/[*?]/.test(pattern)) return (text) => text === pattern;
  const prefix = pattern.slice(0, -1);
  if (pattern.endsWith("*") && !/[*?]/.test(prefix)) return (text) => text.startsWith(prefix);
  const source = pattern
    .replace(/[\\^$.|+()[\]{}]/g, "\\$&")
    .replace(/\*+/g, "[^]*")
    .replaceAll("?", "[^]");
  const expression = new RegExp(`^${source}$`, "u");
  return (text) => expression.test(text);
}

/** Each of the six parts of an ARN is compared by itself, so that `*` never crosses a colon but in the last one. */
function arnPattern(pattern: string): Matcher {
  const partsOf = (arn: string) => [...arn.split(":", 5), arn.split(":").slice(5).join(":")];
  const parts = partsOf(pattern).map(wildcard);
  return (text) => {
    const given = partsOf(text);
    return parts.every((matches, index) => matches(given[index] ?? ""));
  };
}

/** Operator, less its set prefix, `Not` and `IfExists` → how one policy value is compared. */
const comparisons: Readonly<Record<string, (value: string) => Matcher>> = {
  StringEquals: (value) => (text) => text === value,
  StringEqualsIgnoreCase: (value) => (text) => text.toLowerCase() === value.toLowerCase(),
  StringLike: wildcard,
  ArnEquals: arnPattern,
  ArnLike: arnPattern,
  Bool: (value) => (text) => text.toLowerCase() === value.toLowerCase(),
};
const positiveOf: Readonly<Record<string, string>> = {
  StringNotEquals: "StringEquals",
  StringNotEqualsIgnoreCase: "StringEqualsIgnoreCase",
  StringNotLike: "StringLike",
  ArnNotEquals: "ArnEquals",
  ArnNotLike: "ArnLike",
};

export interface Conditions {
  /** Whether all of them hold. */
  readonly hold: (request: AuthorizationRequest, caller: CallerContext) => boolean;
  /** The patterns that `dynamodb:LeadingKeys` is held to, where it is. */
  readonly leadingKeys: readonly { readonly pattern: string; readonly matches: Matcher }[] | undefined;
  /** All other conditions in one line, for tables; empty where there are none. */
  readonly others: string;
}

type Test = (values: readonly string[] | undefined) => boolean;

/**
 * Compiles a statement's `Condition`.
 *
 * @param where names the statement and its role
 * @throws LocalHostError naming the operator, key or value that is not known
 */
export function compileConditions(condition: Json | undefined, where: string): Conditions {
  if (condition !== undefined && !isObject(condition)) throw new LocalHostError(`${where}: Condition is not an object`);
  const tests: ((request: AuthorizationRequest, caller: CallerContext) => boolean)[] = [];
  const others: string[] = [];
  let leadingKeys: Conditions["leadingKeys"];
  for (const [operator, block] of Object.entries(condition ?? {})) {
    if (!isObject(block)) throw new LocalHostError(`${where}: condition ${operator} is not an object`);
    for (const [name, given] of Object.entries(block)) {
      const values = policyValues(given, `${where}: condition ${operator} of ${name}`);
      const key = name.toLowerCase();
      const test = compileTest(operator, name, values, where);
      if (Object.hasOwn(requestKeys, key)) {
        tests.push((request) => test(request.value(key as RequestKey)));
      } else if ((callerKeys as readonly string[]).includes(key)) {
        tests.push((_request, caller) => test([caller[key as CallerKey]]));
      } else {
        throw new LocalHostError(
          `${where}: condition key ${name} is not known to the local host (infra/local/iam/policy-conditions.ts)`,
        );
      }
      if (
        key === "dynamodb:leadingkeys" &&
        leadingKeys === undefined &&
        /:String(Equals|Like)(IfExists)?$/.test(operator)
      ) {
        const compare = operator.includes("Like") ? wildcard : (value: string) => (text: string) => text === value;
        leadingKeys = values.map((pattern) => ({ pattern, matches: compare(pattern) }));
      } else {
        others.push(`${operator} ${name} ${values.join("|")}`);
      }
    }
  }
  return {
    hold: (request, caller) => tests.every((test) => test(request, caller)),
    leadingKeys,
    others: others.join(", "),
  };
}

function policyValues(given: Json | undefined, where: string): readonly string[] {
  const values = Array.isArray(given) ? (given as readonly Json[]) : [given];
  return values.map((value) => {
    if (typeof value !== "string" && typeof value !== "number" && typeof value !== "boolean") {
      throw new LocalHostError(`${where} has a value that is no string, number or boolean`);
    }
    if (String(value).includes("${")) {
      throw new LocalHostError(`${where} has the policy variable ${value}, which the local host does not know`);
    }
    return String(value);
  });
}

function compileTest(operator: string, key: string, values: readonly string[], where: string): Test {
  const [, set, base = "", ifExists] = /^(?:(ForAllValues|ForAnyValue):)?(\w+?)(IfExists)?$/.exec(operator) ?? [];
  const unknown = (): never => {
    throw new LocalHostError(
      `${where}: condition operator ${operator} (of ${key}) is not known to the local host (infra/local/iam/policy-conditions.ts)`,
    );
  };
  if (base === "Null") {
    if (set !== undefined || ifExists !== undefined) return unknown();
    return (given) => values.includes(String(given === undefined || given.length === 0));
  }
  const compare = comparisons[positiveOf[base] ?? base] ?? unknown();
  const negated = base in positiveOf;
  if (set === undefined && (requestKeys as Readonly<Record<string, string>>)[key.toLowerCase()] === "many") {
    throw new LocalHostError(
      `${where}: condition key ${key} holds several values and needs ForAllValues: or ForAnyValue: before ${operator}`,
    );
  }
  const matchers = values.map(compare);
  const passes = (value: string): boolean => matchers.some((matches) => matches(value)) !== negated;
  return (given) => {
    if (given === undefined || given.length === 0) {
      if (ifExists !== undefined) return true;
      // What is not there equals nothing; a set of nothing has no value that fails, and none that passes.
      return set === undefined ? negated : set === "ForAllValues";
    }
    return set === "ForAnyValue" ? given.some(passes) : given.every(passes);
  };
}
