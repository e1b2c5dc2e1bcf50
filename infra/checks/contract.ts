/**
 * `npm run check:contract`: compares the committed contract with the previous version. Exits with 1 on a breaking
 * change that is not accepted, and with 2 when there is nothing to compare with. `CONTRACT_BASE` names a different
 * commit.
 */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { projectRoot } from "../contract/document.ts";
import { contractPath } from "../contract/generated-files.ts";
import { breakingChanges } from "./breaking-changes.ts";
import { acceptances, contractBase, type Git } from "./contract-base.ts";

const acceptedPath = "docs/accepted-breaking-changes.md";

/** The working tree may belong to a different user, as in a container. Git only reads here. */
const git: Git = (...arguments_) => {
  const { status, stdout } = spawnSync("git", ["-c", "safe.directory=*", ...arguments_], {
    cwd: projectRoot,
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
  if (status !== 0) return undefined;
  return arguments_[0] === "show" ? stdout : stdout.trim();
};

const read = (path: string): string => readFileSync(join(projectRoot, path), "utf8");

const text = read(contractPath);
const { CONTRACT_BASE: named = "" } = process.env;
const base = contractBase(git, { path: contractPath, text, ...(named !== "" && { named }) });
if (base.kind === "unknown") {
  console.error(`THE CONTRACT WAS NOT COMPARED: ${base.reason}, or name a commit in CONTRACT_BASE.`);
  // A named commit takes precedence over the rule.
  process.exitCode = named === "" ? 2 : 1;
} else if (base.kind === "none") {
  console.log(`${contractPath} is new: there was none at ${base.name}. Nothing can have broken.`);
} else {
  const accepted = new Set(acceptances(read(acceptedPath)).map(({ change }) => change));
  const changes = breakingChanges(JSON.parse(base.text), JSON.parse(text));
  const undecided = changes.filter((change) => !accepted.has(change));
  console.log(
    `${contractPath} against its version at ${base.name}: ${changes.length} breaking changes, ${changes.length - undecided.length} accepted`,
  );
  for (const change of undecided) console.error(`  ${change}`);
  if (undecided.length > 0) {
    console.error(`These break callers. Undo them, or decide on them in ${acceptedPath}.`);
    process.exitCode = 1;
  }
}
