/** The name of a release: the version of package.json and the commit that it is made from. As a program it prints the name. */
import { execFileSync } from "node:child_process";
import { resolve } from "node:path";
import packageJson from "../../package.json" with { type: "json" };

const root = resolve(import.meta.dirname, "../..");

export interface Release {
  /** `0.1.0+ce54beb93da1`; with `.modified` where the working tree has changes that are not committed. */
  readonly name: string;
  /** When the commit was made, which orders releases; undefined where there is no commit. */
  readonly committedAt?: string;
}

/**
 * The release that this folder holds. The same commit has the same name on every machine. Without git, as in an unpacked
 * archive, it is the version alone.
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

/** What git prints; nothing where there is no git, no repository or no commit. */
function git(folder: string, ...command: readonly string[]): string {
  try {
    return execFileSync("git", command, { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  } catch {
    return "";
  }
}

if (import.meta.main) console.log(releaseOf().name);
