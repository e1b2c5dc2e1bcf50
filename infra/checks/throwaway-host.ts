/** A local host with its data in memory, for a check that calls it and then forgets it. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startHost, type Host, type HostOptions } from "../local/host.ts";
import { synthesise } from "../local/commands/synthesise.ts";

/** Lends a temporary folder and removes it. */
export async function withFolder<Result>(use: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), "portico-check-"));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Lends the assembly of the stage `local`. Several hosts may run it at the same time. */
export async function withLocalAssembly<Result>(use: (assembly: string) => Promise<Result>): Promise<Result> {
  return await withFolder(async (folder) => {
    await synthesise(folder);
    return await use(folder);
  });
}

/** Lends a host and stops it. Faults that its callers see as 5xx are printed. */
export async function withHost<Result>(
  options: Omit<HostOptions, "report">,
  use: (host: Host) => Promise<Result>,
): Promise<Result> {
  const host = await startHost({ ...options, report: (line) => console.error(line) });
  try {
    return await use(host);
  } finally {
    await host.close();
  }
}
