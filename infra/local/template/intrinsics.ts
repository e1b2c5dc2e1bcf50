/**
 * Loads a cloud assembly (the folder that `cdk synth` writes) and resolves its templates' intrinsic functions, as
 * CloudFormation would at the time of the deployment.
 */
import { existsSync, readFileSync } from "node:fs";
import { join, resolve as resolvePath } from "node:path";
import { LocalHostError, messageOf } from "../support/errors.ts";
import { attributeOf, hasIdentity, refOf, type Identified } from "./identities.ts";
import { isObject, type Json, type JsonObject } from "./template-reader.ts";

/** One resource with its intrinsics resolved. */
export interface ResolvedResource {
  /** Name of the stack. */
  readonly stack: string;
  readonly stackId: string;
  readonly logicalId: string;
  /** CloudFormation type, e.g. `AWS::Lambda::Function`. */
  readonly type: string;
  readonly properties: JsonObject;
  /** Value of `Ref`; undefined for types without a local identity. */
  readonly ref: string | undefined;
  /** Of a REST API: the id of the resource `/`. */
  readonly rootResourceId: string | undefined;
}

export interface LoadedAssembly {
  readonly region: string;
  readonly accountId: string;
  /** Every stack's resources, stacks in dependency order. */
  readonly resources: readonly ResolvedResource[];
  /** Key of an asset in its bucket (`<hash>.zip`) → absolute path of its folder. */
  readonly assets: ReadonlyMap<string, string>;
}

interface Stack {
  readonly name: string;
  readonly id: string;
  readonly region: string;
  readonly accountId: string;
  readonly template: JsonObject;
}

const knownSections = [
  "AWSTemplateFormatVersion",
  "Description",
  "Metadata",
  "Parameters",
  "Conditions",
  "Resources",
  "Outputs",
  "Rules",
];
const defaultRegion = "us-east-1";
const defaultAccount = "000000000000";

function readJson(path: string): JsonObject {
  try {
    const value: unknown = JSON.parse(readFileSync(path, "utf8"));
    if (isObject(value)) return value;
  } catch (error) {
    throw new LocalHostError(`cannot read ${path}: ${messageOf(error)}`);
  }
  throw new LocalHostError(`${path} is not a JSON object`);
}

function section(holder: JsonObject, name: string): JsonObject {
  const value = holder[name];
  return isObject(value) ? value : {};
}

/** Stacks and asset manifests of an assembly folder; nested assemblies (CDK stages) included. */
function readStacks(folder: string, stacks: Stack[], assets: Map<string, string>): void {
  if (!existsSync(join(folder, "manifest.json"))) {
    throw new LocalHostError(`${folder} holds no cloud assembly; run \`npm run synth\` or \`npm start\` to make one`);
  }
  const artifacts = Object.entries(section(readJson(join(folder, "manifest.json")), "artifacts"));
  const byId = new Map(artifacts.filter((entry): entry is [string, JsonObject] => isObject(entry[1])));
  const seen = new Set<string>();
  const visit = (id: string): void => {
    const artifact = byId.get(id);
    if (artifact === undefined || seen.has(id)) return;
    seen.add(id);
    for (const dependency of (artifact["dependencies"] as readonly string[] | undefined) ?? []) visit(dependency);
    const properties = section(artifact, "properties");
    if (artifact["type"] === "cdk:asset-manifest") readAssets(folder, String(properties["file"]), assets);
    if (artifact["type"] === "cdk:cloud-assembly")
      readStacks(join(folder, String(properties["directoryName"])), stacks, assets);
    if (artifact["type"] === "aws:cloudformation:stack") {
      const name = String(properties["stackName"] ?? id);
      const [account, region] = String(artifact["environment"] ?? "")
        .replace("aws://", "")
        .split("/");
      const accountId = account && /^\d{12}$/.test(account) ? account : defaultAccount;
      const stackRegion = region && region !== "unknown-region" ? region : defaultRegion;
      stacks.push({
        name,
        id: `arn:aws:cloudformation:${stackRegion}:${accountId}:stack/${name}/00000000-0000-0000-0000-000000000000`,
        region: stackRegion,
        accountId,
        template: readJson(join(folder, String(properties["templateFile"]))),
      });
    }
  };
  for (const [id] of artifacts) visit(id);
}

function readAssets(folder: string, file: string, assets: Map<string, string>): void {
  for (const asset of Object.values(section(readJson(join(folder, file)), "files"))) {
    if (!isObject(asset)) continue;
    const path = resolvePath(folder, String(section(asset, "source")["path"]));
    for (const destination of Object.values(section(asset, "destinations"))) {
      if (isObject(destination)) assets.set(String(destination["objectKey"]), path);
    }
  }
}

/** Resolves the values of one stack; other stacks are reached through their exports. */
class Resolver {
  readonly #stack: Stack;
  readonly #parameters: Readonly<Record<string, string>>;
  readonly #importValue: (name: string) => Json;

  constructor(stack: Stack, parameters: Readonly<Record<string, string>>, importValue: (name: string) => Json) {
    this.#stack = stack;
    this.#parameters = parameters;
    this.#importValue = importValue;
    const unknown = Object.keys(stack.template).find((name) => !knownSections.includes(name));
    if (unknown !== undefined) this.#fail(`template section ${unknown} is not known to the local host`);
  }

  #fail(message: string): never {
    throw new LocalHostError(`stack ${this.#stack.name}: ${message}`);
  }

  /** Resolves a value; undefined stands for `AWS::NoValue`. */
  value(value: Json | undefined, where: string): Json | undefined {
    if (Array.isArray(value)) {
      return (value as readonly Json[])
        .map((item, index) => this.value(item, `${where}[${index}]`))
        .filter((item) => item !== undefined);
    }
    if (!isObject(value)) return value;
    const [key, ...more] = Object.keys(value);
    if (
      key !== undefined &&
      more.length === 0 &&
      (key === "Ref" || key.startsWith("Fn::") || (key === "Condition" && typeof value[key] === "string"))
    ) {
      return key === "Condition" ? this.condition(String(value[key])) : this.#intrinsic(key, value[key] as Json, where);
    }
    const resolved: Record<string, Json> = {};
    for (const [name, entry] of Object.entries(value)) {
      const item = this.value(entry, `${where}.${name}`);
      if (item !== undefined) resolved[name] = item;
    }
    return resolved;
  }

  text(value: Json | undefined, where: string): string {
    const resolved = this.value(value, where);
    if (resolved === undefined || typeof resolved === "object") this.#fail(`${where} does not resolve to a string`);
    return String(resolved);
  }

  #list(value: Json | undefined, where: string): readonly Json[] {
    const resolved = this.value(value, where);
    return Array.isArray(resolved) ? resolved : this.#fail(`${where} does not resolve to a list`);
  }

  #intrinsic(name: string, argument: Json, where: string): Json | undefined {
    const at = `${where}.${name}`;
    const parts = Array.isArray(argument) ? (argument as readonly Json[]) : [];
    switch (name) {
      case "Ref":
        return this.ref(String(argument), at);
      case "Fn::GetAtt": {
        const [logicalId, attribute] =
          typeof argument === "string" ? argument.split(/\.(.*)/s) : [String(parts[0]), this.text(parts[1], at)];
        return attributeOf(this.identity(String(logicalId), at), String(attribute));
      }
      case "Fn::Join":
        return this.#list(parts[1], at)
          .map((item) => this.text(item, at))
          .join(String(parts[0]));
      case "Fn::Split":
        return this.text(parts[1], at).split(String(parts[0]));
      case "Fn::Select": {
        const item = this.#list(parts[1], at)[Number(this.text(parts[0], at))];
        return item ?? this.#fail(`${at} selects an element that is not there`);
      }
      case "Fn::Sub": {
        const [template, variables] =
          typeof argument === "string" ? [argument, undefined] : [String(parts[0]), parts[1]];
        return template.replace(/\$\{(!?)([^}]+)\}/g, (_, literal: string, expression: string) => {
          if (literal) return `\${${expression}}`;
          const given = isObject(variables) ? variables[expression] : undefined;
          if (given !== undefined) return this.text(given, at);
          return expression.includes(".")
            ? this.text({ "Fn::GetAtt": expression }, at)
            : this.text({ Ref: expression }, at);
        });
      }
      case "Fn::ImportValue":
        return this.#importValue(this.text(argument, at));
      case "Fn::If":
        return this.value(this.condition(String(parts[0])) ? parts[1] : parts[2], at);
      case "Fn::Equals":
        return JSON.stringify(this.value(parts[0], at)) === JSON.stringify(this.value(parts[1], at));
      case "Fn::And":
        return parts.every((part) => this.value(part, at) === true);
      case "Fn::Or":
        return parts.some((part) => this.value(part, at) === true);
      case "Fn::Not":
        return this.value(parts[0], at) !== true;
      default:
        return this.#fail(`${where}: intrinsic function ${name} is not known to the local host`);
    }
  }

  condition(name: string): boolean {
    const condition = section(this.#stack.template, "Conditions")[name];
    if (condition === undefined) this.#fail(`condition ${name} is not defined`);
    return this.value(condition, `Conditions.${name}`) === true;
  }

  ref(name: string, where: string): Json | undefined {
    switch (name) {
      case "AWS::Region":
        return this.#stack.region;
      case "AWS::AccountId":
        return this.#stack.accountId;
      case "AWS::Partition":
        return "aws";
      case "AWS::URLSuffix":
        return "amazonaws.com";
      case "AWS::StackName":
        return this.#stack.name;
      case "AWS::StackId":
        return this.#stack.id;
      case "AWS::NoValue":
        return undefined;
    }
    const parameter = section(this.#stack.template, "Parameters")[name];
    if (!isObject(parameter)) return refOf(this.identity(name, where));
    const value = this.#parameters[name] ?? parameter["Default"];
    if (value === undefined) this.#fail(`parameter ${name} has no default and the local host gives it no value`);
    return String(parameter["Type"]).startsWith("List<") || parameter["Type"] === "CommaDelimitedList"
      ? String(value).split(",")
      : value;
  }

  identity(logicalId: string, where: string): Identified {
    const resource = section(this.#stack.template, "Resources")[logicalId];
    if (!isObject(resource)) this.#fail(`${where} names ${logicalId}, which does not exist`);
    const { name: stack, region, accountId } = this.#stack;
    return {
      stack,
      logicalId,
      type: String(resource["Type"]),
      region,
      accountId,
      name: (property) => {
        const value = section(resource, "Properties")[property];
        return value === undefined ? undefined : this.text(value, `${logicalId}.${property}`);
      },
    };
  }

  resources(): readonly ResolvedResource[] {
    return Object.entries(section(this.#stack.template, "Resources")).flatMap(([logicalId, resource]) => {
      if (!isObject(resource)) return [];
      if (resource["Condition"] !== undefined && !this.condition(String(resource["Condition"]))) return [];
      const properties = this.value(resource["Properties"] ?? {}, logicalId);
      const type = String(resource["Type"]);
      const identity = this.identity(logicalId, logicalId);
      // A resource that nothing refers to needs no identity; a reference to it complains by itself.
      const ref = hasIdentity(type) ? refOf(identity) : undefined;
      return [
        {
          stack: this.#stack.name,
          stackId: this.#stack.id,
          logicalId,
          type,
          properties: properties as JsonObject,
          ref,
          rootResourceId: type === "AWS::ApiGateway::RestApi" ? attributeOf(identity, "RootResourceId") : undefined,
        },
      ];
    });
  }

  /** Export name → value of this stack's outputs, each resolved when it is asked for. */
  exports(): ReadonlyMap<string, () => Json> {
    return new Map(
      Object.entries(section(this.#stack.template, "Outputs")).flatMap(([name, output]) => {
        if (!isObject(output) || !isObject(output["Export"])) return [];
        const exported = this.text(output["Export"]["Name"], `Outputs.${name}.Export`);
        return [[exported, () => this.value(output["Value"], `Outputs.${name}`) ?? null] as const];
      }),
    );
  }
}

/**
 * Names of the parameters that the assembly's templates have.
 *
 * @throws LocalHostError when the folder holds no assembly
 */
export function parametersOf(folder: string): ReadonlySet<string> {
  const stacks: Stack[] = [];
  readStacks(folder, stacks, new Map());
  return new Set(stacks.flatMap(({ template }) => Object.keys(section(template, "Parameters"))));
}

/**
 * Loads an assembly folder and resolves every resource of every stack.
 *
 * @param folder the cloud assembly, with `manifest.json`
 * @param parameters values of template parameters, e.g. `{ PublicUrl: "http://127.0.0.1:3000" }`; a parameter that is not
 *   given takes its default
 * @throws LocalHostError naming the first intrinsic function, section, attribute or parameter that is not known
 */
export function loadAssembly(folder: string, parameters: Readonly<Record<string, string>> = {}): LoadedAssembly {
  const stacks: Stack[] = [];
  const assets = new Map<string, string>();
  readStacks(folder, stacks, assets);
  if (stacks.length === 0) throw new LocalHostError(`${folder} holds no stack`);

  const exports = new Map<string, () => Json>();
  const importValue = (name: string): Json => {
    const value = exports.get(name);
    if (value === undefined) throw new LocalHostError(`Fn::ImportValue ${name}: no stack of the assembly exports it`);
    return value();
  };
  const resolvers = stacks.map((stack) => new Resolver(stack, parameters, importValue));
  for (const resolver of resolvers) for (const [name, value] of resolver.exports()) exports.set(name, value);

  const [{ region, accountId }] = stacks as [Stack];
  return { region, accountId, resources: resolvers.flatMap((resolver) => resolver.resources()), assets };
}
