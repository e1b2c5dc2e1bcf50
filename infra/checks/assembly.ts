/** Synthesises a stage in a separate process and reads the cloud assembly. */
import { execFile } from "node:child_process";
import { readFile, readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { compileCache } from "../build/compile-cache.ts";
import { acknowledgementsOf, type Acknowledgement } from "./report.ts";

const root = resolve(import.meta.dirname, "../..");

export interface SynthResult {
  readonly exitCode: number;
  /** The output on standard error. */
  readonly errors: string;
}

export interface SynthOptions {
  /** The CDK program's path from the project's root. Default `infra/app.ts`. */
  readonly program?: string;
  /** Whether AWS's template validator and cdk-nag run, which takes half of the time. Default true. */
  readonly validate?: boolean;
}

/**
 * Runs a CDK app without the CLI.
 *
 * @param outDir output folder of the cloud assembly
 * @param context CDK context, as in `-c key=value`
 */
export function synthesize(
  outDir: string,
  context: Readonly<Record<string, string>>,
  { program = "infra/app.ts", validate = true }: SynthOptions = {},
): Promise<SynthResult> {
  const env = {
    ...process.env,
    ...compileCache,
    CDK_OUTDIR: outDir,
    CDK_CONTEXT_JSON: JSON.stringify(context),
    CDK_VALIDATION: String(validate),
  };
  return new Promise((settle) => {
    execFile(process.execPath, [program], { cwd: root, env }, (error, _output, errors) => {
      const code = error ? (typeof error.code === "number" ? error.code : 1) : 0;
      settle({ exitCode: code, errors });
    });
  });
}

export interface Template {
  readonly Resources: Readonly<Record<string, Resource>>;
  readonly Outputs?: Readonly<Record<string, { readonly Value: unknown }>>;
  readonly Parameters?: Readonly<Record<string, unknown>>;
  readonly Conditions?: Readonly<Record<string, unknown>>;
}

export interface Resource {
  readonly Type: string;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- every type of resource has its own properties
  readonly Properties: any;
  readonly DependsOn?: readonly string[];
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
}

export interface Assembly {
  /** By stack name, each with the resources of the stacks nested in it. */
  readonly templates: Readonly<Record<string, Template>>;
  /** Paths of all templates, by the names of their files without the ending. */
  readonly files: Readonly<Record<string, string>>;
  /** Resources of each template, nested ones by themselves: CloudFormation's limit is for each. */
  readonly resourceCounts: Readonly<Record<string, number>>;
  /** The content of `validation-report.json`; undefined if nothing was validated. `findingsOf` refuses that. */
  readonly report: unknown;
  readonly acknowledgements: readonly Acknowledgement[];
}

/** Reads a cloud assembly. */
export async function readAssembly(outDir: string): Promise<Assembly> {
  const files = await readdir(outDir);
  const json = async (file: string): Promise<unknown> => JSON.parse(await readFile(join(outDir, file), "utf8"));
  const ending = ".template.json";
  const stacks = files.filter((file) => file.endsWith(ending)).map((file) => file.slice(0, -ending.length));
  const templates = await Promise.all(
    stacks.map(async (stack) => [stack, (await json(`${stack}${ending}`)) as Template] as const),
  );
  const metadata = await Promise.all(
    files
      .filter((file) => file.endsWith(".metadata.json"))
      .map(async (file) => acknowledgementsOf((await json(file)) as Parameters<typeof acknowledgementsOf>[0])),
  );
  const nested = templates.filter(([stack]) => stack.endsWith(nestedEnding)).map(([, template]) => template);
  return {
    templates: Object.fromEntries(
      templates
        .filter(([stack]) => !stack.endsWith(nestedEnding))
        .map(([stack, template]) => [stack, withNested(template, nested)]),
    ),
    files: Object.fromEntries(stacks.map((stack) => [stack, join(outDir, `${stack}${ending}`)])),
    resourceCounts: Object.fromEntries(
      templates.map(([stack, template]) => [stack, Object.keys(template.Resources).length]),
    ),
    report: files.includes(reportFile) ? await json(reportFile) : undefined,
    acknowledgements: metadata.flat(),
  };
}

const nestedEnding = ".nested";
const reportFile = "validation-report.json";

/**
 * A template as if it had the resources of its nested stacks itself: who looks for a function need not know which stack makes it.
 *
 * @throws Error for an output that no nested stack has: no reader could follow it
 */
function withNested(template: Template, nested: readonly Template[]): Template {
  const resources = Object.entries(template.Resources);
  const stacks = resources.filter(([, { Type }]) => Type === nestedStackType).map(([, stack]) => stack);
  if (stacks.length === 0) return template;
  const outputs = Object.assign({}, ...nested.map(({ Outputs }) => Outputs)) as NonNullable<Template["Outputs"]>;
  // CDK names a parameter after what it stands for, so no two nested stacks have different ones of the same name.
  const parameters = Object.assign({}, ...stacks.map(parametersFor)) as Readonly<Record<string, unknown>>;
  const resolve = (_key: string, value: unknown): unknown => {
    const { Ref: name, "Fn::GetAtt": attribute } = (value ?? {}) as Reference;
    if (name !== undefined && Object.hasOwn(parameters, name)) return parameters[name];
    const [, output] = /^Outputs\.(.+)$/.exec(attribute?.[1] ?? "") ?? [];
    if (output === undefined) return value;
    return (outputs[output] ?? missing(`no nested stack has the output ${output}`)).Value;
  };
  const own = resources.filter(([, { Type }]) => Type !== nestedStackType);
  const Resources = Object.assign(
    Object.fromEntries(own),
    ...nested.map((one) => one.Resources),
  ) as Template["Resources"];
  return JSON.parse(JSON.stringify({ ...template, Resources }, resolve)) as Template;
}

interface Reference {
  readonly Ref?: string;
  readonly "Fn::GetAtt"?: readonly string[];
}

/** The values that a stack gives to the parameters of a nested one. */
function parametersFor({ Properties }: Resource): Readonly<Record<string, unknown>> {
  return (Properties as { readonly Parameters?: Readonly<Record<string, unknown>> }).Parameters ?? {};
}

function missing(message: string): never {
  throw new Error(message);
}

const nestedStackType = "AWS::CloudFormation::Stack";
