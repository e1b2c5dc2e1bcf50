/** The parts of the OpenAPI document that the reference shows. */
import { contractDocument } from "../contract/document.ts";

export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly oneOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly format?: string;
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxItems?: number;
}

export interface Parameter {
  readonly $ref?: string;
  readonly name: string;
  readonly in: "path" | "query" | "header";
  readonly description?: string;
  readonly required?: boolean;
  readonly schema: Schema;
}

interface Content {
  readonly schema: Schema;
  readonly example?: unknown;
  readonly examples?: Readonly<Record<string, unknown>>;
}

export interface DescribedOperation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly description: string;
  readonly parameters: readonly Parameter[];
  readonly requestBody?: { readonly content: Readonly<Record<string, Content>> };
  readonly responses: Readonly<
    Record<string, { readonly $ref?: string; readonly content?: Readonly<Record<string, Content>> }>
  >;
}

export interface Contract {
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, DescribedOperation>>>>;
  /** What a reference of the document leads to; the value itself if it is none. */
  readonly resolve: <Value extends { readonly $ref?: string }>(value: Value) => Value;
}

/** The contract of this version. */
export function readContract(): Contract {
  const document = contractDocument() as unknown as Pick<Contract, "tags" | "paths">;
  return {
    tags: document.tags,
    paths: document.paths,
    resolve<Value extends { readonly $ref?: string }>(value: Value): Value {
      if (value.$ref === undefined) return value;
      const target = value.$ref
        .slice(2)
        .split("/")
        .reduce<unknown>((node, name) => (node as Record<string, unknown>)[name], document);
      return target as Value;
    },
  };
}
