/**
 * Event patterns, as filter criteria of event source mappings and rules of EventBridge have them. A pattern is an object; each leaf
 * is a list of values or `{ "prefix": … }`, one of which must match.
 */
import { isObject, type Json, type JsonObject } from "../support/json-value.ts";

/** Whether a pattern matches a value. */
export type PatternMatcher = (value: unknown) => boolean;

/**
 * Compiles a pattern.
 *
 * @param refuse is told what the local host does not know in it
 */
export function compilePattern(pattern: Json, refuse: (reason: string) => never): PatternMatcher {
  if (!isObject(pattern)) return refuse("is no object");
  const members = Object.entries(pattern).map(([name, member]) => {
    const matches = Array.isArray(member) ? compileLeaf(member, name, refuse) : compilePattern(member ?? null, refuse);
    return [name, matches] as const;
  });
  if (members.length === 0) return refuse("has an empty object");
  return (value) => {
    if (typeof value !== "object" || value === null) return false;
    return members.every(([name, matches]) => matches((value as Readonly<Record<string, unknown>>)[name]));
  };
}

function compileLeaf(choices: readonly Json[], name: string, refuse: (reason: string) => never): PatternMatcher {
  if (choices.length === 0) return refuse(`has an empty list for ${name}`);
  const matchers = choices.map((choice): PatternMatcher => {
    if (isObject(choice)) return compileOperator(choice, name, refuse);
    if (typeof choice === "object" && choice !== null) return refuse(`has a list in the list for ${name}`);
    return (value) => value === choice;
  });
  // A list in the event matches when one of its elements does.
  return (value) =>
    (Array.isArray(value) ? (value as readonly unknown[]) : [value]).some((one) =>
      matchers.some((matches) => matches(one)),
    );
}

function compileOperator(choice: JsonObject, name: string, refuse: (reason: string) => never): PatternMatcher {
  const { prefix } = choice;
  if (Object.keys(choice).length !== 1 || typeof prefix !== "string") {
    return refuse(`has an operator for ${name} that is not known to the local host: ${JSON.stringify(choice)}`);
  }
  return (value) => typeof value === "string" && value.startsWith(prefix);
}
