/** Switches a stage between its releases. A release is one deployment of API Gateway, so routes, authorizer and code switch at once. */
import { setTimeout as delay } from "node:timers/promises";
import { ReleaseError, type Cloud, type Deployment, type FunctionVersion, type Served } from "./cloud.ts";

/** Number of deployments that are kept for a rollback, including the live one. */
export const keptDeployments = 5;

interface State {
  readonly served: Served;
  /** Newest first. */
  readonly deployments: readonly Deployment[];
}

async function stateOf(cloud: Cloud): Promise<State> {
  const served = await cloud.served();
  if (served === undefined) throw new ReleaseError("the stage is not deployed: run npm run deploy first");
  const deployments = [...(await cloud.deployments())].sort((a, b) => b.createdAt.getTime() - a.createdAt.getTime());
  return { served, deployments };
}

/** One line per deployment, newest first. */
export async function status(cloud: Cloud): Promise<readonly string[]> {
  const { served, deployments } = await stateOf(cloud);
  return deployments.map((deployment) => {
    const { id, createdAt } = deployment;
    const share =
      id === served.live ? "  live" : id === served.canary?.deployment ? `  canary, ${served.canary.percent} %` : "";
    return `${createdAt.toISOString()}  ${id}  ${describe(deployment)}${share}`;
  });
}

/** Whether a release newer than the live one exists. */
export async function hasNewRelease(cloud: Cloud): Promise<boolean> {
  const { served, deployments } = await stateOf(cloud);
  return deployments[0] !== undefined && deployments[0].id !== served.live;
}

/** The live release. @throws ReleaseError where the API does not have it */
export async function liveRelease(cloud: Cloud): Promise<Deployment> {
  const { served, deployments } = await stateOf(cloud);
  const live = deployments.find(({ id }) => id === served.live);
  if (live === undefined) throw new ReleaseError(`the live deployment ${served.live} is not among the API's`);
  return live;
}

/** Has requests know the live release by its present name: a commit that changes no function gives its deployment a new one. */
export async function nameLiveRelease(cloud: Cloud): Promise<void> {
  await cloud.switchTo(await liveRelease(cloud));
}

/**
 * Sends a share of the traffic to the newest release.
 *
 * @throws ReleaseError when it is already live or a canary is in progress
 */
export async function startCanary(cloud: Cloud, percent: number): Promise<Deployment> {
  const { served, deployments } = await stateOf(cloud);
  if (served.canary !== undefined) throw new ReleaseError("a canary is under way: promote it or roll it back first");
  const newest = deployments[0];
  if (newest === undefined || newest.id === served.live) throw new ReleaseError("the newest release is live already");
  await cloud.startCanary(newest, percent);
  return newest;
}

/**
 * Makes the canary live; without a canary, the named or the newest release.
 *
 * @throws ReleaseError when it is already live or does not exist
 */
export async function promote(cloud: Cloud, release?: string): Promise<Deployment> {
  const { served, deployments } = await stateOf(cloud);
  const next =
    release !== undefined
      ? deployments.find((deployment) => deployment.release === release)
      : served.canary !== undefined
        ? deployments.find(({ id }) => id === served.canary?.deployment)
        : deployments[0];
  if (next === undefined) throw new ReleaseError(`there is no release ${release ?? ""} to promote: see status`);
  if (next.id === served.live) throw new ReleaseError(`${describe(next)} is live already`);
  await cloud.switchTo(next);
  return next;
}

/**
 * Ends a canary; without one, returns to the named release or to the one before the live release.
 *
 * @returns the release that then serves all traffic
 * @throws ReleaseError when no earlier release exists
 */
export async function rollback(cloud: Cloud, release?: string): Promise<Deployment> {
  const { served, deployments } = await stateOf(cloud);
  const position = deployments.findIndex(({ id }) => id === served.live);
  const live = deployments[position];
  if (live === undefined) throw new ReleaseError(`the live deployment ${served.live} is not among the API's`);
  if (served.canary !== undefined && release === undefined) {
    await cloud.endCanary();
    return live;
  }
  const before =
    release === undefined
      ? deployments[position + 1]
      : deployments.find((deployment) => deployment.release === release && deployment.id !== served.live);
  if (before === undefined) {
    throw new ReleaseError(`there is no ${release ?? `release before ${describe(live)}`} to go back to: see status`);
  }
  await cloud.switchTo(before);
  return before;
}

/**
 * Watches the stage's alarms during a canary: promotes it when no alarm begins to ring, and rolls it back as soon as one does.
 * An alarm that rings already is not the canary's fault, until it stops and rings again.
 *
 * @param pauseMs time between two checks
 * @returns the alarms that rang; empty when the canary is live
 */
export async function watch(
  cloud: Cloud,
  { minutes, pauseMs = 30_000 }: { readonly minutes: number; readonly pauseMs?: number },
): Promise<readonly string[]> {
  const { served } = await stateOf(cloud);
  if (served.canary === undefined) throw new ReleaseError("there is no canary to watch");
  let older = await cloud.ringingAlarms();
  for (let leftMs = minutes * 60_000; ; leftMs -= pauseMs) {
    const ringing = await cloud.ringingAlarms();
    const begun = ringing.filter((alarm) => !older.includes(alarm));
    if (begun.length > 0) {
      await rollback(cloud);
      return begun;
    }
    older = ringing;
    if (leftMs <= 0) break;
    await delay(pauseMs);
  }
  await promote(cloud);
  return [];
}

/** The removed deployments and versions. */
export interface Swept {
  readonly deployments: number;
  readonly versions: number;
}

/**
 * Removes deployments beyond the newest five, and the function versions that no kept deployment needs. An unchanged function
 * serves many releases with one version. A deployment names the newest version of each function that there was when it was
 * made, so everything from the one of the oldest kept deployment on stays.
 */
export async function sweep(cloud: Cloud): Promise<Swept> {
  const { served, deployments } = await stateOf(cloud);
  const isKept = ({ id }: Deployment, index: number): boolean =>
    index < keptDeployments || id === served.live || id === served.canary?.deployment;
  const kept = deployments.filter(isKept);
  const removed = deployments.filter((deployment, index) => !isKept(deployment, index));
  for (const { id } of removed) await cloud.deleteDeployment(id);

  const oldest = new Date(Math.min(...kept.map(({ createdAt }) => createdAt.getTime())));
  const ours = (await cloud.versions()).filter(({ isOurs }) => isOurs);
  const unneeded = [...Map.groupBy(ours, ({ functionName }) => functionName).values()].flatMap((versions) =>
    versionsBefore(versions, oldest),
  );
  for (const version of unneeded) await cloud.deleteVersion(version);
  return { deployments: removed.length, versions: unneeded.length };
}

/** The versions of one function that were replaced before a moment. */
function versionsBefore(versions: readonly FunctionVersion[], moment: Date): readonly FunctionVersion[] {
  const numbers = versions.filter(({ publishedAt }) => publishedAt <= moment).map(({ version }) => Number(version));
  return versions.filter(({ version }) => Number(version) < Math.max(...numbers));
}

/** A release by its name, or its deployment where it has none. */
export function describe({ id, release }: Deployment): string {
  return release === "" ? `deployment:${id}` : release;
}
