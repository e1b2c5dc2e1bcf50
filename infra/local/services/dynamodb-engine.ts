/** The DynamoDB engine: dynoxide as a child process, or whatever `DYNAMODB_ENDPOINT` names. */
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, readFileSync, readlinkSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { LocalHostError, messageOf } from "../support/errors.ts";
import { loopback, Upstream } from "../support/loopback-http.ts";
import type { TableModel } from "../template/read-deployment.ts";

export interface Engine {
  /** Where it answers, e.g. `http://127.0.0.1:41234`. */
  readonly endpoint: string;
  /** Resolves when the engine has ended, however it did. */
  readonly ended: Promise<void>;
  close(): Promise<void>;
}

const startDeadlineMilliseconds = 10_000;

/**
 * Runs the engine as a child of a shell that lives only as long as this process: the shell's input is a pipe, which the
 * system closes even when the host is killed, and then the engine is stopped. The first line of output is the engine's
 * process id.
 */
const guard = `exec 3<&0
"$@" </dev/null >&2 &
engine=$!
echo $engine
( cat <&3 >/dev/null; kill $engine 2>/dev/null ) >/dev/null 2>&1 &
wait $engine`;

function findBinary(): string {
  if (process.platform !== "linux" || process.arch !== "x64") {
    throw new LocalHostError(
      `the local DynamoDB engine runs on linux-x64 only, this is ${process.platform}-${process.arch}: start another engine and name it, DYNAMODB_ENDPOINT=http://127.0.0.1:8000`,
    );
  }
  try {
    const binary = join(
      dirname(createRequire(import.meta.url).resolve("@dynoxide/linux-x64/package.json")),
      "dynoxide",
    );
    if (existsSync(binary)) return binary;
  } catch {
    // not installed: said below
  }
  throw new LocalHostError(
    "the local DynamoDB engine @dynoxide/linux-x64 is not installed: run `npm ci` (without --omit=optional)",
  );
}

/** The TCP port on which a process listens: the engine takes a free one and does not say which. */
function listeningPort(pid: number): number | undefined {
  const inodes = new Set<string>();
  for (const descriptor of readdirSync(`/proc/${pid}/fd`)) {
    try {
      const [, inode] = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${descriptor}`)) ?? [];
      if (inode !== undefined) inodes.add(inode);
    } catch {
      // closed since it was listed
    }
  }
  const listenState = "0A";
  for (const line of readFileSync(`/proc/${pid}/net/tcp`, "utf8").split("\n").slice(1)) {
    const [, local, , state, , , , , , inode] = line.trim().split(/\s+/);
    if (state === listenState && inode !== undefined && inodes.has(inode))
      return Number.parseInt(String(local?.split(":")[1]), 16);
  }
  return undefined;
}

async function firstLine(stream: NodeJS.ReadableStream): Promise<string> {
  let text = "";
  for await (const chunk of stream) {
    text += String(chunk);
    if (text.includes("\n")) break;
  }
  return text.trim();
}

/**
 * Starts dynoxide on a free port and waits until it answers.
 *
 * @param databaseFile where it keeps its data; in memory when absent
 * @throws LocalHostError when the engine is missing, does not fit the platform or does not start
 */
export async function startEngine(databaseFile?: string): Promise<Engine> {
  const binary = findBinary();
  const command = [
    binary,
    "serve",
    "--host",
    loopback,
    "--port",
    "0",
    ...(databaseFile === undefined ? [] : ["--db-path", databaseFile]),
  ];
  // Its own process group: Ctrl-C in the terminal is for the host, which first lets running calls end.
  const child = spawn("/bin/sh", ["-c", guard, "engine", ...command], {
    detached: true,
    stdio: ["pipe", "pipe", "pipe"],
  });
  let complaint = "";
  child.stderr.on("data", (chunk: Buffer) => (complaint = (complaint + chunk.toString()).slice(-2000)));
  child.stdin.on("error", () => undefined);
  const exited = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const close = async (): Promise<void> => {
    child.stdin.end();
    await exited;
  };
  try {
    const endpoint = await announced(child, () => complaint);
    return { endpoint, ended: exited, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function announced(
  child: ChildProcess & { readonly stdout: NodeJS.ReadableStream },
  complaint: () => string,
): Promise<string> {
  const pid = Number(await firstLine(child.stdout));
  const deadline = performance.now() + startDeadlineMilliseconds;
  while (performance.now() < deadline && child.exitCode === null && Number.isInteger(pid) && pid > 0) {
    try {
      const port = listeningPort(pid);
      if (port !== undefined) return `http://${loopback}:${port}`;
    } catch {
      break; // the process is gone
    }
    await sleep(2);
  }
  throw new LocalHostError(
    `the local DynamoDB engine did not start: ${complaint().trim().replaceAll("\n", " ") || "it gave no reason"}`,
  );
}

/** Speaks DynamoDB's protocol without the SDK, which would take longer to load than everything the host does at its start. */
async function call(
  upstream: Upstream,
  region: string,
  action: string,
  body: object,
): Promise<{ error?: string; answer: Record<string, unknown> }> {
  const headers = {
    "content-type": "application/x-amz-json-1.0",
    "x-amz-date": new Date().toISOString().replace(/[-:]|\.\d+/g, ""),
    "x-amz-target": `DynamoDB_20120810.${action}`,
    authorization: `AWS4-HMAC-SHA256 Credential=${engineAccessKey}/20260101/${region}/dynamodb/aws4_request, SignedHeaders=host, Signature=0`,
  };
  const { status, body: text } = await upstream.post(headers, JSON.stringify(body));
  const answer = JSON.parse(text.toString() || "{}") as Record<string, unknown>;
  return status === 200 ? { answer } : { answer, error: String(answer["__type"] ?? status).replace(/^.*#/, "") };
}

/** The access key under which everything reaches the engine: some engines keep one database per key. */
export const engineAccessKey = "PORTICOLOCAL";

const indexesOf = (table: Record<string, unknown>): string =>
  JSON.stringify(
    ((table["GlobalSecondaryIndexes"] ?? []) as readonly Record<string, unknown>[])
      .map(({ IndexName, KeySchema }) => ({ IndexName, KeySchema }))
      .sort((a, b) => String(a.IndexName).localeCompare(String(b.IndexName))),
  );

/**
 * Creates a table and sets its TTL attribute, where it does not exist yet.
 *
 * @param endpoint the engine's
 * @returns whether it was created
 * @throws LocalHostError when the engine refuses, or a table of that name has other keys or indexes
 */
export async function ensureTable(endpoint: string, region: string, table: TableModel): Promise<boolean> {
  const upstream = new Upstream(endpoint);
  try {
    const described = await call(upstream, region, "DescribeTable", { TableName: table.name });
    if (described.error === undefined) {
      const existing = described.answer["Table"] as Record<string, unknown>;
      const same =
        JSON.stringify(existing["KeySchema"]) === JSON.stringify(table.createTable["KeySchema"]) &&
        indexesOf(existing) === indexesOf(table.createTable);
      if (!same)
        throw new LocalHostError(
          `table ${table.name} was made with other keys or indexes: delete .portico and start again`,
        );
      return false;
    }
    if (described.error !== "ResourceNotFoundException")
      throw new LocalHostError(`the engine refuses DescribeTable: ${described.error}`);
    const created = await call(upstream, region, "CreateTable", table.createTable);
    if (created.error !== undefined) throw new LocalHostError(`the engine refuses CreateTable: ${created.error}`);
    if (table.timeToLiveAttribute !== undefined) {
      const timeToLive = await call(upstream, region, "UpdateTimeToLive", {
        TableName: table.name,
        TimeToLiveSpecification: { Enabled: true, AttributeName: table.timeToLiveAttribute },
      });
      if (timeToLive.error !== undefined)
        throw new LocalHostError(`the engine refuses UpdateTimeToLive: ${timeToLive.error}`);
    }
    return true;
  } catch (error) {
    if (error instanceof LocalHostError) throw error;
    throw new LocalHostError(`no DynamoDB engine answers at ${endpoint}: ${messageOf(error)}`);
  } finally {
    upstream.close();
  }
}
