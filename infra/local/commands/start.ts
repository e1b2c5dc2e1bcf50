/**
 * `npm start` and `npm run dev`: synthesises the stage `local` and runs it until Ctrl-C.
 *
 * @example
 * PORT=0 npm start -- --verbose
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { startControl, type OrderServer } from "./control.ts";
import { LocalHostError, messageOf } from "../support/errors.ts";
import { fileLogSink, startHost, type Host } from "../host.ts";
import { probePort } from "../support/loopback-http.ts";
import { lockFolder, removeState, writeState } from "../support/state.ts";
import { projectRoot, SynthesisFailed, synthesise } from "./synthesise.ts";
import { watchSources } from "./watch.ts";

const dataDir = join(projectRoot, ".portico");
const defaultPort = 3000;

/** Two folders for assemblies: the next one is never written over the one that is served. */
const assemblies = [join(dataDir, "cdk.out"), join(dataDir, "cdk.out.next")] as const;

interface Options {
  readonly watch: boolean;
  readonly verbose: boolean;
}

function readOptions(arguments_: readonly string[]): Options {
  const unknown = arguments_.find((argument) => argument !== "--watch" && argument !== "--verbose");
  if (unknown !== undefined) throw new LocalHostError(`unknown option ${unknown}: use --watch or --verbose`);
  return { watch: arguments_.includes("--watch"), verbose: arguments_.includes("--verbose") };
}

function readPort(text: string | undefined): number {
  if (text === undefined || text === "") return defaultPort;
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65_535) {
    throw new LocalHostError(`PORT=${text} is not a port: use a number from 1 to 65535, or 0 for a free one`);
  }
  return port;
}

/** Pages to print, if the template has them. */
const pages: readonly (readonly [resourcePath: string, label: string, path: string])[] = [
  ["/openapi.json", "contract", "/openapi.json"],
  ["/docs", "docs", "/docs"],
  ["/console", "console", "/console"],
  ["/problems", "problems", "/problems"],
  ["/health", "health", "/health"],
];

function show(host: Host): void {
  const served = new Set(host.model.api?.routes.map(({ resourcePath }) => resourcePath));
  const lines = [
    `Portico runs at ${host.url}`,
    ...pages
      .filter(([resourcePath]) => served.has(resourcePath))
      .map(([, label, path]) => `  ${label.padEnd(9)} ${host.url}${path}`),
    ...(host.rootSignIn ? [`  sign-in   ${host.rootSignIn.username} / ${host.rootSignIn.password}`] : []),
    ...(host.idp ? [`  identity  ${host.idp.issuer} (a token: npm run idp:token -- SUBJECT)`] : []),
    `  data      .portico (functions' log: .portico/functions.log)`,
    `Ctrl-C stops it.`,
  ];
  console.log(lines.join("\n"));
}

/** Serves every change of the sources. It prints a mistake in them and keeps the old version. */
function serveChanges(host: Host, stopping: AbortSignal): () => void {
  let serving = 0;
  const ignored = (path: string): boolean => path.startsWith("infra/local/");
  return watchSources(projectRoot, ["functions", "shared", "infra"], ignored, async () => {
    const started = performance.now();
    const next = assemblies[1 - serving] as string;
    try {
      await synthesise(next, { development: true, signal: stopping });
      await host.replace(next);
      serving = 1 - serving;
      console.log(`changed: serving the new version after ${((performance.now() - started) / 1000).toFixed(1)} s`);
    } catch (error) {
      if (stopping.aborted) return;
      console.error(
        `${error instanceof SynthesisFailed ? error.output : messageOf(error)}\nstill serving the previous version`,
      );
    }
  });
}

/** A signal that aborts on Ctrl-C and the like. The second one ends the process at once, and its children end with it. */
function stopSignal(): AbortSignal {
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      if (stop.signal.aborted) process.exit(1);
      stop.abort();
    });
  }
  return stop.signal;
}

/** Locks the data folder for the life of this process. */
function lockData(): void {
  const unlock = lockFolder(dataDir);
  process.on("exit", () => {
    removeState(dataDir);
    unlock();
  });
}

async function start(port: number, verbose: boolean): Promise<Host> {
  const toFile = fileLogSink(join(dataDir, "functions.log"));
  const engineEndpoint = process.env["DYNAMODB_ENDPOINT"];
  return await startHost({
    assembly: assemblies[0],
    port,
    dataDir,
    ...(engineEndpoint && { engineEndpoint }),
    runSchedules: true,
    runEventSources: true,
    report: (line) => console.error(line),
    logSink: (line) => {
      toFile(line);
      if (verbose) console.error(`${line.functionName} ${line.text}`);
    },
  });
}

/** A start takes seconds, the first one more, so it says what it is doing. */
function tell(text: string): void {
  console.error(`portico: ${text} …`);
}

/** Tells other programs where the host is. */
function publish({ url, rootSignIn, idp }: Host, control: OrderServer): void {
  writeState(dataDir, {
    url,
    issuer: url,
    ...(rootSignIn && { root: rootSignIn }),
    ...(idp && { idp: { issuer: idp.issuer, jwksUri: idp.jwksUri, audience: idp.audience } }),
    control: { url: control.url, secret: control.secret },
    pid: process.pid,
  });
}

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  const port = readPort(process.env["PORT"]);
  const stop = stopSignal();
  const stopped = new Promise<void>((resolve) => stop.addEventListener("abort", () => resolve(), { once: true }));
  lockData();
  await probePort(port);
  await synthesise(assemblies[0], { development: true, signal: stop, onProgress: tell });
  tell("starting the table, the secrets and the functions of the deployment");
  rmSync(assemblies[1], { recursive: true, force: true });
  const host = await start(port, options.verbose);
  const stopWatching = options.watch ? serveChanges(host, stop) : () => undefined;
  const control = await startControl(host);
  if (!stop.aborted) {
    publish(host, control);
    show(host);
  }
  await stopped;
  stopWatching();
  await control.close();
  await host.close();
}

await main().then(
  () => process.exit(0),
  (error: unknown) => {
    // Stopped before it ran.
    if (error instanceof SynthesisFailed && /aborted|SIGINT|SIGTERM|SIGHUP/.test(error.output)) process.exit(0);
    console.error(error instanceof LocalHostError ? `portico: ${error.message}` : error);
    process.exit(1);
  },
);
