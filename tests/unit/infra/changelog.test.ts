/** What `npm version` does: the tag that a release is deployed from has the changelog and the contract of its version. */
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { releaseChangelog } from "../../../infra/release/changelog.ts";
import { ReleaseError } from "../../../infra/release/cloud.ts";

const changelog =
  "# Changelog\n\n## [Unreleased]\n\n### Added\n\n- A bell.\n\n## [1.0.0] - 2026-01-01\n\n- A bicycle.\n";

test("what is unreleased stands under the new version, and nothing is unreleased", () => {
  expect(releaseChangelog(changelog, "1.1.0", "2026-02-03")).toBe(
    "# Changelog\n\n## [Unreleased]\n\n## [1.1.0] - 2026-02-03\n\n### Added\n\n- A bell.\n\n## [1.0.0] - 2026-01-01\n\n- A bicycle.\n",
  );
});

test.each([
  ["a version that was released", changelog, "1.0.0", /has 1\.0\.0 already/],
  ["nothing to release", releaseChangelog(changelog, "1.1.0", "2026-02-03"), "1.2.0", /there is nothing to release/],
  ["no heading for it", "# Changelog\n", "1.0.0", /needs one heading/],
])("%s is refused", (_what, text, version, reason) => {
  const release = () => releaseChangelog(text, version, "2026-02-03");
  expect(release).toThrow(ReleaseError);
  expect(release).toThrow(reason);
});

test("npm version commits changelog, contract and lock file with the version, and tags the commit", () => {
  const root = resolve(import.meta.dirname, "../../..");
  const folder = mkdtempSync(join(tmpdir(), "portico-version-"));
  const run = (program: string, ...words: readonly string[]): string =>
    execFileSync(program, words, {
      cwd: folder,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
      // The tests' own npm would hand its settings and its package down.
      env: Object.fromEntries(
        Object.entries(process.env).filter(
          ([name]) => !name.toLowerCase().startsWith("npm_") && !name.startsWith("GIT_"),
        ),
      ),
    }).trim();
  try {
    for (const path of ["functions", "infra", "shared", "docs", "package.json", "package-lock.json"]) {
      cpSync(join(root, path), join(folder, path), { recursive: true });
    }
    writeFileSync(join(folder, "CHANGELOG.md"), changelog);
    symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
    writeFileSync(join(folder, ".gitignore"), "node_modules\n");
    run("git", "init", "--quiet");
    for (const [name, value] of [
      ["user.name", "Test"],
      ["user.email", "test@example.com"],
      ["commit.gpgsign", "false"],
    ]) {
      run("git", "config", name!, value!);
    }
    run("git", "add", ".");
    run("git", "commit", "--quiet", "--message", "before");
    run("npm", "version", "minor");

    const { version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { version: string };
    expect(run("git", "tag", "--points-at", "HEAD")).toBe(`v${version}`);
    expect(run("git", "status", "--porcelain")).toBe("");
    expect(run("git", "show", "--name-only", "--format=", "HEAD").split("\n").sort()).toEqual([
      "CHANGELOG.md",
      "docs/openapi.json",
      "docs/portico.postman_collection.json",
      "package-lock.json",
      "package.json",
    ]);
    expect(readFileSync(join(folder, "CHANGELOG.md"), "utf8")).toContain(`## [Unreleased]\n\n## [${version}] - `);
    const contract = JSON.parse(readFileSync(join(folder, "docs/openapi.json"), "utf8")) as {
      info: { version: string };
    };
    expect(contract.info.version).toBe(version);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
