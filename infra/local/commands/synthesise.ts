/** Makes the cloud assembly that the local host runs. CDK is large and may fail, so it runs in a child process. */
import { spawn } from "node:child_process";
import { rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { compileCache } from "../../build/compile-cache.ts";
import { progressIn, progressVariable } from "../../build/progress.ts";
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

export interface SynthesisOptions {
  /** Bundles for development, which is quicker, in place of the bundles that are deployed. */
  readonly development?: boolean;
  /** Stops the child. */
  readonly signal?: AbortSignal;
  /** Receives what the child is doing. */
  readonly onProgress?: (text: string) => void;
}

/**
 * Bundles the functions and synthesises the stage `local`.
 *
 * @param folder receives the cloud assembly; its earlier content is removed
 * @throws SynthesisFailed when it fails
 */
export async function synthesise(
  folder: string,
  { development = false, signal, onProgress }: SynthesisOptions = {},
): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  const child = spawn(process.execPath, [join(projectRoot, "infra/app.ts")], {
    cwd: projectRoot,
    env: {
      ...process.env,
      CDK_OUTDIR: folder,
      CDK_CONTEXT_JSON: JSON.stringify({ stage: "local", ...(development && { development: "true" }) }),
      ...compileCache,
      // The validators take most of the time. `npm run check:synth` runs them for this stage, too.
      CDK_VALIDATION: "false",
      ...(onProgress && { [progressVariable]: "1" }),
    },
    stdio: ["ignore", "pipe", "pipe"],
    ...(signal && { signal }),
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on("line", (line) => {
      const text = progressIn(line);
      if (text === undefined) output += `${line}\n`;
      else onProgress?.(text);
    });
  }
  const code = await new Promise<number | string>((settle) => {
    child.once("error", (error) => {
      output += error.message;
      settle(1);
    });
    child.once("close", (status, killed) => settle(killed ?? status ?? 1));
  });
  if (code !== 0) throw new SynthesisFailed(output.trim() || `infra/app.ts ended with ${code}`);
}
