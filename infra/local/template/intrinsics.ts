/** Resolves the intrinsic functions of a template, as CloudFormation does during a deployment. */
import { LocalHostError } from "../support/errors.ts";
import { isObject, type Json, type JsonObject } from "../support/json-value.ts";
import { attributeOf, hasIdentity, refOf, type Identified } from "./identities.ts";
import type { Template } from "./template-schema.ts";

/** A resource with its intrinsic functions resolved. */
export interface ResolvedResource {
  /** Name of the stack. */
  readonly stack: string;
  readonly stackId: string;
  readonly logicalId: string;
  /** CloudFormation type, such as `AWS::Lambda::Function`. */
  readonly type: string;
  readonly properties: JsonObject;
  /** Value of `Ref`; undefined for types without a local identity. */
  readonly ref: string | undefined;
  /** Id of the resource `/` of a REST API. */
  readonly rootResourceId: string | undefined;
}

export interface Stack {
  readonly name: string;
  readonly id: string;
  readonly region: string;
  readonly accountId: string;
  readonly template: Template;
  /** The template of a nested stack by its URL. */
  readonly nestedTemplate: (url: string) => Template;
}

export const nestedStackType = "AWS::CloudFormation::Stack";

/** Resolves the values of one stack. It reaches other stacks through their exports. */
export class TemplateResolver {
  readonly #stack: Stack;
  readonly #parameters: Readonly<Record<string, string>>;
  readonly #importValue: (name: string) => Json;
  /** Logical id → the resolver of a nested stack, made when it is needed. */
  readonly #nested = new Map<string, TemplateResolver>();

  constructor(stack: Stack, parameters: Readonly<Record<string, string>>, importValue: (name: string) => Json) {
    this.#stack = stack;
    this.#parameters = parameters;
    this.#importValue = importValue;
  }

  #fail(message: string): never {
    throw new LocalHostError(`stack ${this.#stack.name}: ${message}`);
  }

  /** Resolves a value; undefined stands for `AWS::NoValue`. */
  #value(value: Json | undefined, where: string): Json | undefined {
    if (Array.isArray(value)) {
      return (value as readonly Json[])
        .map((item, index) => this.#value(item, `${where}[${index}]`))
        .filter((item) => item !== undefined);
    }
    if (!isObject(value)) return value;
    const [key = "", ...more] = Object.keys(value);
    if (more.length === 0 && (key === "Ref" || key.startsWith("Fn::"))) {
      return this.#intrinsic(key, value[key] as Json, `${where}.${key}`);
    }
    if (more.length === 0 && key === "Condition" && typeof value[key] === "string") return this.#condition(value[key]);
    const entries = Object.entries(value).map(
      ([name, entry]) => [name, this.#value(entry, `${where}.${name}`)] as const,
    );
    return Object.fromEntries(entries.filter(([, entry]) => entry !== undefined));
  }

  #text(value: Json | undefined, where: string): string {
    const resolved = this.#value(value, where);
    if (resolved === undefined || typeof resolved === "object") this.#fail(`${where} does not resolve to a string`);
    return String(resolved);
  }

  #list(value: Json | undefined, where: string): readonly Json[] {
    const resolved = this.#value(value, where);
    return Array.isArray(resolved) ? resolved : this.#fail(`${where} does not resolve to a list`);
  }

  #intrinsic(name: string, argument: Json, at: string): Json | undefined {
    const parts = Array.isArray(argument) ? (argument as readonly Json[]) : [];
    switch (name) {
      case "Ref":
        return this.#ref(String(argument), at);
      case "Fn::GetAtt": {
        const [logicalId, attribute] =
          typeof argument === "string" ? argument.split(/\.(.*)/s) : [String(parts[0]), this.#text(parts[1], at)];
        const [, output] = /^Outputs\.(.+)$/.exec(String(attribute)) ?? [];
        if (output !== undefined) return this.#nestedStack(String(logicalId), at).#output(output, at);
        return attributeOf(this.#identity(String(logicalId), at), String(attribute));
      }
      case "Fn::Join":
        return this.#list(parts[1], at)
          .map((item) => this.#text(item, at))
          .join(String(parts[0]));
      case "Fn::Split":
        return this.#text(parts[1], at).split(String(parts[0]));
      case "Fn::Select": {
        const item = this.#list(parts[1], at)[Number(this.#text(parts[0], at))];
        return item ?? this.#fail(`${at} selects an element that does not exist`);
      }
      case "Fn::Sub":
        return typeof argument === "string" ? this.#sub(argument, {}, at) : this.#sub(String(parts[0]), parts[1], at);
      case "Fn::ImportValue":
        return this.#importValue(this.#text(argument, at));
      case "Fn::If":
        return this.#value(this.#condition(String(parts[0])) ? parts[1] : parts[2], at);
      case "Fn::Equals":
        return JSON.stringify(this.#value(parts[0], at)) === JSON.stringify(this.#value(parts[1], at));
      case "Fn::And":
        return parts.every((part) => this.#value(part, at) === true);
      case "Fn::Or":
        return parts.some((part) => this.#value(part, at) === true);
      case "Fn::Not":
        return this.#value(parts[0], at) !== true;
      default:
        return this.#fail(`${at}: intrinsic function ${name} is not known to the local host`);
    }
  }

  #sub(template: string, variables: Json | undefined, at: string): string {
    return template.replace(/\$\{(!?)([^}]+)\}/g, (_, literal: string, expression: string) => {
      if (literal) return `\${${expression}}`;
      const given = isObject(variables) ? variables[expression] : undefined;
      if (given !== undefined) return this.#text(given, at);
      return this.#text({ [expression.includes(".") ? "Fn::GetAtt" : "Ref"]: expression }, at);
    });
  }

  #condition(name: string): boolean {
    const condition = this.#stack.template.Conditions[name];
    if (condition === undefined) this.#fail(`condition ${name} is not defined`);
    return this.#value(condition, `Conditions.${name}`) === true;
  }

  #ref(name: string, where: string): Json | undefined {
    const { region, accountId, name: stackName, id, template } = this.#stack;
    const pseudoParameters: Readonly<Record<string, string | undefined>> = {
      "AWS::Region": region,
      "AWS::AccountId": accountId,
      "AWS::Partition": "aws",
      "AWS::URLSuffix": "amazonaws.com",
      "AWS::StackName": stackName,
      "AWS::StackId": id,
      "AWS::NoValue": undefined,
    };
    if (Object.hasOwn(pseudoParameters, name)) return pseudoParameters[name];
    const parameter = template.Parameters[name];
    if (parameter === undefined) return refOf(this.#identity(name, where));
    const value = this.#parameters[name] ?? parameter.Default;
    if (value === undefined) this.#fail(`parameter ${name} has no default and the local host gives it no value`);
    const isList = parameter.Type.startsWith("List<") || parameter.Type === "CommaDelimitedList";
    return isList ? String(value).split(",") : value;
  }

  #identity(logicalId: string, where: string): Identified {
    const { name: stack, region, accountId, template } = this.#stack;
    const resource = template.Resources[logicalId];
    if (resource === undefined) this.#fail(`${where} names ${logicalId}, which does not exist`);
    return {
      stack,
      logicalId,
      type: resource.Type,
      region,
      accountId,
      name: (property) => {
        const value = resource.Properties[property];
        return value === undefined ? undefined : this.#text(value, `${logicalId}.${property}`);
      },
    };
  }

  #nestedStack(logicalId: string, at: string): TemplateResolver {
    const known = this.#nested.get(logicalId);
    if (known !== undefined) return known;
    const resource = this.#stack.template.Resources[logicalId];
    if (resource?.Type !== nestedStackType) this.#fail(`${at} names ${logicalId}, which is no nested stack`);
    const { TemplateURL, Parameters = {} } = resource.Properties;
    const parameters = Object.entries(Parameters as JsonObject).map(
      ([name, value]) => [name, this.#text(value, `${logicalId}.Parameters.${name}`)] as const,
    );
    const name = `${this.#stack.name}-${logicalId}`;
    const nested = new TemplateResolver(
      {
        ...this.#stack,
        name,
        id: this.#stack.id.replace(`:stack/${this.#stack.name}/`, `:stack/${name}/`),
        template: this.#stack.nestedTemplate(this.#text(TemplateURL, `${logicalId}.TemplateURL`)),
      },
      Object.fromEntries(parameters),
      this.#importValue,
    );
    this.#nested.set(logicalId, nested);
    return nested;
  }

  #output(name: string, at: string): Json | undefined {
    const output = this.#stack.template.Outputs[name];
    if (output === undefined) this.#fail(`${at} names the output ${name}, which does not exist`);
    return this.#value(output.Value, `Outputs.${name}`);
  }

  /** The resources of this stack and of the stacks nested in it. */
  resources(): readonly ResolvedResource[] {
    return Object.entries(this.#stack.template.Resources).flatMap(
      ([logicalId, { Type: type, Condition, Properties }]) => {
        if (Condition !== undefined && !this.#condition(Condition)) return [];
        if (type === nestedStackType) return this.#nestedStack(logicalId, logicalId).resources();
        const identity = this.#identity(logicalId, logicalId);
        return [
          {
            stack: this.#stack.name,
            stackId: this.#stack.id,
            logicalId,
            type,
            properties: this.#value(Properties, logicalId) as JsonObject,
            // A resource without references needs no identity; an unknown reference is refused where it stands.
            ref: hasIdentity(type) ? refOf(identity) : undefined,
            rootResourceId: type === "AWS::ApiGateway::RestApi" ? attributeOf(identity, "RootResourceId") : undefined,
          },
        ];
      },
    );
  }

  /** Export name → value of this stack's outputs, each resolved on request. */
  exports(): ReadonlyMap<string, () => Json> {
    return new Map(
      Object.entries(this.#stack.template.Outputs).flatMap(([name, { Value, Export }]) => {
        if (Export === undefined) return [];
        const exported = this.#text(Export.Name, `Outputs.${name}.Export`);
        return [[exported, () => this.#value(Value, `Outputs.${name}`) ?? null] as const];
      }),
    );
  }
}
