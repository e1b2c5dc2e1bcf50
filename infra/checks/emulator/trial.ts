/** Deploys an excerpt of the templates to an emulator, to see what it makes of it. */
import {
  CloudFormationClient,
  CloudFormationServiceException,
  CreateStackCommand,
  DeleteStackCommand,
  DescribeStackEventsCommand,
  waitUntilStackCreateComplete,
  waitUntilStackDeleteComplete,
} from "@aws-sdk/client-cloudformation";
import type { EmulatedTemplate, Unkept } from "./allowances.ts";
import { declaredFacts } from "./declared-facts.ts";
import { deployedFacts } from "./deployed-facts.ts";
import { differencesOf } from "./differences.ts";
import type { ClientSettings } from "./emulator.ts";
import { StackValues } from "./stack-values.ts";
import { physicalIdsOf } from "./stacks.ts";

export interface Trial {
  readonly template: EmulatedTemplate;
  /** Name of the API's stage, where the template has an API. */
  readonly stage?: string;
  /** Properties that have to be different. */
  readonly unkept?: readonly Unkept[];
}

export interface Outcome {
  /** Names of the facts that the template declares. */
  readonly declared: readonly string[];
  /** Why it was not deployed, or what is different from what it declares. */
  readonly differences: readonly string[];
}

/** Deploys a template, compares what came about with it, and deletes the stack. */
export async function tryOut(settings: ClientSettings, name: string, trial: Trial): Promise<Outcome> {
  const client = new CloudFormationClient(settings);
  const waiter = { client, minDelay: 1, maxDelay: 1, maxWaitTime: 60 };
  const stack = { StackName: name };
  const refusal = await client
    .send(new CreateStackCommand({ ...stack, TemplateBody: JSON.stringify(trial.template) }))
    .then(() => undefined)
    .catch((error: unknown) => {
      if (error instanceof CloudFormationServiceException) return error.message;
      throw error;
    });
  if (refusal !== undefined) return { declared: [], differences: [refusal] };
  try {
    const isComplete = await waitUntilStackCreateComplete(waiter, stack).then(
      () => true,
      () => false,
    );
    if (!isComplete) return { declared: [], differences: await failuresOf(client, name) };
    return await compared(client, settings, { ...trial, name });
  } finally {
    await client.send(new DeleteStackCommand(stack));
    await waitUntilStackDeleteComplete(waiter, stack);
  }
}

async function failuresOf(client: CloudFormationClient, StackName: string): Promise<readonly string[]> {
  const { StackEvents = [] } = await client.send(new DescribeStackEventsCommand({ StackName }));
  const failed = StackEvents.filter(({ ResourceStatus }) => ResourceStatus === "CREATE_FAILED");
  return [
    `${StackName} is not complete`,
    ...failed.map(({ LogicalResourceId, ResourceStatusReason }) => `${LogicalResourceId}: ${ResourceStatusReason}`),
  ];
}

async function compared(
  client: CloudFormationClient,
  settings: ClientSettings,
  { name, template, stage, unkept }: Trial & { readonly name: string },
): Promise<Outcome> {
  const physicalIds = await physicalIdsOf(client, name);
  const stack = { name, template, physicalIds, parameters: {}, nested: {} };
  const declared = declaredFacts([stack], new StackValues([stack], ""));
  const names = Object.keys(declared);
  const deployed = await deployedFacts(settings, stage);
  const found = names.flatMap((fact) => (deployed[fact] === undefined ? [] : [[fact, deployed[fact]] as const]));
  return { declared: names, differences: differencesOf(declared, Object.fromEntries(found), unkept) };
}
