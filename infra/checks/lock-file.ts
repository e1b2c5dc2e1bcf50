/** The packages of `package-lock.json`. */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";

export interface LockedPackage {
  readonly version: string;
  /** SPDX expression of the package's own metadata; absent when it has none. */
  readonly license?: string;
  /** `sha512-<base64>`. */
  readonly integrity?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  /** Needed for building and testing only. */
  readonly dev?: boolean;
  readonly hasInstallScript?: boolean;
  /** Contained in the archive of the package above it, which has the hash. */
  readonly inBundle?: boolean;
}

/** Place → package: `node_modules/jose`, `node_modules/a/node_modules/b`. */
export type LockedPackages = Readonly<Record<string, LockedPackage>>;

/** All locked packages without the project itself. */
export function lockedPackages(root: string = resolve(import.meta.dirname, "../..")): LockedPackages {
  const { packages } = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as {
    readonly packages: LockedPackages;
  };
  return Object.fromEntries(Object.entries(packages).filter(([place]) => place !== ""));
}

/** The name of the package at a place: `node_modules/a/node_modules/@b/c` → `@b/c`. */
export function nameOf(place: string): string {
  return place.slice(place.lastIndexOf("node_modules/") + "node_modules/".length);
}
