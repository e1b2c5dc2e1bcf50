/** Synthesised stages for tests: templates by stack, and intrinsics rendered so that they can be compared as text. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  readAssembly,
  synthesize,
  type Assembly,
  type Resource,
  type SynthOptions,
  type Template,
} from "../../../infra/checks/assembly.ts";

/** CDK context of production as a company could have filled it in. */
export const exampleProduction = { stageFile: "infra/checks/example-production.ts" } as const;

/**
 * Synthesises in a folder that is removed again, with the bundles of the global setup.
 *
 * @param context CDK context, such as `{ stage: "prod" }`
 * @param inspect looks at the folder before it is removed
 * @throws Error with what was printed, when the synth fails
 */
export async function synthesized(
  context: Readonly<Record<string, string>>,
  { inspect, ...options }: SynthOptions & { readonly inspect?: (outDir: string) => Promise<void> } = {},
): Promise<Assembly> {
  const outDir = await mkdtemp(join(tmpdir(), "portico-infra-test-"));
  try {
    const { exitCode, errors } = await synthesize(outDir, { ...context, built: "true" }, options);
    if (exitCode !== 0) throw new Error(errors);
    await inspect?.(outDir);
    return await readAssembly(outDir);
  } finally {
    await rm(outDir, { recursive: true, force: true });
  }
}

/** The stage `local`, as the global setup has synthesised it for the whole suite. */
export async function suiteAssembly(): Promise<Assembly> {
  const folder = process.env.PORTICO_TEST_ASSEMBLY;
  if (folder === undefined) throw new Error("the global setup has not synthesised an assembly");
  return await readAssembly(folder);
}

/** A stack's template by the end of its name: `Api`. */
export function templateOf(assembly: Assembly, stack: string): Template {
  const found = Object.entries(assembly.templates).find(([name]) => name.endsWith(`-${stack}`));
  if (!found) throw new Error(`no stack ${stack} among ${Object.keys(assembly.templates).join(", ")}`);
  return found[1];
}

/** The resources of a type with their logical ids. */
export function resourcesOf(template: Template, type: string): readonly (readonly [string, Resource])[] {
  return Object.entries(template.Resources).filter(([, resource]) => resource.Type === type);
}

/** The properties of a type's resources. */

export function propertiesOf(template: Template, type: string): readonly any[] {
  return resourcesOf(template, type).map(([, resource]) => resource.Properties);
}

/** An intrinsic as text: `{"Fn::GetAtt": ["Role", "Arn"]}` → `<Role.Arn>`; an import by the name it is exported under. */
export function text(value: unknown): string {
  if (typeof value === "string") return value;
  const [intrinsic, argument] = Object.entries(value as Record<string, unknown>)[0] ?? [];
  switch (intrinsic) {
    case "Ref":
      return `<${String(argument)}>`;
    case "Fn::GetAtt":
      return `<${(argument as string[]).join(".")}>`;
    case "Fn::ImportValue":
      return `<${text(argument)}>`;
    case "Fn::Sub":
      return text(argument);
    case "Fn::Join": {
      const [separator, parts] = argument as [string, unknown[]];
      return parts.map(text).join(separator);
    }
    default:
      throw new Error(`no text for ${JSON.stringify(value)}`);
  }
}

/** A property that CloudFormation takes as one value or as a list. */
export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value];
}

/** The statements of a role's inline policies. */
export function statementsOf(role: Resource): readonly Statement[] {
  return (role.Properties.Policies ?? []).flatMap(
    (policy: { PolicyDocument: { Statement: readonly Statement[] } }) => policy.PolicyDocument.Statement,
  );
}

export interface Statement {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
  readonly Condition?: unknown;
}
