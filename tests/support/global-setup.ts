import { mkdir, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rightsFolderVariable } from "../rights/records.ts";
import { synthesise } from "../../infra/local/commands/synthesise.ts";

/** Bundles and synthesises once; every worker runs a host of its own on the same assembly. */
export default async function globalSetup(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "portico-tests-"));
  process.env.PORTICO_TEST_FOLDER = folder;
  process.env.PORTICO_TEST_ASSEMBLY = join(folder, "assembly");
  await synthesise(process.env.PORTICO_TEST_ASSEMBLY);
  // Who asks for the records of the run names the folder.
  process.env[rightsFolderVariable] ??= join(folder, "rights");
  await mkdir(process.env[rightsFolderVariable], { recursive: true });
}
