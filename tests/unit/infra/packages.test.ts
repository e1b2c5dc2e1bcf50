/** Packages: licences, hashes, and programs that an installation would run. */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { licenceExceptions, licenceFaults } from "../../../infra/checks/licences.ts";
import { lockedPackages, nameOf, type LockedPackage } from "../../../infra/checks/lock-file.ts";

const root = join(import.meta.dirname, "../../..");
const locked = lockedPackages();

/** Packages with install scripts, and why Portico works without running them. */
const installScripts: Readonly<Record<string, string>> = {
  "@parcel/watcher": "compiles itself only if that is asked for; has a package per platform",
  esbuild: "replaces its starter by the program, which saves milliseconds",
  "unrs-resolver": "checks that the package of the platform is there",
};

describe("install scripts", () => {
  test("are those of known packages", () => {
    const found = Object.entries(locked).filter(([, { hasInstallScript }]) => hasInstallScript === true);
    expect([...new Set(found.map(([place]) => nameOf(place)))].sort()).toEqual(Object.keys(installScripts).sort());
  });

  test("are not run by CI and by deployments", () => {
    const files = [".ci/run", ...globSync(".github/workflows/*.yml", { cwd: root })];
    const installs = files.flatMap((file) => [
      ...readFileSync(join(root, file), "utf8").matchAll(/npm (?:ci|install)\b.*/g),
    ]);
    expect(installs.length).toBeGreaterThan(3);
    expect(installs.map(([command]) => command).filter((command) => !command.includes("--ignore-scripts"))).toEqual([]);
  });
});

test("every package has a hash, its own or that of the archive that contains it", () => {
  const without = Object.entries(locked).filter(([, { integrity, inBundle }]) => !integrity && inBundle !== true);
  expect(without.map(([place]) => place)).toEqual([]);
  expect(Object.keys(locked).length).toBeGreaterThan(500);
});

describe("licences", () => {
  const faultsOf = (entry: Partial<LockedPackage>) =>
    licenceFaults({ "node_modules/a": { version: "1.0.0", ...entry } }, {});

  test("of all packages are allowed", () => {
    expect(licenceFaults(locked)).toEqual([]);
  });

  test.each(["MIT", "Apache-2.0", "(MIT OR GPL-3.0-or-later)", "MIT AND ISC"])("%s may be deployed", (license) => {
    expect(faultsOf({ license })).toEqual([]);
  });

  test.each(["GPL-3.0-only", "MPL-2.0", "MIT AND GPL-2.0-only", "(MIT OR ISC) AND GPL-2.0-only", "mit", "UNLICENSED"])(
    "%s may not be deployed",
    (license) => {
      expect(faultsOf({ license })).toEqual([`a@1.0.0: ${license} is not allowed in a deployment`]);
    },
  );

  test("more are allowed for building and testing, but not all", () => {
    expect(faultsOf({ license: "MPL-2.0", dev: true })).toEqual([]);
    expect(faultsOf({ license: "GPL-3.0-only", dev: true })).toEqual(["a@1.0.0: GPL-3.0-only is not allowed"]);
  });

  test("a package without a licence is refused", () => {
    expect(faultsOf({})).toEqual(["a@1.0.0: no licence is not allowed in a deployment"]);
  });

  test("an exception holds for its licence, not for a deployed package, and has to have an effect", () => {
    const exceptions = { a: { licence: "WTFPL", reason: "a test" } };
    const judged = (entry: Partial<LockedPackage>) =>
      licenceFaults({ "node_modules/a": { version: "1.0.0", ...entry } }, exceptions);
    expect(judged({ license: "WTFPL", dev: true })).toEqual([]);
    expect(judged({ license: "GPL-2.0-only", dev: true })).toEqual([
      "a: the exception has no effect",
      "a@1.0.0: GPL-2.0-only is not allowed",
    ]);
    expect(judged({ license: "WTFPL" })).toContain("a@1.0.0: WTFPL is not allowed in a deployment");
  });

  test("every exception has a reason", () => {
    expect(Object.values(licenceExceptions).filter(({ reason }) => reason.length < 10)).toEqual([]);
  });
});
