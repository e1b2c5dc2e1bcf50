import { mkdir, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rightsFolderVariable } from "../rights/records.ts";
import { synthesise } from "../../infra/local/commands/synthesise.ts";
import { hashPasswordsQuickly } from "./assembly.ts";

/** Bundles and synthesises once; all hosts use the same assembly, whose functions hash passwords quickly. */
export default async function globalSetup(): Promise<void> {
  hashPasswordsQuickly(await makeAssembly());
}

/** The assembly as it is deployed. @returns its folder */
export async function makeAssembly(): Promise<string> {
  // Many hosts start at once and share a few cores: Lambda's 10 s would measure the machine.
  process.env.PORTICO_INIT_SECONDS ??= "60";
  const folder = await mkdtemp(join(tmpdir(), "portico-tests-"));
  process.env.PORTICO_TEST_FOLDER = folder;
  const assembly = join(folder, "assembly");
  process.env.PORTICO_TEST_ASSEMBLY = assembly;
  await synthesise(assembly);
  // `npm run rights` names the folder, because it reads the records after the run.
  process.env[rightsFolderVariable] ??= join(folder, "rights");
  await mkdir(process.env[rightsFolderVariable], { recursive: true });
  return assembly;
}
