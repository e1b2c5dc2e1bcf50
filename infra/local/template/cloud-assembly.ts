/** Stands in for a CloudFormation deployment: loads the cloud assembly that CDK wrote and resolves its templates. */
import { existsSync, readFileSync } from "node:fs";
import { basename, join, resolve as resolvePath } from "node:path";
import { AssetManifestArtifact, CloudAssembly } from "aws-cdk-lib/cx-api";
import * as z from "zod";
import { LocalHostError, messageOf } from "../support/errors.ts";
import type { Json } from "../support/json-value.ts";
import { parseOrRefuse } from "../support/parsing.ts";
import { TemplateResolver, type ResolvedResource, type Stack } from "./intrinsics.ts";
import { templateSchema, type Template } from "./template-schema.ts";

export interface LoadedAssembly {
  readonly region: string;
  readonly accountId: string;
  /** The resources of every stack, stacks in dependency order. */
  readonly resources: readonly ResolvedResource[];
  /** Key of an asset in its bucket (`<hash>.zip`) → absolute path of its folder or file. */
  readonly assets: ReadonlyMap<string, string>;
}

// A stack that names no environment, as the stage `local` does, gets these.
const defaultRegion = "us-east-1";
const defaultAccount = "000000000000";

const assetManifest = z.object({
  files: z
    .record(
      z.string(),
      z.object({
        source: z.object({ path: z.string() }),
        destinations: z.record(z.string(), z.object({ objectKey: z.string() })),
      }),
    )
    .default({}),
});

/** An assembly and the assemblies nested in it (CDK stages). */
function withNested(assembly: CloudAssembly): readonly CloudAssembly[] {
  return [assembly, ...assembly.nestedAssemblies.flatMap(({ nestedAssembly }) => withNested(nestedAssembly))];
}

function openAssembly(folder: string): readonly CloudAssembly[] {
  if (!existsSync(join(folder, "manifest.json"))) {
    throw new LocalHostError(`${folder} holds no cloud assembly: run \`npm run synth\` or \`npm start\` to make one`);
  }
  try {
    return withNested(new CloudAssembly(folder));
  } catch (error) {
    throw new LocalHostError(`cannot read ${folder}: ${messageOf(error).replace(/\s*\n\s*/g, " ")}`);
  }
}

type Assets = LoadedAssembly["assets"];

function readStacks({ stacks }: CloudAssembly, assets: Assets): readonly Stack[] {
  return stacks.map((stack) => {
    const { account, region } = stack.environment;
    const accountId = /^\d{12}$/.test(account) ? account : defaultAccount;
    const stackRegion = region === "unknown-region" ? defaultRegion : region;
    return {
      name: stack.stackName,
      id: `arn:aws:cloudformation:${stackRegion}:${accountId}:stack/${stack.stackName}/00000000-0000-0000-0000-000000000000`,
      region: stackRegion,
      accountId,
      template: parseOrRefuse(templateSchema, stack.template, `stack ${stack.stackName}: template section`),
      nestedTemplate: (url: string) => readNestedTemplate(url, assets),
    };
  });
}

/** The template of a nested stack: an asset, whose key ends its URL. */
function readNestedTemplate(url: string, assets: Assets): Template {
  const path = assets.get(url.split("/").at(-1) ?? "");
  if (path === undefined) throw new LocalHostError(`the template ${url} of a nested stack is no asset of the assembly`);
  return parseOrRefuse(templateSchema, JSON.parse(readFileSync(path, "utf8")), `template ${basename(path)}: section`);
}

function readAssets({ artifacts, directory }: CloudAssembly): readonly (readonly [key: string, folder: string])[] {
  return artifacts.filter(AssetManifestArtifact.isAssetManifestArtifact).flatMap(({ file }) => {
    const { files } = parseOrRefuse(assetManifest, JSON.parse(readFileSync(file, "utf8")), file);
    return Object.values(files).flatMap(({ source, destinations }) =>
      Object.values(destinations).map(({ objectKey }) => [objectKey, resolvePath(directory, source.path)] as const),
    );
  });
}

/**
 * Names of the parameters in an assembly's templates.
 *
 * @throws LocalHostError when the folder holds no assembly
 */
export function parametersOf(folder: string): ReadonlySet<string> {
  const stacks = openAssembly(folder).flatMap((assembly) => readStacks(assembly, new Map()));
  return new Set(stacks.flatMap(({ template }) => Object.keys(template.Parameters)));
}

/**
 * Loads an assembly and resolves every resource of every stack.
 *
 * @param folder the cloud assembly, with `manifest.json`
 * @param parameters values of template parameters, such as `{ PublicUrl: "http://127.0.0.1:3000" }`; other parameters take
 *   their defaults
 * @throws LocalHostError naming the first intrinsic function, section, attribute or parameter that is not known
 */
export function loadAssembly(folder: string, parameters: Readonly<Record<string, string>> = {}): LoadedAssembly {
  const assemblies = openAssembly(folder);
  const assets = new Map(assemblies.flatMap(readAssets));
  const stacks = assemblies.flatMap((assembly) => readStacks(assembly, assets));
  const [first] = stacks;
  if (first === undefined) throw new LocalHostError(`${folder} holds no stack`);
  const exports = new Map<string, () => Json>();
  const importValue = (name: string): Json => {
    const exported = exports.get(name);
    if (exported === undefined) {
      throw new LocalHostError(`Fn::ImportValue ${name}: no stack of the assembly exports it`);
    }
    return exported();
  };
  const resolvers = stacks.map((stack) => new TemplateResolver(stack, parameters, importValue));
  for (const resolver of resolvers) for (const [name, exported] of resolver.exports()) exports.set(name, exported);
  return {
    region: first.region,
    accountId: first.accountId,
    resources: resolvers.flatMap((resolver) => resolver.resources()),
    assets,
  };
}
