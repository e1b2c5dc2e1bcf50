/** Shows that freezing processes finds what nothing else finds: a handler that answers before its work is done. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { buildForDevelopment } from "../../infra/build/bundle.ts";
import { alteredAssembly, type AlteredAssembly } from "../support/assembly.ts";
import { TortureFailure, torture, World, type Scenario } from "./kit.ts";
import { company } from "./scenarios/companies.ts";
import { times } from "./scenarios/values.ts";

/** How a bundle commits a change; the bundler numbers equal names. */
const awaited = /await (table\.commit\(\[\.\.\.\w+, \.\.\.change\]\))/;
const leftBehind = "setTimeout(() => void $1, 20)";

/** @param folder with the code that functions share */
function plantLateCommit(folder: string): void {
  const bundles = readdirSync(folder)
    .filter((name) => name.endsWith(".mjs"))
    .map((name) => join(folder, name));
  const [bundle, another] = bundles.filter((file) => awaited.test(readFileSync(file, "utf8")));
  assert.ok(bundle !== undefined && another === undefined);
  writeFileSync(bundle, readFileSync(bundle, "utf8").replace(awaited, leftBehind));
}

/** An assembly whose function for new companies answers first and commits later. */
async function withLateCommit(): Promise<AlteredAssembly> {
  let asset = "";
  const assembly = alteredAssembly((resources) => {
    const planted = Object.values<any>(resources).find(
      ({ Type, Properties }) =>
        Type === "AWS::Lambda::Function" && Properties.FunctionName.endsWith("-companies-create"),
    );
    asset = planted.Metadata["aws:asset:path"];
  });
  const development = join(assembly.folder, "development");
  await buildForDevelopment(development);
  plantLateCommit(join(development, "chunks"));
  const folder = join(assembly.folder, asset);
  rmSync(folder);
  symlinkSync(join(development, "functions/companies/create"), folder);
  return assembly;
}

/** Long enough for what a running process has left behind. */
const pauseMs = 1000;

const creations: Scenario = {
  name: "creations",
  invariant: "a company whose creation was answered with 201 exists",
  begin: async (world, callers) => {
    const { token } = await world.partner();
    const created: string[] = [];
    return {
      callers: times(callers, () => async () => {
        const { status, body, text } = await world.persist("POST", "/v1/companies", { token, json: company });
        assert.equal(status, 201, text);
        created.push(body.id as string);
      }),
      verify: async () => {
        await delay(pauseMs);
        const found = await Promise.all(created.map((id) => world.call("GET", `/v1/companies/${id}`, { token })));
        assert.deepEqual([...new Set(found.map(({ status }) => status))], [200]);
      },
    };
  },
};

async function round({ freezes, assembly }: { readonly freezes: boolean; readonly assembly?: string }) {
  const options = { freezesIdleProcesses: freezes, ...(assembly !== undefined && { assembly }) };
  const world = await World.start(2, options);
  try {
    return await torture(world, { scenarios: [creations], rules: [], callers: 12, seed: 1 });
  } finally {
    await world.close();
  }
}

describe("a handler that answers before its change is committed", () => {
  let planted: AlteredAssembly;

  beforeAll(async () => {
    planted = await withLateCommit();
  });

  afterAll(() => planted.remove());

  test("passes while its process goes on running", async () => {
    await expect(round({ freezes: false, assembly: planted.folder })).resolves.toMatchObject({ begun: 12 });
  });

  test("is found when its process is frozen", async () => {
    const failure = await round({ freezes: true, assembly: planted.folder }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(TortureFailure);
    expect((failure as TortureFailure).message).toContain("broken: creations");
  });
});

test("the real handler commits before it answers, so freezing changes nothing", async () => {
  await expect(round({ freezes: true })).resolves.toMatchObject({ begun: 12 });
});
