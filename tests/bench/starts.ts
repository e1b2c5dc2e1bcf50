/** The time of a synth, and from `npm start` to the first response. */
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { synthesise } from "../../infra/local/commands/synthesise.ts";
import { startHost } from "../../infra/local/host.ts";
import { row, table } from "./report.ts";

const synthTargetMs = 10_000;
const startTargetMs = 8_000;

/** @returns whether both targets are met */
export async function benchStarts(): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), "portico-bench-"));
  try {
    const cliMs = await timed(() => synthByCli(join(folder, "cli")));
    const startMs = await timed(async () => {
      const assembly = join(folder, "local");
      await synthesise(assembly, { development: true });
      const host = await startHost({ assembly });
      try {
        const { status } = await fetch(`${host.url}/health`);
        if (status !== 200) throw new Error(`the first answer was ${status}`);
      } finally {
        await host.close();
      }
    });
    table("Waiting", row("what", "s", "target"), [
      row("cdk synth", (cliMs / 1000).toFixed(1), String(synthTargetMs / 1000)),
      row("start to the first answer", (startMs / 1000).toFixed(1), String(startTargetMs / 1000)),
    ]);
    return cliMs <= synthTargetMs && startMs <= startTargetMs;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function synthByCli(output: string): Promise<void> {
  const child = spawn("npx", ["cdk", "synth", "--quiet", "--no-notices", "--output", output], {
    env: { ...process.env, CDK_DISABLE_CLI_TELEMETRY: "1" },
    stdio: ["ignore", "ignore", "inherit"],
  });
  const code = await new Promise<number | null>((settle) => child.once("close", settle));
  if (code !== 0) throw new Error(`cdk synth ended with ${String(code)}`);
}

async function timed(action: () => Promise<void>): Promise<number> {
  const begin = performance.now();
  await action();
  return performance.now() - begin;
}
