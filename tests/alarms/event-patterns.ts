/** Whether EventBridge's pattern matches an event, for the operators that our rules use; anything else is refused by name. */

type Json = unknown;
const isObject = (value: Json): value is Record<string, Json> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** @throws Error for an operator that the simulator does not know */
export function matches(pattern: Readonly<Record<string, Json>>, event: Json): boolean {
  // A pattern matches an array if it matches any of its elements.
  if (Array.isArray(event)) return event.some((element) => matches(pattern, element));
  const members = isObject(event) ? event : {};
  return Object.entries(pattern).every(([name, expected]) => {
    if (name === "$or") return (expected as Record<string, Json>[]).some((one) => matches(one, event));
    if (isObject(expected)) return matches(expected, members[name]);
    return (expected as Json[]).some((one) => matchesValue(one, members[name]));
  });
}

function matchesValue(expected: Json, value: Json): boolean {
  if (!isObject(expected)) return Array.isArray(value) ? value.includes(expected) : value === expected;
  const [[operator, operand] = []] = Object.entries(expected);
  if (operator === "exists") return (value !== undefined) === operand;
  if (operator === "wildcard") {
    const parts = String(operand)
      .split("*")
      .map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`));
    return typeof value === "string" && new RegExp(`^${parts.join(".*")}$`).test(value);
  }
  throw new Error(`the simulator does not know the operator ${String(operator)}`);
}
