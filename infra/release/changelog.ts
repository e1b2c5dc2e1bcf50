/**
 * Part of `npm version`: moves what stands under `Unreleased` in CHANGELOG.md under the new version, before npm commits and
 * tags it.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { asCommand } from "./arguments.ts";
import { ReleaseError } from "./cloud.ts";

const unreleased = "## [Unreleased]";

/**
 * @param changelog in the form of Keep a Changelog
 * @param date `YYYY-MM-DD`
 * @throws ReleaseError where nothing is unreleased, or the version has been released
 */
export function releaseChangelog(changelog: string, version: string, date: string): string {
  const [before, after, ...more] = changelog.split(/^## \[Unreleased\]$/m);
  if (before === undefined || after === undefined || more.length > 0) {
    throw new ReleaseError(`CHANGELOG.md needs one heading ${unreleased}`);
  }
  if (after.includes(`\n## [${version}]`)) throw new ReleaseError(`CHANGELOG.md has ${version} already`);
  const [changes = ""] = after.split(/^## /m);
  if (!/^- /m.test(changes))
    throw new ReleaseError(`CHANGELOG.md has nothing under ${unreleased}: there is nothing to release`);
  return `${before}${unreleased}\n\n## [${version}] - ${date}${after}`;
}

if (import.meta.main) {
  await asCommand(async () => {
    const { npm_package_version: version } = process.env;
    if (version === undefined) throw new ReleaseError("run npm version: it calls this program");
    const path = resolve(import.meta.dirname, "../../CHANGELOG.md");
    writeFileSync(path, releaseChangelog(readFileSync(path, "utf8"), version, new Date().toISOString().slice(0, 10)));
    return true;
  });
}
