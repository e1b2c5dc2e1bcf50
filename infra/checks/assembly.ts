/** Synthesises a stage in a separate process and reads the cloud assembly. */
import { execFile } from "node:child_process";
import { readFile, readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
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
  /** Whether AWS's template validator runs, which takes half of the time. Default true. */
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
  /** By stack name. */
  readonly templates: Readonly<Record<string, Template>>;
  /** The content of `validation-report.json`. */
  readonly report: unknown;
  readonly acknowledgements: readonly Acknowledgement[];
}

/** Reads a cloud assembly. Throws when a file is missing, because a missing report must not count as "no findings". */
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
  return {
    templates: Object.fromEntries(templates),
    report: await json("validation-report.json"),
    acknowledgements: metadata.flat(),
  };
}

/** Resources of each stack. */
export function resourceCounts(assembly: Assembly): Readonly<Record<string, number>> {
  return Object.fromEntries(
    Object.entries(assembly.templates).map(([stack, template]) => [stack, Object.keys(template.Resources).length]),
  );
}
