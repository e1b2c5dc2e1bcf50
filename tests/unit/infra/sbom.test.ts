import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Metafile } from "esbuild";
import packageJson from "../../../package.json" with { type: "json" };
import { defaultOutDir } from "../../../infra/build/bundle.ts";
import { lockedPackages } from "../../../infra/checks/lock-file.ts";
import { deployedPlaces, sbom, sbomFile, servedSources } from "../../../infra/checks/sbom.ts";

interface Component {
  readonly type: string;
  readonly group?: string;
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  readonly "bom-ref": string;
  readonly hashes: readonly { readonly alg: string; readonly content: string }[];
  readonly licenses: readonly unknown[];
}
interface Document {
  readonly serialNumber: string;
  readonly components: readonly Component[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

const locked = lockedPackages();
// The build of the global setup.
const metafile = JSON.parse(readFileSync(join(defaultOutDir, "meta.json"), "utf8")) as Metafile;
const places = deployedPlaces(metafile, servedSources());
const document = (release = "1.2.3") => sbom({ release, places, locked }) as unknown as Document;
const fullName = ({ group, name }: Component) => (group === undefined ? name : `${group}/${name}`);

test("lists what is deployed: bundled packages and those whose files are served", () => {
  const names = document().components.map(fullName);
  expect(names).toEqual(expect.arrayContaining(["@smithy/signature-v4", "jose", "zod"]));
  expect(names).not.toContain("esbuild");
});

test("every dependency of package.json is deployed", () => {
  const names = document().components.map(fullName);
  expect(Object.keys(packageJson.dependencies).filter((name) => !names.includes(name))).toEqual([]);
});

test("counts only files with code in a bundle", () => {
  const inputs = {
    "node_modules/a/index.js": { bytesInOutput: 5 },
    "node_modules/b/index.js": { bytesInOutput: 0 },
    "node_modules/a/node_modules/@c/d/lib/x.js": { bytesInOutput: 1 },
    "shared/domain/ids.ts": { bytesInOutput: 9 },
  };
  const outputs = { "index.mjs": { inputs } } as unknown as Metafile["outputs"];
  expect(deployedPlaces({ inputs: {}, outputs }, ["node_modules/e/e.css", "shared/e.css"])).toEqual([
    "node_modules/a",
    "node_modules/a/node_modules/@c/d",
    "node_modules/e",
  ]);
});

test("a component has the members that CycloneDX and scanners need", () => {
  const jose = document().components.find(({ name }) => name === "jose");
  const { version, integrity = "" } = locked["node_modules/jose"]!;
  expect(jose).toEqual({
    type: "library",
    "bom-ref": `pkg:npm/jose@${version}`,
    name: "jose",
    version,
    hashes: [{ alg: "SHA-512", content: Buffer.from(integrity.slice("sha512-".length), "base64").toString("hex") }],
    licenses: [{ license: { id: "MIT" } }],
    purl: `pkg:npm/jose@${version}`,
  });
  for (const { hashes, licenses } of document().components) {
    expect(hashes).toEqual([{ alg: "SHA-512", content: expect.stringMatching(/^[0-9a-f]{128}$/) }]);
    expect(licenses).toHaveLength(1);
  }
});

test("a scope is the group and is encoded in the package URL", () => {
  const scoped = document().components.find(({ name }) => name === "util-dynamodb");
  expect(scoped).toMatchObject({
    group: "@aws-sdk",
    purl: expect.stringMatching(/^pkg:npm\/%40aws-sdk\/util-dynamodb@/),
  });
});

test("every reference leads to a component, and the dependencies include transitive ones", () => {
  const { components, dependencies } = document();
  const refs = new Set(components.map((component) => component["bom-ref"]));
  expect(refs.size).toBe(components.length);
  expect(dependencies.flatMap(({ dependsOn }) => dependsOn).filter((ref) => !refs.has(ref))).toEqual([]);
  const client = dependencies.find(({ ref }) => ref.startsWith("pkg:npm/%40smithy/signature-v4@"));
  expect(client?.dependsOn.some((ref) => ref.startsWith("pkg:npm/%40smithy/core@"))).toBe(true);
});

test("the same packages give the same document, and another release another number", () => {
  expect(document()).toEqual(document());
  expect(document().serialNumber).toMatch(/^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(document("1.2.4").serialNumber).not.toBe(document().serialNumber);
});

test("a package that is not locked is refused", () => {
  expect(() => sbom({ release: "1", places: ["node_modules/none"], locked })).toThrow(
    "node_modules/none is deployed and not in package-lock.json",
  );
});

test("the workflow that deploys makes and keeps the document", () => {
  const workflow = readFileSync(join(import.meta.dirname, "../../../.github/workflows/deploy.yml"), "utf8");
  expect(workflow).toMatch(new RegExp(`npm run sbom\\n[^]*path: dist/${sbomFile.replaceAll(".", "\\.")}\\n`));
});
