/** `npm run check:size`: builds, prints each bundle's size and exits 1 when one is over the limit. */
import { build } from "../build/bundle.ts";
import { bundleLimitBytes, bundleSizes, oversized, sizeTable } from "./bundles.ts";

try {
  const { entryPoints } = await build();
  const sizes = await bundleSizes(entryPoints);
  console.log(sizeTable(sizes));
  const tooLarge = oversized(sizes).length;
  if (tooLarge > 0) {
    const limit = `${bundleLimitBytes / 1024} KB`;
    console.error(`${tooLarge} of ${sizes.length} bundles exceed ${limit}; dist/meta.json shows what is in them`);
    process.exitCode = 1;
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
