/** Which commit counts as the release before, and its cloud assembly. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { projectRoot } from "../../infra/local/commands/synthesise.ts";
import type { Git } from "../../infra/checks/contract-base.ts";

export type ReleaseBefore =
  | { readonly kind: "commit"; readonly name: string }
  /** Nothing can be said: a check must not take that for "compatible". */
  | { readonly kind: "unknown"; readonly reason: string };

/**
 * The named commit; else the last tag of a version; else the commit at which a branch left `main`; else the commit before.
 *
 * @param named a commit or tag that somebody names
 */
export function releaseBefore(git: Git, named?: string): ReleaseBefore {
  const head = git("rev-parse", "--verify", "HEAD^{commit}");
  if (head === undefined) return { kind: "unknown", reason: "there is no git, or this is no repository with a commit" };
  const isOther = (commit: string | undefined): commit is string =>
    commit !== undefined && commit !== "" && commit !== head;
  const candidates = [
    () => git("describe", "--tags", "--match", "v[0-9]*", "--abbrev=0", "HEAD^"),
    ...["origin/main", "main"].map((branch) => () => git("merge-base", "HEAD", branch)),
    () => "HEAD^",
  ];
  let name = named;
  for (let index = 0; name === undefined && index < candidates.length; index++) {
    const candidate = candidates[index]?.();
    if (isOther(candidate)) name = candidate;
  }
  if (name !== undefined && git("rev-parse", "--verify", `${name}^{commit}`) !== undefined) {
    return { kind: "commit", name };
  }
  return { kind: "unknown", reason: `the commit ${name ?? "before"} is not in this clone: fetch the whole history` };
}

/** Git in the project's folder. The tree may belong to another user, as in a container: only reading is done. */
export const git: Git = (...words) => {
  const { status, stdout } = spawnSync("git", ["-c", "safe.directory=*", ...words], {
    cwd: projectRoot,
    encoding: "utf8",
    maxBuffer: 16 * 1024 * 1024,
  });
  return status === 0 ? stdout.trim() : undefined;
};

/**
 * Synthesises the stage `local` of a commit, with the dependencies of this folder.
 *
 * @param folder an empty folder, which receives sources and assembly
 * @returns the folder of the assembly
 */
export function assemblyOfCommit(commit: string, folder: string): string {
  const sources = join(folder, "sources");
  const archive = join(folder, "sources.tar");
  const assembly = join(folder, "assembly");
  mkdirSync(sources);
  execFileSync("git", ["-c", "safe.directory=*", "archive", "--output", archive, commit], { cwd: projectRoot });
  execFileSync("tar", ["-xf", archive, "-C", sources]);
  symlinkSync(join(projectRoot, "node_modules"), join(sources, "node_modules"));
  execFileSync(process.execPath, ["infra/app.ts"], {
    cwd: sources,
    stdio: ["ignore", "ignore", "inherit"],
    env: {
      ...process.env,
      CDK_OUTDIR: assembly,
      CDK_VALIDATION: "false",
      CDK_CONTEXT_JSON: JSON.stringify({ stage: "local", release: "0.0.0+before" }),
    },
  });
  return assembly;
}
