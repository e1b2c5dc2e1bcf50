/**
 * `npm run sbom`: builds and writes `dist/sbom.cdx.json`, the packages in the deployed functions as CycloneDX 1.6.
 *
 * esbuild's metafile says which packages are in the bundles. The lock file would list packages that no bundle contains.
 */
import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Metafile } from "esbuild";
import { build, defaultOutDir } from "../build/bundle.ts";
import { releaseOf } from "../release/release-name.ts";
import { operations } from "../../shared/operations.ts";
import { lockedPackages, nameOf, type LockedPackage, type LockedPackages } from "./lock-file.ts";

/** Where the list is written, below the build's folder. */
export const sbomFile = "sbom.cdx.json";

export interface SbomInput {
  /** Name of the release. */
  readonly release: string;
  /** Places of the packages: `node_modules/jose`. */
  readonly places: readonly string[];
  readonly locked: LockedPackages;
}

/** The places of the packages with code in a bundle, and of those whose files are deployed beside one, sorted. */
export function deployedPlaces({ outputs }: Metafile, files: readonly string[]): readonly string[] {
  const bundled = Object.values(outputs).flatMap(({ inputs }) =>
    Object.entries(inputs)
      .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
      .map(([path]) => path),
  );
  const places = [...bundled, ...files].map((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(path)?.[0]);
  return [...new Set(places.filter((place) => place !== undefined))].sort();
}

/** Sources of the files that operations serve, from the project's root. */
export function servedSources(): readonly string[] {
  return operations.flatMap(({ files = {} }) => Object.values(files));
}

/** The CycloneDX document. The same packages give the same bytes, so it has no time and its number is a hash. */
export function sbom({ release, places, locked }: SbomInput): Readonly<Record<string, unknown>> {
  const packages = places.map((place) => {
    const found = locked[place];
    if (found === undefined) throw new Error(`${place} is deployed and not in package-lock.json: run npm ci`);
    return { place, found, ref: purlOf(place, found) };
  });
  const refs = new Map(packages.map(({ place, ref }) => [place, ref]));
  const dependenciesOf = (place: string, { dependencies = {} }: LockedPackage) =>
    Object.keys(dependencies).flatMap((name) => refs.get(resolvePlace(place, name, locked) ?? "") ?? []);
  const rootRef = `portico@${release}`;
  const contents = {
    metadata: {
      lifecycles: [{ phase: "build" }],
      component: { type: "application", "bom-ref": rootRef, name: "portico", version: release },
    },
    components: packages.map(({ place, found, ref }) => component(place, found, ref)),
    dependencies: [
      { ref: rootRef, dependsOn: packages.map(({ ref }) => ref) },
      ...packages.map(({ place, found, ref }) => ({ ref, dependsOn: dependenciesOf(place, found) })),
    ],
  };
  return {
    $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    serialNumber: `urn:uuid:${uuidOf(JSON.stringify(contents))}`,
    version: 1,
    ...contents,
  };
}

function component(place: string, { version, license, integrity }: LockedPackage, ref: string) {
  const [name = "", group] = nameOf(place).split("/").reverse();
  return {
    type: "library",
    "bom-ref": ref,
    ...(group !== undefined && { group }),
    name,
    version,
    ...(integrity !== undefined && { hashes: [{ alg: "SHA-512", content: sha512Of(integrity) }] }),
    ...(license !== undefined && {
      licenses: [/[ ()]/.test(license) ? { expression: license } : { license: { id: license } }],
    }),
    purl: ref,
  };
}

/** Package URL: `pkg:npm/%40aws-sdk/core@3.980.0`. */
function purlOf(place: string, { version }: LockedPackage): string {
  return `pkg:npm/${nameOf(place).replace("@", "%40")}@${version}`;
}

/** Node's resolution: the nearest `node_modules` upwards that has the package. */
function resolvePlace(from: string, name: string, locked: LockedPackages): string | undefined {
  const candidate = `${from === "" ? "" : `${from}/`}node_modules/${name}`;
  if (candidate in locked) return candidate;
  if (from === "") return undefined;
  return resolvePlace(from.slice(0, Math.max(0, from.lastIndexOf("/node_modules/"))), name, locked);
}

function sha512Of(integrity: string): string {
  const [, base64] = /^sha512-(\S+)$/.exec(integrity) ?? [];
  if (base64 === undefined) throw new Error(`${integrity} is no SHA-512 hash`);
  return Buffer.from(base64, "base64").toString("hex");
}

/** A UUID of version 8 (RFC 9562 §5.8) from a text's hash. */
function uuidOf(text: string): string {
  const hex = createHash("sha256").update(text).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

if (import.meta.main) {
  try {
    const { outDir } = await build();
    const metafile = JSON.parse(await readFile(join(outDir, "meta.json"), "utf8")) as Metafile;
    const places = deployedPlaces(metafile, servedSources());
    const path = join(defaultOutDir, sbomFile);
    const document = sbom({ release: releaseOf().name, places, locked: lockedPackages() });
    await writeFile(path, `${JSON.stringify(document, undefined, 2)}\n`);
    console.log(`${path}: ${places.length} packages`);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
