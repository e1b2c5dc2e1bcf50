/** Takes resources out of the templates of deployed stacks, into a template of their own. */
import { refersTo, withKnownId, type EmulatedResource, type EmulatedTemplate } from "./allowances.ts";
import type { DeployedStack, StackValues } from "./stack-values.ts";

/** Resources of these types come along when an excerpt refers to them. */
const companions = new Set([
  ...["AWS::ApiGateway::Deployment", "AWS::ApiGateway::Resource", "AWS::ApiGateway::RestApi", "AWS::KMS::Key"],
]);

export interface Source {
  readonly stack: DeployedStack;
  /** The template of the stack before anything was taken out. */
  readonly whole: EmulatedTemplate;
}

/**
 * References to what the excerpt has stay references; any other becomes the value that came about.
 *
 * @throws Error when two stacks have the same logical id
 */
export function excerptOf(
  sources: readonly Source[],
  isWanted: (resource: EmulatedResource) => boolean,
  values: StackValues,
): EmulatedTemplate {
  const entries = sources.flatMap(({ stack, whole: { Resources } }) => {
    const wanted = Object.keys(Resources).filter((id) => Resources[id] !== undefined && isWanted(Resources[id]));
    const ids = withCompanions(Resources, wanted);
    return ids.map((id) => {
      const { Type = "", Properties = {}, DependsOn = [] } = Resources[id] ?? {};
      const keep = (value: unknown): unknown => excerpted(value, ids, (other) => values.resolve(other, stack));
      const dependencies = [DependsOn].flat().filter((dependency) => ids.includes(dependency));
      const resource = { Type, Properties: keep(Properties) as object, DependsOn: dependencies };
      return [id, withKnownId(resource as EmulatedResource)] as const;
    });
  });
  const resources = Object.fromEntries(entries);
  if (Object.keys(resources).length < entries.length) throw new Error("two stacks have a resource of the same id");
  return { Resources: resources };
}

function withCompanions(resources: EmulatedTemplate["Resources"], ids: readonly string[]): readonly string[] {
  const more = Object.entries(resources)
    .filter(([id, { Type }]) => companions.has(Type) && !ids.includes(id))
    .map(([id]) => id)
    .filter((id) => ids.some((taken) => refersTo(resources[taken]?.Properties ?? {}, id)));
  return more.length === 0 ? ids : withCompanions(resources, [...ids, ...more]);
}

function excerpted(value: unknown, ids: readonly string[], resolve: (value: unknown) => unknown): unknown {
  if (typeof value !== "object" || value === null || !ids.some((id) => refersTo(value, id))) return resolve(value);
  if ("Ref" in value || "Fn::GetAtt" in value) return value;
  const deeper = (item: unknown): unknown => excerpted(item, ids, resolve);
  if (Array.isArray(value)) return value.map(deeper);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, deeper(item)]));
}
