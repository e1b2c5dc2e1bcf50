/** The same commit gives the same assets and templates, wherever and whenever it is synthesised. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { appendFile, cp, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { isDeepStrictEqual } from "node:util";
import packageJson from "../../package.json" with { type: "json" };
import { readAssembly, type Template } from "../../infra/checks/assembly.ts";
import { releaseOf, type Release } from "../../infra/release/release-name.ts";
import { synthesized, templateOf } from "./support/templates.ts";

const root = resolve(import.meta.dirname, "../..");
/** What a build reads. */
const sources = [
  ...["infra", "functions", "shared", "docs/guides", "CHANGELOG.md"],
  ...["package.json", "package-lock.json", "tsconfig.json", "tsconfig.web.json", "cdk.json"],
];

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "portico-reproducible-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

interface Elsewhere {
  readonly timeZone?: string;
  /** Default: the release of this folder. */
  readonly release?: Release;
  /** A source file that gets another statement. */
  readonly changed?: string;
}

/** Synthesises the stage of the suite's assembly from a copy of the project. @returns the folder of the assembly */
async function synthElsewhere({ timeZone = "UTC", release = releaseOf(), changed }: Elsewhere): Promise<string> {
  const copy = join(folder, "another place");
  for (const source of sources) await cp(join(root, source), join(copy, source), { recursive: true });
  await symlink(join(root, "node_modules"), join(copy, "node_modules"));
  if (changed !== undefined)
    await appendFile(join(copy, changed), "\nObject.assign(globalThis, { isChanged: true });\n");
  const { name, committedAt } = release;
  execFileSync(process.execPath, ["infra/app.ts"], {
    cwd: copy,
    stdio: ["ignore", "ignore", "inherit"],
    env: {
      ...process.env,
      TZ: timeZone,
      CDK_OUTDIR: join(copy, "cdk.out"),
      CDK_VALIDATION: "false",
      CDK_CONTEXT_JSON: JSON.stringify({ stage: "local", release: `${name} ${committedAt ?? ""}`.trim() }),
    },
  });
  return join(copy, "cdk.out");
}

/** Path → SHA-256 of everything that is deployed from an assembly. */
async function deployedFiles(outDir: string): Promise<Readonly<Record<string, string>>> {
  const files = await readdir(outDir, { recursive: true, withFileTypes: true });
  const paths = files.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  // The assembly's metadata, its report and the local host's cache are on no way to AWS.
  const deployed = paths.filter((path) => /(\.template\.json|\.assets\.json|\/asset\.[0-9a-f]+\/.+)$/.test(path));
  const hashes = await Promise.all(
    deployed.map(async (path) => {
      const hash = createHash("sha256").update(await readFile(path));
      return [path.slice(outDir.length + 1), hash.digest("hex")] as const;
    }),
  );
  return Object.fromEntries(hashes.sort());
}

test("another folder and another time zone give the same templates and assets, so that cdk diff is empty", async () => {
  const first = await deployedFiles(process.env.PORTICO_TEST_ASSEMBLY!);
  expect(Object.keys(first).filter((path) => path.endsWith(".template.json"))).toHaveLength(4);
  expect(await deployedFiles(await synthElsewhere({ timeZone: "Pacific/Auckland" }))).toEqual(first);
}, 300_000);

describe("the next release", () => {
  const release: Release = { name: "9.9.9+next", committedAt: "2030-01-01T00:00:00.000Z" };
  /** `<type>` of every resource of the API that differs, or is only in one of both, with the number of those. */
  const changes = (before: Template, after: Template): Record<string, number> => {
    const ids = [...new Set([...Object.keys(before.Resources), ...Object.keys(after.Resources)])];
    const changed = ids.filter((id) => !isDeepStrictEqual(before.Resources[id], after.Resources[id]));
    const types = changed.map((id) => (before.Resources[id] ?? after.Resources[id])!.Type);
    return Object.fromEntries(
      [...new Set(types)].sort().map((type) => [type, types.filter((other) => other === type).length]),
    );
  };
  const apiOf = async (folder: string): Promise<Template> => templateOf(await readAssembly(folder), "Api");
  /** What names the release: bootstrap and rotation, the marker of the bootstrap, and the stage. */
  const named = { "AWS::ApiGateway::Stage": 1, "AWS::Lambda::Function": 2, "Custom::PorticoBootstrap": 1 };

  test("with one changed function replaces exactly its version and the deployment", async () => {
    const before = await apiOf(process.env.PORTICO_TEST_ASSEMBLY!);
    const after = await apiOf(await synthElsewhere({ release, changed: "functions/partners/read.ts" }));
    expect(changes(before, after)).toEqual({
      ...named,
      // The old one and the new one.
      "AWS::ApiGateway::Deployment": 2,
      "AWS::Lambda::Version": 2,
      "AWS::Lambda::Function": named["AWS::Lambda::Function"] + 1,
      // Its integration.
      "AWS::ApiGateway::Method": 1,
    });
  }, 300_000);

  test("without a changed function replaces nothing", async () => {
    const before = await apiOf(process.env.PORTICO_TEST_ASSEMBLY!);
    const context = { stage: "local", release: `${release.name} ${release.committedAt}` };
    const after = templateOf(await synthesized(context, { validate: false }), "Api");
    // The deployment gets the new name in place.
    expect(changes(before, after)).toEqual({ ...named, "AWS::ApiGateway::Deployment": 1 });
  }, 300_000);
});

describe("a release", () => {
  const git = (...command: readonly string[]): string =>
    execFileSync("git", ["-c", "user.name=Test", "-c", "user.email=test@example.com", ...command], {
      cwd: folder,
      encoding: "utf8",
      env: { ...process.env, GIT_COMMITTER_DATE: "2026-01-02T03:04:05+06:00" },
    }).trim();
  const commit = async (): Promise<string> => {
    git("init", "--quiet");
    await writeFile(join(folder, "file"), "content");
    git("add", ".");
    git("commit", "--quiet", "--message", "first");
    return git("rev-parse", "--short=12", "HEAD");
  };

  test("is named after version and commit, and ordered by the time of the commit", async () => {
    const hash = await commit();
    expect(releaseOf(folder)).toEqual({
      name: `${packageJson.version}+${hash}`,
      committedAt: "2026-01-01T21:04:05.000Z",
    });
  });

  test("is marked as modified if changes are not committed", async () => {
    const hash = await commit();
    await writeFile(join(folder, "other"), "content");
    expect(releaseOf(folder).name).toBe(`${packageJson.version}+${hash}.modified`);
  });

  test("is only the version without a commit", () => {
    expect(releaseOf(folder)).toEqual({ name: packageJson.version });
  });
});
