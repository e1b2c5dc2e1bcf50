/** Reads the deployed stacks, with the stacks nested in them. */
import { CloudFormationClient, paginateListStackResources } from "@aws-sdk/client-cloudformation";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { prepare, type EmulatedTemplate, type Prepared } from "./allowances.ts";
import type { ClientSettings } from "./emulator.ts";
import type { DeployedStack } from "./stack-values.ts";

const ending = ".template.json";
const nestedType = "AWS::CloudFormation::Stack";

/** Prepares the templates of an assembly for the emulator, in their files. */
export async function prepareAssembly(folder: string): Promise<Prepared> {
  const files = (await readdir(folder)).filter((file) => file.endsWith(ending));
  const read = files.map(async (file) => [file, await readTemplate(join(folder, file))] as const);
  const prepared = prepare(Object.fromEntries(await Promise.all(read)));
  for (const [file, template] of Object.entries(prepared.templates)) {
    await writeFile(join(folder, file), JSON.stringify(template));
  }
  return prepared;
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

interface Place {
  readonly client: CloudFormationClient;
  readonly folder: string;
  readonly name: string;
  readonly stackId: string;
  readonly template: EmulatedTemplate;
  readonly parameters: Readonly<Record<string, string>>;
}

async function readStack(place: Place, parent?: DeployedStack["parent"]): Promise<readonly DeployedStack[]> {
  const physicalIds: Record<string, string> = {};
  for await (const page of paginateListStackResources({ client: place.client }, { StackName: place.stackId })) {
    for (const { LogicalResourceId: id = "", PhysicalResourceId: physicalId = "" } of page.StackResourceSummaries ??
      []) {
      physicalIds[id] = physicalId;
    }
  }
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
