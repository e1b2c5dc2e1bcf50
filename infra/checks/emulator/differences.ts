/** Compares facts about a deployment. */
import type { Unkept } from "./allowances.ts";

/** Properties by the name of what has them: `method POST /v1/partners`. */
export type Facts = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/**
 * Properties that are not declared may have any value.
 *
 * @param unkept properties that have to be different
 * @returns a line for everything that was not deployed as it is declared
 */
export function differencesOf(declared: Facts, deployed: Facts, unkept: readonly Unkept[] = []): readonly string[] {
  const missing = Object.keys(declared).filter((name) => deployed[name] === undefined);
  const unexpected = Object.keys(deployed).filter((name) => declared[name] === undefined);
  return [
    ...missing.map((name) => `${name} is missing`),
    ...unexpected.map((name) => `${name} is not declared`),
    ...Object.entries(declared).flatMap(([name, properties]) =>
      Object.entries(properties)
        .filter(([, value]) => value !== undefined && deployed[name] !== undefined)
        .flatMap(([property, value]) => {
          const mayDiffer = unkept.some((one) => name.startsWith(one.of) && one.property === property);
          const [expected, found] = [canonical(value), canonical(deployed[name]?.[property])];
          if (mayDiffer) return expected === found ? [`${name}: ${property} is kept: compare it`] : [];
          return expected === found ? [] : [`${name}: ${property} is ${found}, not ${expected}`];
        }),
    ),
  ];
}

/** @returns the names of what came, went or changed */
export function changesBetween(before: Facts, after: Facts): readonly string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].filter((name) => canonical(before[name]) !== canonical(after[name])).sort();
}

/**
 * Leaves out what a release changes by its name alone: the stage variable, and the variable of functions that API Gateway
 * does not tell the release, with the times and revision of their change.
 */
export function withoutRelease(facts: Facts): Facts {
  return Object.fromEntries(
    Object.entries(facts).map(([name, properties]) => [name, propertiesWithoutRelease(properties)]),
  );
}

function propertiesWithoutRelease(properties: Facts[string]): Facts[string] {
  const { Variables, Environment, ...rest } = properties;
  if (has(Variables, "release")) return { ...properties, Variables: { ...Variables, release: "any" } };
  const variables = has(Environment, "Variables") ? Environment["Variables"] : undefined;
  if (!has(variables, "VERSION")) return properties;
  const { RevisionId: _, LastModified: __, ...kept } = rest;
  return { ...kept, Environment: { Variables: { ...variables, VERSION: "any" } } };
}

function has<Name extends string>(value: unknown, name: Name): value is Readonly<Record<Name, unknown>> {
  return typeof value === "object" && value !== null && name in value;
}

/** The text of a value. Services differ in the order of members, and in whether a number is text. */
function canonical(value: unknown): string {
  if (value === undefined) return "absent";
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(String(value));
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  const texts = members.map(([key, member]) => `${JSON.stringify(key)}:${canonical(member)}`);
  return `{${texts.sort().join(",")}}`;
}
