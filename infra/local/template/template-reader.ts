import { LocalHostError } from "../support/errors.ts";

/** A JSON value as it stands in a template. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json | undefined;
}

/** Whether a value is a JSON object (not an array, not null). */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A reader of a resource's resolved properties whose complaints name the resource and the property. */
export class Properties {
  readonly #where: string;
  readonly #values: JsonObject;

  /**
   * @param where how complaints name the place, e.g. `AWS::Lambda::Function Api/Register1A2B`
   * @param values the resolved properties
   */
  constructor(where: string, values: Json | undefined) {
    this.#where = where;
    if (values !== undefined && !isObject(values)) throw new LocalHostError(`${where} is not an object`);
    this.#values = values ?? {};
  }

  /**
   * Refuses every property outside the list: what the local host does not know may change what is deployed.
   *
   * @throws LocalHostError naming the property
   */
  only(...known: readonly string[]): this {
    const unknown = Object.keys(this.#values).find((name) => !known.includes(name));
    if (unknown !== undefined) this.refuse(unknown, "is not known to the local host");
    return this;
  }

  /** Refuses a property, with the reason. */
  refuse(name: string, reason: string): never {
    throw new LocalHostError(`${this.#where}: property ${name} ${reason}`);
  }

  has(name: string): boolean {
    return this.#values[name] !== undefined;
  }

  raw(name: string): Json | undefined {
    return this.#values[name];
  }

  optionalText(name: string): string | undefined {
    const value = this.#values[name];
    if (value === undefined) return undefined;
    // CloudFormation converts scalars where a string is asked for.
    if (typeof value === "number" || typeof value === "boolean") return String(value);
    return typeof value === "string" ? value : this.refuse(name, "must be a string");
  }

  text(name: string): string {
    return this.optionalText(name) ?? this.refuse(name, "is missing");
  }

  number(name: string, otherwise: number): number {
    const value = this.#values[name];
    if (value === undefined) return otherwise;
    const number = Number(value);
    return (typeof value === "number" || typeof value === "string") && Number.isFinite(number)
      ? number
      : this.refuse(name, "must be a number");
  }

  flag(name: string, otherwise: boolean): boolean {
    const value = this.#values[name];
    if (value === undefined) return otherwise;
    if (value === true || value === "true") return true;
    return value === false || value === "false" ? false : this.refuse(name, "must be true or false");
  }

  list(name: string): readonly Json[] {
    const value = this.#values[name];
    if (value === undefined) return [];
    return Array.isArray(value) ? value : this.refuse(name, "must be a list");
  }

  texts(name: string): readonly string[] {
    return this.list(name).map((value) => (typeof value === "string" ? value : this.refuse(name, "must list strings")));
  }

  /** An object of strings; empty when absent. */
  map(name: string): Readonly<Record<string, string>> {
    const value = this.#values[name] ?? {};
    if (!isObject(value)) this.refuse(name, "must be an object");
    return Object.fromEntries(
      Object.entries(value).map(([key, entry]) => [
        key,
        typeof entry === "object" ? this.refuse(`${name}.${key}`, "must be a string") : String(entry),
      ]),
    );
  }

  /** A nested object, whose complaints name the path to it. */
  child(name: string): Properties {
    return new Properties(`${this.#where}: ${name}`, this.#values[name]);
  }

  children(name: string): readonly Properties[] {
    return this.list(name).map((value, index) => new Properties(`${this.#where}: ${name}[${index}]`, value));
  }
}
