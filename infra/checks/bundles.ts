/** Sizes of the deployed bundles. */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { bundleFolder } from "../build/bundle.ts";

/** Maximum size of a bundle: 300 KB. */
export const bundleLimitBytes = 300 * 1024;

export interface BundleSize {
  readonly entryPoint: string;
  readonly bytes: number;
}

/** The bundle sizes of functions, largest first. Throws when a bundle is missing. */
export async function bundleSizes(entryPoints: readonly string[], outDir?: string): Promise<readonly BundleSize[]> {
  const sizes = await Promise.all(
    entryPoints.map(async (entryPoint) => ({
      entryPoint,
      bytes: (await stat(join(bundleFolder(entryPoint, outDir), "index.mjs"))).size,
    })),
  );
  return sizes.sort((a, b) => b.bytes - a.bytes);
}

/** The bundles over the limit. */
export function oversized(sizes: readonly BundleSize[], limitBytes: number = bundleLimitBytes): readonly BundleSize[] {
  return sizes.filter(({ bytes }) => bytes > limitBytes);
}

/** One line per bundle: function, size in KB and share of the limit. */
export function sizeTable(sizes: readonly BundleSize[], limitBytes: number = bundleLimitBytes): string {
  const width = Math.max(0, ...sizes.map(({ entryPoint }) => entryPoint.length));
  return sizes
    .map(({ entryPoint, bytes }) => {
      const kilobytes = (bytes / 1024).toFixed(1).padStart(7);
      const share = `${Math.round((100 * bytes) / limitBytes)} %`.padStart(6);
      return `${entryPoint.padEnd(width)} ${kilobytes} KB ${share}${bytes > limitBytes ? "  too large" : ""}`;
    })
    .join("\n");
}
