/** Reads the deployed stacks, with the stacks nested in them. */
import { CloudFormationClient, paginateListStackResources } from "@aws-sdk/client-cloudformation";
import { readdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { prepare, type EmulatedTemplate, type Prepared } from "./allowances.ts";
import type { ClientSettings } from "./emulator.ts";
import type { DeployedStack } from "./stack-values.ts";

const ending = ".template.json";
const nestedType = "AWS::CloudFormation::Stack";

const wholeEnding = ".whole.json";

/** Prepares the templates of an assembly for the emulator, in their files. The whole ones stay beside them. */
export async function prepareAssembly(folder: string): Promise<Prepared> {
  const files = (await readdir(folder)).filter((file) => file.endsWith(ending));
  const read = files.map(async (file) => [file, await readTemplate(join(folder, file))] as const);
  const prepared = prepare(Object.fromEntries(await Promise.all(read)));
  for (const [file, template] of Object.entries(prepared.templates)) {
    await rename(join(folder, file), join(folder, file.replace(ending, wholeEnding)));
    await writeFile(join(folder, file), JSON.stringify(template));
  }
  return prepared;
}

/** @returns the template of a stack as it was before it was prepared */
export async function wholeTemplate(folder: string, stack: string): Promise<EmulatedTemplate> {
  return await readTemplate(join(folder, stack + wholeEnding));
}

async function readTemplate(path: string): Promise<EmulatedTemplate> {
  return JSON.parse(await readFile(path, "utf8")) as EmulatedTemplate;
}

/**
 * @param folder the prepared assembly
 * @param parameters by stack name
 * @returns every stack, nested ones after their parents
 */
export async function readStacks(
  settings: ClientSettings,
  folder: string,
  parameters: Readonly<Record<string, Readonly<Record<string, string>>>>,
): Promise<readonly DeployedStack[]> {
  const client = new CloudFormationClient(settings);
  const files = (await readdir(folder)).filter((file) => file.endsWith(ending) && !file.includes(".nested."));
  const stacks = await Promise.all(
    files.map(async (file) => {
      const name = file.slice(0, -ending.length);
      const template = await readTemplate(join(folder, file));
      return await readStack({ client, folder, name, stackId: name, template, parameters: parameters[name] ?? {} });
    }),
  );
  return stacks.flat();
}

/** @returns physical ids by logical id */
export async function physicalIdsOf(
  client: CloudFormationClient,
  StackName: string,
): Promise<Readonly<Record<string, string>>> {
  const physicalIds: Record<string, string> = {};
  for await (const { StackResourceSummaries = [] } of paginateListStackResources({ client }, { StackName })) {
    for (const { LogicalResourceId: id = "", PhysicalResourceId: physicalId = "" } of StackResourceSummaries) {
      physicalIds[id] = physicalId;
    }
  }
  return physicalIds;
}

interface Place {
  readonly client: CloudFormationClient;
  readonly folder: string;
  readonly name: string;
  readonly stackId: string;
  readonly template: EmulatedTemplate;
  readonly parameters: Readonly<Record<string, string>>;
}

async function readStack(place: Place, parent?: DeployedStack["parent"]): Promise<readonly DeployedStack[]> {
  const physicalIds = await physicalIdsOf(place.client, place.stackId);
  const nested: Record<string, DeployedStack> = {};
  const { name, template, parameters } = place;
  const stack: DeployedStack = { name, template, physicalIds, parameters, nested, ...(parent && { parent }) };
  const all = [stack];
  for (const [logicalId, { Type, ...resource }] of Object.entries(template.Resources)) {
    if (Type !== nestedType) continue;
    const { "aws:asset:path": file } = (resource["Metadata"] ?? {}) as { readonly "aws:asset:path"?: string };
    const inner = await readTemplate(join(place.folder, String(file)));
    const stackId = physicalIds[logicalId] ?? "";
    const below = { ...place, name: `${name}/${logicalId}`, stackId, template: inner, parameters: {} };
    const children = await readStack(below, { stack, logicalId });
    if (children[0] !== undefined) nested[logicalId] = children[0];
    all.push(...children);
  }
  return all;
}
