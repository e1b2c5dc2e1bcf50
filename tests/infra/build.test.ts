import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build, bundleFolder, bundleHash, findDoors } from "../../infra/build.ts";
import { bundleSizes, oversized } from "../../infra/checks/bundles.ts";
import { systemDoors } from "../../infra/doors.ts";
import { doorOf } from "../../shared/api/operation.ts";
import { operations } from "../../shared/operations.ts";

let folders: readonly [string, string];

beforeAll(async () => {
  const make = () => mkdtemp(join(tmpdir(), "portico-build-test-"));
  folders = [await make(), await make()];
  const stale = join(folders[1], "functions/gone/operation");
  await mkdir(stale, { recursive: true });
  await writeFile(join(stale, "index.mjs"), "");
  await writeFile(join(folders[1], "functions/stale.mjs"), "");
  for (const outDir of folders) await build({ outDir });
}, 60_000);

afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

test("every declared operation has its door, and every door is declared", () => {
  const declared = [...systemDoors, ...operations].map(doorOf);
  expect([...findDoors()].sort()).toEqual(declared.sort());
});

describe("a build", () => {
  test("of the same sources gives the same bytes, wherever it is written", async () => {
    for (const door of findDoors()) expect(await bundleHash(door, folders[0])).toBe(await bundleHash(door, folders[1]));
  });

  test("puts nothing but the bundle into the folder that is deployed", async () => {
    for (const door of findDoors()) expect(await readdir(bundleFolder(door, folders[0]))).toEqual(["index.mjs"]);
  });

  test("keeps the source maps outside of what is deployed", async () => {
    for (const door of findDoors()) {
      const map = JSON.parse(await readFile(join(folders[0], "source-maps", `${door}.mjs.map`), "utf8"));
      expect(map).toMatchObject({ version: 3, sources: expect.any(Array) });
    }
  });

  test("leaves nothing of an earlier build behind", async () => {
    const files = (outDir: string) => readdir(outDir, { recursive: true });
    expect((await files(folders[1])).sort()).toEqual((await files(folders[0])).sort());
  });

  test("makes no bundle larger than 450 KB", async () => {
    expect(oversized(await bundleSizes(findDoors(), folders[0]))).toEqual([]);
  });

  test("carries a client of AWS's exactly where the operation declares what to use it for", async () => {
    const { outputs } = JSON.parse(await readFile(join(folders[0], "meta.json"), "utf8"));
    const carriers = Object.keys(outputs).flatMap((output) => {
      const door = /functions\/(.+)\/index\.mjs$/.exec(output)?.[1];
      const sdk = Object.keys(outputs[output].inputs).some((input) => input.includes("@aws-sdk/client-"));
      return door !== undefined && sdk ? [door] : [];
    });
    const users = [...systemDoors, ...operations].filter(
      ({ table, secrets = [] }) => table.length + secrets.length > 0,
    );
    expect(carriers.sort()).toEqual(users.map(doorOf).sort());
  });

  test("carries none of the SDK's credential providers but that of the environment", async () => {
    const meta = JSON.parse(await readFile(join(folders[0], "meta.json"), "utf8"));
    const inputs = Object.keys(meta.inputs).filter((input) => /@aws-sdk\/credential-provider-(?!env\/)/.test(input));
    expect(inputs).toEqual([]);
  });
});
