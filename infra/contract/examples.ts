/** Example values of parameters, for what is generated from the declarations. */
import * as z from "zod";

type Json = Readonly<Record<string, unknown>>;

/** `/v1/users/{userId}` → `["userId"]` */
export function parameterNames(path: string): readonly string[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => name);
}

/** The members of an object schema as JSON Schema, by their names. */
export function membersOf(schema: z.ZodType | undefined): Readonly<Record<string, Json>> {
  if (schema === undefined) return {};
  const { properties = {} } = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
  return properties as Readonly<Record<string, Json>>;
}

/** The first example of a schema, or its first choice, as text. */
export function exampleOf({ examples, enum: choices }: Json): string {
  const [first] = (examples ?? choices ?? []) as readonly unknown[];
  return String(first ?? "");
}
