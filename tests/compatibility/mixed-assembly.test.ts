/** Which code the functions of a mixed assembly run, as callers and IAM see it. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startHost } from "../../infra/local/host.ts";
import {
  apiResources,
  functionResource,
  methodResource,
  rootResource,
  writeAssembly,
} from "../integration/local/fixture.ts";
import { mixAssemblies } from "./mixed-assembly.ts";

const { Authorizer: _authorizer, ...withoutAuthorizer } = apiResources;
const answering = (text: string): string =>
  `export const handler = async () => ({ statusCode: 200, body: "${text} " + process.env.RELEASE });`;

function release(name: string, functions: readonly string[]) {
  const environment = (id: string) => ({
    FunctionName: `Portico-local-${id}`,
    Environment: { Variables: { RELEASE: name } },
  });
  const resources = Object.fromEntries(functions.map((id) => [id, functionResource(`${name}-${id}`, environment(id))]));
  const method = methodResource(rootResource, "GET", "first");
  const other = methodResource(rootResource, "PUT", "second");
  const bundles = Object.fromEntries(functions.map((id) => [`${name}-${id}`, answering(`${id} of ${name}, runs as`)]));
  return writeAssembly(
    { "Fixture-Api": { Resources: { ...withoutAuthorizer, ...resources, Get: method, Put: other } } },
    bundles,
  );
}

test("the chosen functions run code and environment of the older release, the others those of the newer one", async () => {
  const [before, after] = [release("one", ["first", "second"]), release("two", ["first", "second"])];
  const folder = mkdtempSync(join(tmpdir(), "portico-mixed-"));
  const replaced = mixAssemblies(before.folder, after.folder, (name) => (name === "first" ? "old" : "new"), folder);
  expect(replaced).toEqual(["first"]);
  const host = await startHost({ assembly: folder });
  try {
    expect(await (await fetch(host.url)).text()).toBe("first of one, runs as one");
    expect(await (await fetch(host.url, { method: "PUT" })).text()).toBe("second of two, runs as two");
  } finally {
    await host.close();
    for (const place of [before.folder, after.folder, folder]) rmSync(place, { recursive: true, force: true });
  }
});
