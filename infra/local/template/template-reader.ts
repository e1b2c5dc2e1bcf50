import { LocalHostError } from "../support/errors.ts";
import { parseOrRefuse } from "../support/parsing.ts";
import type { LoadedAssembly } from "./cloud-assembly.ts";
import type { ResolvedResource } from "./intrinsics.ts";
import { servedTypes, typesWithoutLocalMeaning, type PropertiesOf, type ServedType } from "./resource-schemas.ts";

/** A resource with its properties parsed. */
export interface ParsedResource<Type extends ServedType> {
  readonly resource: ResolvedResource;
  /** Value of `Ref`; empty for types without a local identity. */
  readonly ref: string;
  readonly properties: PropertiesOf<Type>;
  /** `<type> <stack>/<logical id>`, for messages. */
  readonly where: string;
  readonly refuse: (property: string, reason: string) => never;
}

const describe = ({ type, stack, logicalId }: ResolvedResource): string => `${type} ${stack}/${logicalId}`;

const isCustom = ({ type }: ResolvedResource): boolean =>
  type.startsWith("Custom::") || type === "AWS::CloudFormation::CustomResource";

/** Gives the resources of an assembly by type. */
export class TemplateReader {
  readonly region: string;
  readonly accountId: string;
  readonly assets: ReadonlyMap<string, string>;
  readonly customResources: readonly ResolvedResource[];
  readonly #resources: readonly ResolvedResource[];

  /** @throws LocalHostError naming the first resource whose type is not known */
  constructor({ region, accountId, assets, resources }: LoadedAssembly) {
    this.region = region;
    this.accountId = accountId;
    this.assets = assets;
    this.customResources = resources.filter(isCustom);
    this.#resources = resources;
    const unknown = resources.find(
      (resource) =>
        !Object.hasOwn(servedTypes, resource.type) &&
        !Object.hasOwn(typesWithoutLocalMeaning, resource.type) &&
        !isCustom(resource),
    );
    if (unknown === undefined) return;
    throw new LocalHostError(
      `${describe(unknown)}: the local host does not know this resource type (infra/local/template/resource-schemas.ts)`,
    );
  }

  /** @throws LocalHostError naming the resource and the property that is not known or wrong */
  ofType<Type extends ServedType>(type: Type): readonly ParsedResource<Type>[] {
    return this.#resources
      .filter((resource) => resource.type === type)
      .map((resource) => {
        const where = describe(resource);
        return {
          resource,
          ref: resource.ref ?? "",
          properties: parseOrRefuse(servedTypes[type], resource.properties, `${where}: property`) as PropertiesOf<Type>,
          where,
          refuse: (property, reason) => {
            throw new LocalHostError(`${where}: property ${property} ${reason}`);
          },
        };
      });
  }
}
