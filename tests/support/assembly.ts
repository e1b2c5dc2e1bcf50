/** Altered copies of the suite's assembly. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface AlteredAssembly {
  readonly folder: string;
  remove(): void;
}

/** @param alter changes the resources of the API's template and of the stack nested in it, by logical id */
export function alteredAssembly(alter: (resources: Record<string, any>) => void): AlteredAssembly {
  const original = process.env.PORTICO_TEST_ASSEMBLY;
  if (original === undefined) throw new Error("the global setup has not synthesised an assembly");
  const folder = mkdtempSync(join(tmpdir(), "portico-altered-"));
  const isApi = (name: string): boolean => /Api(\w+\.nested)?\.template\.json$/.test(name);
  const templates = new Map<string, any>();
  for (const name of readdirSync(original)) {
    if (isApi(name)) templates.set(name, JSON.parse(readFileSync(join(original, name), "utf8")));
    else symlinkSync(join(original, name), join(folder, name));
  }
  const resources = Object.assign({}, ...[...templates.values()].map(({ Resources }) => Resources));
  alter(resources);
  for (const [name, template] of templates) {
    const own = Object.keys(template.Resources).map((id) => [id, resources[id]]);
    writeFileSync(join(folder, name), JSON.stringify({ ...template, Resources: Object.fromEntries(own) }));
  }
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

const quickPasswords = join(import.meta.dirname, "quick-passwords.mjs");

/** Makes the password hashes of an assembly's functions quick, in place: see `quick-passwords.mjs`. */
export function hashPasswordsQuickly(assembly: string): void {
  const hashes = (asset: string) => readFileSync(join(assembly, asset, "index.mjs"), "utf8").includes("argon2");
  for (const file of readdirSync(assembly).filter((one) => one.endsWith(".template.json"))) {
    const template = JSON.parse(readFileSync(join(assembly, file), "utf8"));
    for (const { Type, Properties, Metadata } of Object.values<any>(template.Resources)) {
      if (Type !== "AWS::Lambda::Function" || !hashes(Metadata["aws:asset:path"])) continue;
      ((Properties.Environment ??= {}).Variables ??= {}).NODE_OPTIONS = `--import=${quickPasswords}`;
    }
    writeFileSync(join(assembly, file), JSON.stringify(template));
  }
}

/** An assembly whose functions have a different value of one variable. */
export function assemblyWith(variable: string, value: string): AlteredAssembly {
  return alteredAssembly((resources) => {
    for (const { Properties } of Object.values(resources)) {
      const variables = Properties?.Environment?.Variables;
      if (variables?.[variable] !== undefined) variables[variable] = value;
    }
  });
}
