/** What loading each function's bundle costs in CPU time, and its size, beside a bundle that only loads the SDK's document client. */
import { execFile } from "node:child_process";
import { globSync, statSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { build as esbuild } from "esbuild";
import { secretVariables, type EnvironmentVariables } from "../../shared/runtime/environment.ts";
import { bundleLimitBytes } from "../../infra/checks/bundles.ts";
import { row, table, median } from "./report.ts";

const run = promisify(execFile);
const repetitions = 9;
/** A function loads in less than the SDK's document client alone. */
const targetRatio = 1;

const environment: EnvironmentVariables = {
  STAGE: "bench",
  VERSION: "0",
  PUBLIC_URL: "http://127.0.0.1:3000",
  TABLE_NAME: "bench",
  ALLOWED_ORIGINS: "",
  LOG_LEVEL: "INFO",
  PARTNER_TOKEN_SECONDS: "3600",
  USER_TOKEN_SECONDS: "900",
  SESSION_SECONDS: "2592000",
  ADMINISTRATOR_SESSION_SECONDS: "43200",
  MAX_SESSIONS: "20",
  PARTNER_REQUESTS_PER_SECOND: "50",
  PARTNER_BURST: "500",
  PARTNER_REQUESTS_PER_MONTH: "5000000",
  PUBLIC_CLIENTS: "web",
  ADMINISTRATORS_NEED_SECOND_FACTOR: "false",
  DELIVERY_QUEUE_URL: "http://127.0.0.1:3000/000000000000/deliveries",
  ...Object.fromEntries(Object.values(secretVariables).map((variable) => [variable, "arn:aws:secretsmanager:bench"])),
};

/**
 * Measures and prints a table; a fresh process for every load, all bundles in turn, so that a busy moment of the machine
 * hits them alike.
 *
 * @returns whether every function meets both targets
 */
export async function benchCold(distribution: string): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), "portico-bench-"));
  try {
    const reference = await buildReference(folder);
    const bundles = globSync(join(distribution, "**/index.mjs")).sort();
    const times = new Map<string, number[]>([reference, ...bundles].map((bundle) => [bundle, []]));
    for (let repetition = 0; repetition < repetitions; repetition++) {
      for (const [bundle, measured] of times) measured.push(await importCpuMs(bundle));
    }
    const medianOf = (bundle: string) => median(times.get(bundle) ?? []);
    const referenceMs = medianOf(reference);
    const results = bundles.map((bundle) => ({
      name: relative(distribution, bundle).replace("/index.mjs", ""),
      ms: medianOf(bundle),
      ratio: medianOf(bundle) / referenceMs,
      bytes: statSync(bundle).size,
    }));
    table(
      `CPU time of loading, median of ${repetitions}; the document client alone: ${referenceMs.toFixed(1)} ms, ${kilobytes(statSync(reference).size)} KB`,
      row("function", "ms", "ratio", "KB"),
      results.map(({ name, ms, ratio, bytes }) => row(name, ms.toFixed(1), ratio.toFixed(2), kilobytes(bytes))),
    );
    return results.every(({ ratio, bytes }) => ratio <= targetRatio && bytes <= bundleLimitBytes);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function buildReference(folder: string): Promise<string> {
  const source = join(folder, "reference.mjs");
  const outfile = join(folder, "bundle.mjs");
  await writeFile(
    source,
    `import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
export const client = DynamoDBDocumentClient.from(new DynamoDBClient({}));`,
  );
  await esbuild({
    entryPoints: [source],
    outfile,
    bundle: true,
    minify: true,
    platform: "node",
    target: "node24",
    format: "esm",
    mainFields: ["module", "main"],
    nodePaths: [join(import.meta.dirname, "../../node_modules")],
    banner: { js: 'import{createRequire as r}from"node:module";const require=r(import.meta.url);' },
    logLevel: "error",
  });
  return outfile;
}

async function importCpuMs(bundle: string): Promise<number> {
  const program = `const begin = process.cpuUsage(); await import(${JSON.stringify(pathToFileURL(bundle).href)}); const { user, system } = process.cpuUsage(begin); console.log((user + system) / 1000);`;
  const { stdout } = await run(process.execPath, ["--input-type=module", "--eval", program], {
    env: { ...process.env, AWS_REGION: "eu-west-1", ...environment },
  });
  return Number(stdout.trim().split("\n").at(-1));
}

function kilobytes(bytes: number): string {
  return (bytes / 1024).toFixed(0);
}
