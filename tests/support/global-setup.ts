import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { synthesise } from "../../infra/local/synth.ts";

/** Bundles and synthesises once; every worker runs a host of its own on the same assembly. */
export default async function globalSetup(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "portico-tests-"));
  await synthesise(folder);
  process.env.PORTICO_TEST_ASSEMBLY = folder;
}
