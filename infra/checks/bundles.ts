/** Sizes of the bundles that are deployed. */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { bundleFolder } from "../build/bundle.ts";

/** The largest bundle that a function may have: 450 KB. */
export const bundleLimitBytes = 450 * 1024;

export interface BundleSize {
  readonly door: string;
  readonly bytes: number;
}

/** The sizes of the doors' bundles, largest first. Throws when one is missing. */
export async function bundleSizes(doors: readonly string[], outDir?: string): Promise<readonly BundleSize[]> {
  const sizes = await Promise.all(
    doors.map(async (door) => ({ door, bytes: (await stat(join(bundleFolder(door, outDir), "index.mjs"))).size })),
  );
  return sizes.sort((a, b) => b.bytes - a.bytes);
}

/** The bundles over the limit. */
export function oversized(sizes: readonly BundleSize[], limitBytes: number = bundleLimitBytes): readonly BundleSize[] {
  return sizes.filter(({ bytes }) => bytes > limitBytes);
}

/** One line per bundle: door, size in KB and share of the limit. */
export function sizeTable(sizes: readonly BundleSize[], limitBytes: number = bundleLimitBytes): string {
  const width = Math.max(0, ...sizes.map(({ door }) => door.length));
  return sizes
    .map(({ door, bytes }) => {
      const kilobytes = (bytes / 1024).toFixed(1).padStart(7);
      const share = `${Math.round((100 * bytes) / limitBytes)} %`.padStart(6);
      return `${door.padEnd(width)} ${kilobytes} KB ${share}${bytes > limitBytes ? "  too large" : ""}`;
    })
    .join("\n");
}
