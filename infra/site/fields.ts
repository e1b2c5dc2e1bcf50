/** Schemas as lists of fields. */
import { escaped, inHtml } from "../../shared/web/frame.ts";
import type { Contract, Parameter, Schema } from "./openapi.ts";

/** A longer pattern tells a reader nothing. */
const maxShownPattern = 48;

type Resolve = Contract["resolve"];

/** The fields of an object, or of each of its alternatives. */
export function fieldsOf(schema: Schema, resolve: Resolve): string {
  const { properties, required = [], oneOf, items } = resolve(schema);
  if (oneOf !== undefined) {
    return oneOf
      .map((one) => {
        const { description = "" } = resolve(one);
        return `<p class="alternative">${inHtml(description)}</p>\n${fieldsOf(one, resolve)}`;
      })
      .join("");
  }
  if (items !== undefined) return fieldsOf(items, resolve);
  if (properties === undefined) return "";
  const rows = Object.entries(properties).map(([name, member]) =>
    row({ name, schema: member, isRequired: required.includes(name) }, resolve),
  );
  return `<dl class="fields">\n${rows.join("")}</dl>\n`;
}

/** Parameters as fields. */
export function parameterFields(parameters: readonly Parameter[], resolve: Resolve): string {
  const rows = parameters.map(({ name, schema, description = "", required = false }) =>
    row({ name, schema: { ...schema, description }, isRequired: required }, resolve),
  );
  return rows.length === 0 ? "" : `<dl class="fields">\n${rows.join("")}</dl>\n`;
}

interface Field {
  readonly name: string;
  readonly schema: Schema;
  readonly isRequired: boolean;
}

function row({ name, schema, isRequired }: Field, resolve: Resolve): string {
  const resolved = resolve(schema);
  const description = schema.description ?? resolved.description ?? "";
  const limits = limitsOf(resolved);
  const nested = nestedFields(resolved, resolve);
  return [
    `<div><dt><code>${escaped(name)}</code> <span class="type">${escaped(typeOf(resolved, resolve))}</span>`,
    `${isRequired ? ' <span class="required">required</span>' : ""}</dt>\n<dd>${inHtml(description)}`,
    limits.length > 0 ? ` <span class="limits">${limits.join("; ")}</span>` : "",
    nested,
    "</dd></div>\n",
  ].join("");
}

function nestedFields(schema: Schema, resolve: Resolve): string {
  const fields = fieldsOf(schema, resolve);
  return fields === "" ? "" : `<details class="members"><summary>Fields</summary>${fields}</details>`;
}

function typeOf(schema: Schema, resolve: Resolve): string {
  const { type, items, anyOf, enum: choices, const: constant } = schema;
  if (items !== undefined) return `list of ${typeOf(resolve(items), resolve)}`;
  if (anyOf !== undefined) return anyOf.map((one) => typeOf(resolve(one), resolve)).join(" or ");
  if (typeof type === "string") return type;
  if (type !== undefined) return type.join(" or ");
  return choices !== undefined || constant !== undefined ? "string" : "any";
}

function limitsOf(schema: Schema): readonly string[] {
  const code = (value: unknown) => `<code>${escaped(typeof value === "string" ? value : JSON.stringify(value))}</code>`;
  const { format, pattern, examples = [], enum: choices, const: constant, default: preset } = schema;
  const texts = [
    range(schema.minLength, schema.maxLength, "characters"),
    range(schema.minimum, schema.maximum, ""),
    schema.maxItems !== undefined && `at most ${schema.maxItems} items`,
    choices !== undefined && `one of ${choices.map(code).join(", ")}`,
    constant !== undefined && `always ${code(constant)}`,
    format !== undefined && `format ${code(format)}`,
    pattern !== undefined && isTelling(schema) && `pattern ${code(pattern)}`,
    preset !== undefined && `default ${code(preset)}`,
    examples.length > 0 && `for example ${code(examples[0])}`,
  ];
  return texts.filter((text) => text !== false);
}

/** A format or an example says more than a pattern. */
function isTelling({ pattern = "", format, examples = [] }: Schema): boolean {
  return format === undefined && examples.length === 0 && pattern.length <= maxShownPattern;
}

/** Limits of JSON's integers are no information. */
function range(from: number | undefined, to: number | undefined, unit: string): string | false {
  const upper = to === Number.MAX_SAFE_INTEGER ? undefined : to;
  const lower = from === Number.MIN_SAFE_INTEGER ? undefined : from;
  const end = unit === "" ? "" : ` ${unit}`;
  if (lower === undefined && upper === undefined) return false;
  if (upper === undefined) return `at least ${lower}${end}`;
  if (lower === undefined) return `at most ${upper}${end}`;
  return `${lower} to ${upper}${end}`;
}
