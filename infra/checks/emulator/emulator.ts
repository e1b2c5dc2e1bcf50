/** The processes of emulators, and the settings that keep everything that talks to it away from AWS. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { account, region } from "./stack-values.ts";

const loopback = "127.0.0.1";
const accessKey = { accessKeyId: "emulated", secretAccessKey: "emulated" };
const maxStartMs = 60_000;

/** What every client of an AWS service gets. */
export interface ClientSettings {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: typeof accessKey;
}

/** @throws Error for an endpoint that is not on this machine */
export function clientSettings(endpoint: string): ClientSettings {
  if (new URL(endpoint).hostname !== loopback) throw new Error(`${endpoint} is not on this machine`);
  return { endpoint, region, credentials: accessKey };
}

/**
 * The whole environment of a process that calls AWS services, so that no profile, credential or endpoint of the machine gets in.
 *
 * @param home a folder for what the process keeps
 * @throws Error for an endpoint that is not on this machine
 */
export function isolatedEnvironment(endpoint: string, home: string): Readonly<Record<string, string>> {
  const settings = clientSettings(endpoint);
  return {
    PATH: `${dirname(process.execPath)}:${process.env["PATH"] ?? ""}`,
    HOME: home,
    TMPDIR: home,
    AWS_ENDPOINT_URL: settings.endpoint,
    // The CDK CLI takes no other variable for the templates that it names to CloudFormation.
    AWS_ENDPOINT_URL_S3_FOR_CLOUDFORMATION: settings.endpoint,
    AWS_ACCESS_KEY_ID: accessKey.accessKeyId,
    AWS_SECRET_ACCESS_KEY: accessKey.secretAccessKey,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_CONFIG_FILE: "/dev/null",
    AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
    AWS_EC2_METADATA_DISABLED: "true",
    CDK_DISABLE_CLI_TELEMETRY: "1",
    CI: "true",
  };
}

export interface Emulator {
  readonly settings: ClientSettings;
}

/** An emulator from PyPI. */
export interface Product {
  readonly name: string;
  readonly version: string;
  /** The program in this folder that starts it. */
  readonly start: string;
  /** Its path that answers 200 once it is ready. */
  readonly health: string;
  /** Its own environment variables. */
  readonly variables: (host: string, port: number) => Readonly<Record<string, string>>;
}

export const ministack: Product = {
  name: "ministack",
  version: "1.5.33",
  start: "start_emulator.py",
  health: "/_ministack/health",
  variables: (host, port) => ({ BIND_HOST: host, GATEWAY_PORT: String(port), MINISTACK_ACCOUNT_ID: account }),
};

export const localemu: Product = {
  name: "localemu",
  version: "1.3.2",
  start: "start_second.py",
  health: "/_localemu/health",
  // Without the second variable, it answers that resources of types it does not know are complete.
  variables: (host, port) => ({ GATEWAY_LISTEN: `${host}:${port}`, CFN_IGNORE_UNSUPPORTED_RESOURCE_TYPES: "0" }),
};

/**
 * Lends an emulator and ends it with the processes of its functions.
 *
 * @param program of the emulator, in its virtual environment
 * @param folder for its files
 */
export async function withEmulator<Result>(
  { name, start, health, variables }: Product,
  { program, folder }: { readonly program: string; readonly folder: string },
  use: (emulator: Emulator) => Promise<Result>,
): Promise<Result> {
  const port = await freePort();
  const settings = clientSettings(`http://${loopback}:${port}`);
  const home = join(folder, name);
  await mkdir(home, { recursive: true });
  const logFile = join(folder, `${name}.log`);
  const child = spawn(join(dirname(program), "python"), [join(import.meta.dirname, start)], {
    cwd: home,
    // It gets a process group, which ends as a whole when this process closes its standard input or dies.
    detached: true,
    env: { ...isolatedEnvironment(settings.endpoint, home), ...variables(loopback, port) },
    stdio: ["pipe", "pipe", "pipe"],
  });
  const log = createWriteStream(logFile);
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });
  try {
    await answering(child, `${settings.endpoint}${health}`);
    return await use({ settings });
  } catch (error) {
    const lines = (await readFile(logFile, "utf8")).split("\n").filter((line) => / (WARNING|ERROR) |Error/.test(line));
    for (const line of lines.slice(-20)) console.error(`${name}: ${line.slice(0, 400)}`);
    throw error;
  } finally {
    child.stdin.end();
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    log.end();
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, loopback);
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (typeof address !== "object" || address === null) throw new Error("there is no free port");
  return address.port;
}

async function answering(child: ChildProcess, url: string): Promise<void> {
  for (let waited = 0; waited < maxStartMs; waited += 100) {
    if (child.exitCode !== null) throw new Error(`the emulator ended with status ${child.exitCode}`);
    const response = await fetch(url).catch(() => undefined);
    if (response?.ok) return;
    await new Promise((settle) => setTimeout(settle, 100));
  }
  throw new Error("the emulator did not answer within a minute");
}
