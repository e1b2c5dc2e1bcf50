/** What `npm start` serves: bundles that share files, in an assembly that refers to them. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { bundleFolder, findEntryPoints } from "../../infra/build/bundle.ts";
import { synthesise } from "../../infra/local/commands/synthesise.ts";
import { Portico } from "../support/portico.ts";

const execute = promisify(execFile);

let assembly: string;
let portico: Portico;

beforeAll(async () => {
  assembly = await mkdtemp(join(tmpdir(), "portico-development-test-"));
  await synthesise(assembly, { development: true });
  portico = await Portico.start({ assembly });
});
afterAll(async () => {
  await portico.close();
  await rm(assembly, { recursive: true });
});

const development = () => join(assembly, "development");

test("every function loads and has a handler", async () => {
  const files = findEntryPoints().map((entryPoint) => join(bundleFolder(entryPoint, development()), "index.mjs"));
  const program = `
    const kinds = await Promise.all(process.argv.slice(1).map(async (file) => typeof (await import(file)).handler));
    console.log(JSON.stringify(kinds));`;
  const variables = portico.host.model.functions.map((model) => portico.host.environmentOf(model));
  const { stdout } = await execute(process.execPath, ["--input-type=module", "-e", program, "--", ...files], {
    env: Object.assign({}, ...variables),
  });
  expect(JSON.parse(stdout)).toEqual(files.map(() => "function"));
});

test("the template runs the functions where they were bundled", () => {
  const folders = portico.host.model.functions.map(({ folder }) => folder);
  expect([...folders].sort()).toEqual(findEntryPoints().map((entryPoint) => bundleFolder(entryPoint, development())));
});

test("a partner sells a subscription", async () => {
  const { token } = await portico.partnerWithToken();
  const sold = await portico.call("POST", "/v1/subscriptions", {
    token,
    json: { externalUserId: "customer-4711", userEmail: "a@example.com", duration: "P1M" },
  });
  expect(sold.status).toBe(201);
});

test("the pages come with their files", async () => {
  const { text, status } = await portico.call("GET", "/docs");
  const [, script] = /src="([^"]+\.js)"/.exec(text) ?? [];
  expect(status).toBe(200);
  expect((await fetch(new URL(script ?? "", portico.url))).status).toBe(200);
});

test("a debugger finds the sources", async () => {
  const maps = (await readdir(development(), { recursive: true })).filter((name) => name.endsWith(".mjs.map"));
  const sources = await Promise.all(
    maps.map(async (name) => {
      const { sources: paths } = JSON.parse(await readFile(join(development(), name), "utf8"));
      return paths.map((path: string) => resolve(development(), dirname(name), path)) as string[];
    }),
  );
  const found = new Set(sources.flat());
  expect([...found].filter((path) => !existsSync(path))).toEqual([]);
  for (const name of ["functions/subscriptions/create.ts", "shared/http/serve.ts"]) {
    expect(found).toContain(join(import.meta.dirname, "../..", name));
  }
});
