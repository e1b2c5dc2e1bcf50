/** An assembly whose functions partly run the code of an older one, on the roles, the table and the secrets of the newer one. */
import { readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Resource, Template } from "../../infra/checks/assembly.ts";

interface AssetManifest {
  readonly files: Readonly<Record<string, { readonly source: { readonly path: string } }>>;
}

const apiTemplate = "-Api.template.json";
const assets = ".assets.json";

/** Which assembly a function's code comes from; `name` is the last part of its name: `authorizer`, `partners-read`. */
export type Choice = (name: string) => "old" | "new";

/**
 * Writes the newer assembly, in which the chosen functions have code and environment of the older one, as the versions of an
 * older release keep both. Functions that only one assembly has are taken from the newer one.
 *
 * @param folder an empty folder, which receives the assembly
 * @returns names of the functions that run old code
 */
export function mixAssemblies(before: string, after: string, choose: Choice, folder: string): readonly string[] {
  const [old, template] = [before, after].map((place) => {
    const name = readdirSync(place).find((file) => file.endsWith(apiTemplate));
    return read(join(place, name ?? `no${apiTemplate}`)) as Template;
  }) as [Template, Template];
  const replaced: string[] = [];
  const resources = Object.entries(template.Resources).map(([id, resource]): [string, Resource] => {
    const earlier = old.Resources[id];
    if (resource.Type !== "AWS::Lambda::Function" || earlier === undefined) return [id, resource];
    const name = String(resource.Properties.FunctionName).split("-").slice(2).join("-");
    if (choose(name) === "new") return [id, resource];
    replaced.push(name);
    const { Code, Environment } = earlier.Properties;
    return [id, { ...resource, Properties: { ...resource.Properties, Code, Environment } }];
  });
  const files = Object.assign({}, ...[before, after].flatMap(assetFiles)) as AssetManifest["files"];
  for (const name of readdirSync(after)) {
    const place = join(folder, name);
    if (name.endsWith(apiTemplate)) {
      writeFileSync(place, JSON.stringify({ ...template, Resources: Object.fromEntries(resources) }));
    } else if (name.endsWith(assets)) {
      writeFileSync(place, JSON.stringify({ ...(read(join(after, name)) as AssetManifest), files }));
    } else symlinkSync(join(after, name), place);
  }
  return replaced;
}

function read(path: string): unknown {
  return JSON.parse(readFileSync(path, "utf8"));
}

/** The assets of an assembly with absolute paths. */
function assetFiles(folder: string): readonly AssetManifest["files"][] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(assets))
    .map((name) =>
      Object.fromEntries(
        Object.entries((read(join(folder, name)) as AssetManifest).files).map(([id, file]) => [
          id,
          { ...file, source: { ...file.source, path: resolve(folder, file.source.path) } },
        ]),
      ),
    );
}
