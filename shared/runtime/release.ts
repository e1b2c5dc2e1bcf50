/**
 * The name of the release that serves a request. It comes from a stage variable of API Gateway and not from the environment of
 * the functions: there it would change all functions with every commit.
 */

/** The stage variable with the release's name. */
export const releaseVariable = "release";

/** Where the name of the release is not known. */
export const unknownRelease = "unknown";

/** The name as a stage variable has it: API Gateway allows no `+` there. No version has a `~` of its own (SemVer 2.0.0). */
export function toStageVariable(release: string): string {
  return release.replaceAll("+", "~");
}

/** The name behind a stage variable. */
export function fromStageVariable(value: string): string {
  return value.replaceAll("~", "+");
}

/** The release that an event of API Gateway belongs to. */
export function releaseOf(event: {
  readonly stageVariables?: Readonly<Record<string, string | undefined>> | null;
}): string {
  const value = event.stageVariables?.[releaseVariable];
  return value === undefined ? unknownRelease : fromStageVariable(value);
}
