/** The fields that a refused request had wrong, for the log. A caller chooses the names of unknown fields, so these are left out. */
import type { AnyOperation } from "../contract/operation.ts";
import type { FieldError } from "../domain/problems.ts";

const maxPointers = 10;

/** The pointers of the errors. A segment that is neither a declared name nor an index becomes `*`. */
export function loggedPointers({ request }: AnyOperation, errors: readonly FieldError[]): readonly string[] {
  const names = new Set<string>();
  for (const schema of [request.path, request.query, request.body]) addNames(schema, names);
  // The one header that is validated.
  names.add("Idempotency-Key");
  const pointers = errors.map(({ pointer }) =>
    pointer
      .split("/")
      .map((segment) => (segment === "" || names.has(segment) || /^\d{1,4}$/.test(segment) ? segment : "*"))
      .join("/"),
  );
  return [...new Set(pointers)].slice(0, maxPointers);
}

/** The parts of zod's definitions that lead to other schemas. */
interface Definition {
  readonly shape?: Readonly<Record<string, unknown>>;
  readonly options?: readonly unknown[];
  readonly element?: unknown;
  readonly innerType?: unknown;
  readonly in?: unknown;
  readonly out?: unknown;
}

function addNames(schema: unknown, names: Set<string>): void {
  const definition = (schema as { readonly def?: Definition } | undefined)?.def;
  if (definition === undefined) return;
  const { shape = {}, options = [], element, innerType, in: input, out } = definition;
  for (const name of Object.keys(shape)) names.add(name);
  for (const inner of [...Object.values(shape), ...options, element, innerType, input, out]) addNames(inner, names);
}
