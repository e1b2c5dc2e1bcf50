/** Resolves the values of deployed templates: what a property is declared to be once every resource has its physical id. */
import type { EmulatedResource, EmulatedTemplate } from "./allowances.ts";

export interface DeployedStack {
  readonly name: string;
  readonly template: EmulatedTemplate;
  /** Physical ids by logical id. */
  readonly physicalIds: Readonly<Record<string, string>>;
  /** Values of its parameters. Those of a nested stack come from its parent. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Nested stacks by the logical id that they have here. */
  readonly nested: Readonly<Record<string, DeployedStack>>;
  readonly parent?: { readonly stack: DeployedStack; readonly logicalId: string };
}

interface Output {
  readonly Value: unknown;
  readonly Export?: { readonly Name: unknown };
}

export const account = "000000000000";
export const region = "us-east-1";

const pseudo: Readonly<Record<string, string>> = {
  "AWS::AccountId": account,
  "AWS::Region": region,
  "AWS::Partition": "aws",
  "AWS::URLSuffix": "amazonaws.com",
};

const arn = (service: string, resource: string): string => `arn:aws:${service}:${region}:${account}:${resource}`;

/** ARNs by type, from the physical id. */
const arns: Readonly<Record<string, (id: string) => string>> = {
  "AWS::IAM::Role": (id) => `arn:aws:iam::${account}:role/${id}`,
  "AWS::Lambda::Function": (id) => arn("lambda", `function:${id}`),
  "AWS::DynamoDB::Table": (id) => arn("dynamodb", `table/${id}`),
  "AWS::KMS::Key": (id) => arn("kms", `key/${id}`),
  "AWS::SQS::Queue": (id) => arn("sqs", id.split("/").at(-1) ?? ""),
  "AWS::Events::EventBus": (id) => arn("events", `event-bus/${id}`),
  "AWS::Events::Rule": (id) => arn("events", `rule/${id.replace("|", "/")}`),
  "AWS::Logs::LogGroup": (id) => arn("logs", `log-group:${id}:*`),
  "AWS::CloudWatch::Alarm": (id) => arn("cloudwatch", `alarm:${id}`),
};

export class StackValues {
  readonly #stacks: readonly DeployedStack[];
  /** The ARN of the table's stream, which no declaration tells. */
  readonly #streamArn: string;

  constructor(stacks: readonly DeployedStack[], streamArn: string) {
    this.#stacks = stacks;
    this.#streamArn = streamArn;
  }

  /** @throws Error for a function of CloudFormation or an attribute that this class does not know */
  resolve(value: unknown, stack: DeployedStack): unknown {
    if (Array.isArray(value)) {
      return value.map((item) => this.resolve(item, stack)).filter((item) => item !== undefined);
    }
    if (typeof value !== "object" || value === null) return value;
    const entries = Object.entries(value);
    const [[name, argument] = ["", undefined]] = entries;
    if (entries.length === 1 && (name === "Ref" || name.startsWith("Fn::"))) return this.#call(name, argument, stack);
    return Object.fromEntries(entries.map(([key, item]) => [key, this.resolve(item, stack)]));
  }

  #call(name: string, argument: unknown, stack: DeployedStack): unknown {
    const list = Array.isArray(argument) ? (argument as readonly unknown[]) : [];
    const resolved = (index: number): unknown => this.resolve(list[index], stack);
    if (name === "Ref") return this.#reference(String(argument), stack);
    if (name === "Fn::GetAtt") return this.#attribute(String(list[0]), String(list[1]), stack);
    if (name === "Fn::Join") return (resolved(1) as readonly unknown[]).join(String(list[0]));
    if (name === "Fn::Split") return String(resolved(1)).split(String(list[0]));
    if (name === "Fn::Select") return (resolved(1) as readonly unknown[])[Number(resolved(0))];
    if (name === "Fn::Sub" && typeof argument === "string") {
      return argument.replace(/\$\{([^}]+)\}/g, (_, reference: string) => String(this.#reference(reference, stack)));
    }
    if (name === "Fn::ImportValue") return this.#imported(String(this.resolve(argument, stack)));
    throw new Error(`${stack.name} has ${name}, which the comparison does not know`);
  }

  #reference(id: string, stack: DeployedStack): unknown {
    if (id === "AWS::NoValue") return undefined;
    const resource = stack.template.Resources[id];
    if (resource?.Type === "AWS::ApiGateway::Resource") return this.#path(resource, stack);
    const known = pseudo[id] ?? stack.parameters[id] ?? stack.physicalIds[id];
    if (known !== undefined) return known;
    const { parent } = stack;
    const given = parent?.stack.template.Resources[parent.logicalId]?.Properties?.["Parameters"];
    const parameter = (given as Readonly<Record<string, unknown>> | undefined)?.[id];
    if (parent === undefined || parameter === undefined) throw new Error(`${stack.name} has no ${id}`);
    return this.resolve(parameter, parent.stack);
  }

  /** Its ids are the emulator's own, so a resource of the API is known by its path. */
  #path({ Properties: { ParentId, PathPart } = {} }: EmulatedResource, stack: DeployedStack): string {
    return `${String(this.resolve(ParentId, stack)).replace(/\/$/, "")}/${String(PathPart)}`;
  }

  #attribute(id: string, attribute: string, stack: DeployedStack): unknown {
    const [, output] = /^Outputs\.(.+)$/.exec(attribute) ?? [];
    const child = stack.nested[id];
    if (output !== undefined && child !== undefined) return this.resolve(outputsOf(child)[output]?.Value, child);
    const type = stack.template.Resources[id]?.Type ?? "";
    const physicalId = String(stack.physicalIds[id]);
    if (attribute === "RootResourceId") return "/";
    if (attribute === "StreamArn") return this.#streamArn;
    if (attribute === "Arn" && arns[type] !== undefined) return arns[type](physicalId);
    if (attribute === "QueueName" || attribute === "Name") return physicalId.split("/").at(-1);
    throw new Error(`the comparison does not know ${attribute} of ${type}`);
  }

  #imported(name: string): unknown {
    for (const stack of this.#stacks) {
      for (const { Export: exported, Value } of Object.values(outputsOf(stack))) {
        if (exported !== undefined && this.resolve(exported.Name, stack) === name) return this.resolve(Value, stack);
      }
    }
    throw new Error(`no stack exports ${name}`);
  }
}

function outputsOf({ template }: DeployedStack): Readonly<Record<string, Output>> {
  return (template["Outputs"] ?? {}) as Readonly<Record<string, Output>>;
}
