/** The name of a release: the version of package.json and the commit. As a program it prints the name. */
import { execFileSync } from "node:child_process";
import { resolve } from "node:path";
import packageJson from "../../package.json" with { type: "json" };

const root = resolve(import.meta.dirname, "../..");

export interface Release {
  /** `0.1.0+ce54beb93da1`, with `.modified` when the working tree has uncommitted changes. */
  readonly name: string;
  /** Time of the commit, which orders releases; undefined without a commit. */
  readonly committedAt?: string;
}

/**
 * The release of this folder. A commit has the same name on every machine. Without git, as in an unpacked archive,
 * the name is only the version.
 *
 * @param folder a folder of the checkout
 */
export function releaseOf(folder: string = root): Release {
  const [commit, seconds] = git(folder, "log", "-1", "--abbrev=12", "--format=%h %ct").split(" ");
  if (!commit) return { name: packageJson.version };
  const isModified = git(folder, "status", "--porcelain") !== "";
  return {
    name: `${packageJson.version}+${commit.slice(0, 12)}${isModified ? ".modified" : ""}`,
    committedAt: new Date(Number(seconds) * 1000).toISOString(),
  };
}

/** The output of git; empty without git, a repository or a commit. */
function git(folder: string, ...command: readonly string[]): string {
  try {
    return execFileSync("git", command, { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  } catch {
    return "";
  }
}

if (import.meta.main) console.log(releaseOf().name);
