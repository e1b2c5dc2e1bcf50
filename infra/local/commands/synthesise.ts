/** Makes the cloud assembly that the local host runs. CDK is large and may fail, so it runs in a child process. */
import { spawn } from "node:child_process";
import { rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { LocalHostError } from "../support/errors.ts";

export const projectRoot = resolve(import.meta.dirname, "../../..");

/** Synthesis failed; `output` is its whole output, of any number of lines. */
export class SynthesisFailed extends LocalHostError {
  readonly output: string;
  constructor(output: string) {
    super(`synthesis failed: ${output.split("\n")[0] ?? "no output"}`);
    this.output = output;
  }
}

/**
 * Bundles the functions and synthesises the stage `local`.
 *
 * @param folder receives the cloud assembly; its earlier content is removed
 * @param signal stops the child
 * @throws SynthesisFailed when it fails
 */
export async function synthesise(folder: string, signal?: AbortSignal): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  const child = spawn(process.execPath, [join(projectRoot, "infra/app.ts")], {
    cwd: projectRoot,
    env: {
      ...process.env,
      CDK_OUTDIR: folder,
      CDK_CONTEXT_JSON: JSON.stringify({ stage: "local" }),
      // AWS's validator takes most of the time. `npm run check:synth` runs it for this stage, too.
      CDK_VALIDATION: "false",
    },
    stdio: ["ignore", "pipe", "pipe"],
    ...(signal && { signal }),
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const code = await new Promise<number | string>((settle) => {
    child.once("error", (error) => {
      output += error.message;
      settle(1);
    });
    child.once("close", (status, killed) => settle(killed ?? status ?? 1));
  });
  if (code !== 0) throw new SynthesisFailed(output.trim() || `infra/app.ts ended with ${code}`);
}
