/**
 * `npm run bench [-- NAME ...]`: measures, prints tables, and exits with 1 where a target is missed. For `calls` there are
 * `--operations ID,ID` and `--profile`, for `scale` there is `--write`.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { build } from "../../infra/build/bundle.ts";
import { benchCalls } from "./calls/calls.ts";
import { benchCold } from "./cold.ts";
import { benchCrowd } from "./crowd.ts";
import { benchParsers } from "./parsers.ts";
import { benchProxy } from "./proxy.ts";
import { benchScale } from "./scale/scale.ts";
import { benchStarts } from "./starts.ts";
import { benchWebhooks } from "./webhooks.ts";

const { values, positionals: chosen } = parseArgs({
  options: {
    operations: { type: "string" },
    profile: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
  },
  allowPositionals: true,
});

const distribution = join(import.meta.dirname, "../../dist/functions");

const benches: Readonly<Record<string, () => Promise<boolean>>> = {
  parsers: benchParsers,
  cold: async () => {
    await build();
    return await benchCold(distribution);
  },
  starts: benchStarts,
  proxy: benchProxy,
  crowd: benchCrowd,
  webhooks: benchWebhooks,
  scale: () => benchScale({ write: values.write }),
  calls: () =>
    benchCalls({ profile: values.profile, ...(values.operations && { only: values.operations.split(",") }) }),
};

const unknown = chosen.filter((name) => !(name in benches));
if (unknown.length > 0) {
  console.error(`no such benchmark: ${unknown.join(", ")}; there are ${Object.keys(benches).join(", ")}`);
  process.exit(2);
}
let met = true;
for (const [name, bench] of Object.entries(benches)) {
  if (chosen.length === 0 || chosen.includes(name)) met = (await bench()) && met;
}
console.log(met ? "\nEvery target is met." : "\nA target is missed.");
process.exit(met ? 0 : 1);
