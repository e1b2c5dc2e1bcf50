/** What ministack cannot do is deployed to localemu. What an emulator is said not to do is tried, so no excuse outlives its reason. */
import { removals, unkept, type EmulatedResource, type Removal } from "./allowances.ts";
import { excerptOf, type Source } from "./excerpt.ts";
import type { Emulator } from "./emulator.ts";
import type { StackValues } from "./stack-values.ts";
import { tryOut, type Outcome } from "./trial.ts";

/** What came about in ministack, with the whole templates. */
export interface First {
  readonly sources: readonly Source[];
  readonly values: StackValues;
  /** Name of the API's stage. */
  readonly stage: string;
}

/** An API without a method cannot be deployed. */
const aMethod = ({ Properties }: EmulatedResource): boolean => Properties?.["OperationName"] === "system.health";

const secondsPart = (resource: EmulatedResource): boolean =>
  removals.some(({ second, matches }) => second === undefined && matches(resource)) ||
  unkept.some(({ second, type }) => second === undefined && type === resource.Type) ||
  aMethod(resource);

/** Deploys to the second emulator what the first cannot do. */
export async function secondOpinion({ settings }: Emulator, first: First): Promise<Outcome> {
  const template = excerptOf(first.sources, secondsPart, first.values);
  const dropped = unkept.filter(({ second }) => second !== undefined);
  return await tryOut(settings, "Excerpt", { template, stage: first.stage, unkept: dropped });
}

/**
 * Tries what an emulator is said not to do.
 *
 * @returns a line for each removal that is not needed
 */
export async function needless(
  { settings }: Emulator,
  tried: readonly Removal[],
  { sources, values }: First,
): Promise<readonly string[]> {
  const lines = tried.map(async ({ name, matches }, index) => {
    const { differences } = await tryOut(settings, `Trial${index}`, { template: excerptOf(sources, matches, values) });
    return differences.length === 0 ? [`${name} works: delete its removal`] : [];
  });
  return (await Promise.all(lines)).flat();
}
