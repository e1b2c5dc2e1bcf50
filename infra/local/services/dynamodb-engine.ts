/** Stands in for DynamoDB: dynoxide as a child process, or the engine that `DYNAMODB_ENDPOINT` names. */
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, readFileSync, readlinkSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { LocalHostError, messageOf } from "../support/errors.ts";
import { shown } from "../support/json-file.ts";
import { loopback, Upstream } from "../support/loopback-http.ts";
import type { TableModel } from "../template/deployment-model.ts";

export interface Engine {
  /** Where it answers, such as `http://127.0.0.1:41234`. */
  readonly endpoint: string;
  /** Resolves when the engine has ended for any reason. */
  readonly ended: Promise<void>;
  close(): Promise<void>;
}

const startDeadlineMilliseconds = 10_000;

/**
 * Runs the engine as a child of a shell that ends with this process: the system closes the shell's input even when the host is
 * killed, and the shell then stops the engine. The first line of output is the engine's process id.
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
      `the local DynamoDB engine runs on linux-x64 only, this is ${process.platform}-${process.arch}: start a different engine and name it with DYNAMODB_ENDPOINT=http://127.0.0.1:8000`,
    );
  }
  try {
    const binary = join(
      dirname(createRequire(import.meta.url).resolve("@dynoxide/linux-x64/package.json")),
      "dynoxide",
    );
    if (existsSync(binary)) return binary;
  } catch {
    // Not installed: reported below.
  }
  throw new LocalHostError(
    "the local DynamoDB engine @dynoxide/linux-x64 is not installed: run `npm ci` (without --omit=optional)",
  );
}

/** The TCP port on which a process listens. The engine takes a free one and does not print it. */
function listeningPort(pid: number): number | undefined {
  const inodes = new Set<string>();
  for (const descriptor of readdirSync(`/proc/${pid}/fd`)) {
    try {
      const [, inode] = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${descriptor}`)) ?? [];
      if (inode !== undefined) inodes.add(inode);
    } catch {
      // Closed since it was listed.
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
 * Starts dynoxide on a free port and waits until it listens.
 *
 * @param databaseFile keeps its data; in memory when absent
 * @throws LocalHostError when the engine is missing, does not fit the platform or does not start
 */
export async function startEngine(databaseFile?: string): Promise<Engine> {
  const data = databaseFile === undefined ? [] : ["--db-path", databaseFile];
  const command = [findBinary(), "serve", "--host", loopback, "--port", "0", ...data];
  // Its own process group: Ctrl-C in the terminal must reach the host only, which first lets running calls end.
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
    const port = await portOf(child);
    if (port !== undefined) return { endpoint: `http://${loopback}:${port}`, ended: exited, close };
    const remedy = databaseFile === undefined ? "" : `; put ${shown(databaseFile)} back, or delete its folder`;
    const reason = complaint.trim().replaceAll("\n", " ") || "it gave no reason";
    throw new LocalHostError(`the local DynamoDB engine did not start: ${reason}${remedy}`);
  } catch (error) {
    await close();
    throw error;
  }
}

/** @returns undefined when the engine ends, or does not listen in time */
async function portOf(child: ChildProcess & { readonly stdout: NodeJS.ReadableStream }): Promise<number | undefined> {
  const pid = Number(await firstLine(child.stdout));
  const deadline = performance.now() + startDeadlineMilliseconds;
  while (performance.now() < deadline && child.exitCode === null && Number.isInteger(pid) && pid > 0) {
    try {
      const port = listeningPort(pid);
      if (port !== undefined) return port;
    } catch {
      break; // The process has ended.
    }
    await sleep(2);
  }
  return undefined;
}

/** The access key of every request to the engine: some engines keep one database per key. */
export const engineAccessKey = "PORTICOLOCAL";

type Table = Readonly<Record<string, unknown>>;

/** Speaks DynamoDB's protocol without the SDK, which takes longer to load than everything else at the start of the host. */
export class EngineClient {
  readonly #upstream: Upstream;
  readonly #endpoint: string;
  readonly #region: string;

  constructor(endpoint: string, region: string) {
    this.#upstream = new Upstream(endpoint);
    this.#endpoint = endpoint;
    this.#region = region;
  }

  /**
   * @param mayFail an error of the engine for which the result is undefined
   * @param api whether the table or its stream is asked
   * @throws LocalHostError when the engine refuses or does not answer
   */
  async call(
    action: string,
    body: object,
    mayFail?: string,
    api: "DynamoDB" | "DynamoDBStreams" = "DynamoDB",
  ): Promise<Readonly<Record<string, unknown>> | undefined> {
    const headers = {
      "content-type": "application/x-amz-json-1.0",
      "x-amz-date": new Date().toISOString().replace(/[-:]|\.\d+/g, ""),
      "x-amz-target": `${api}_20120810.${action}`,
      authorization: `AWS4-HMAC-SHA256 Credential=${engineAccessKey}/20260101/${this.#region}/dynamodb/aws4_request, SignedHeaders=host, Signature=0`,
    };
    const { status, body: text } = await this.#upstream.post(headers, JSON.stringify(body)).catch((error: unknown) => {
      throw new LocalHostError(`no DynamoDB engine answers at ${this.#endpoint}: ${messageOf(error)}`);
    });
    const answer = JSON.parse(text.toString() || "{}") as Record<string, unknown>;
    const error = status === 200 ? undefined : String(answer["__type"] ?? status).replace(/^.*#/, "");
    if (error === undefined) return answer;
    if (error === mayFail) return undefined;
    throw new LocalHostError(`the engine refuses ${action}: ${error}`);
  }

  close(): void {
    this.#upstream.close();
  }
}

async function withClient<Result>(
  endpoint: string,
  region: string,
  use: (client: EngineClient) => Promise<Result>,
): Promise<Result> {
  const client = new EngineClient(endpoint, region);
  try {
    return await use(client);
  } finally {
    client.close();
  }
}

const indexesOf = (table: Table): string =>
  JSON.stringify(
    ((table["GlobalSecondaryIndexes"] ?? []) as readonly Table[])
      .map(({ IndexName, KeySchema }) => ({ IndexName, KeySchema }))
      .sort((a, b) => String(a.IndexName).localeCompare(String(b.IndexName))),
  );

/** The id that the engine gave a table at its creation. */
const idOf = ({ TableId, CreationDateTime }: Table): string => String(TableId ?? CreationDateTime);

/**
 * @returns the table's id; undefined when the engine has no such table
 * @throws LocalHostError when the engine has a table of that name with different keys or indexes
 */
export async function findTable(endpoint: string, region: string, table: TableModel): Promise<string | undefined> {
  const described = await withClient(endpoint, region, (client) =>
    client.call("DescribeTable", { TableName: table.name }, "ResourceNotFoundException"),
  );
  if (described === undefined) return undefined;
  const existing = described["Table"] as Table;
  const isSame =
    JSON.stringify(existing["KeySchema"]) === JSON.stringify(table.createTable["KeySchema"]) &&
    indexesOf(existing) === indexesOf(table.createTable);
  if (isSame) {
    await enableStream(endpoint, region, table, existing);
    return idOf(existing);
  }
  throw new LocalHostError(
    `table ${table.name} was created with different keys or indexes: delete .portico and start again`,
  );
}

/**
 * A table as the engine should make it when nothing reads its stream: the engine looks through every record that it has at each
 * write, so a stream makes each write slower than the one before it.
 */
export function withoutStream(table: TableModel): TableModel {
  const { StreamSpecification: _stream, ...createTable } = table.createTable;
  return { ...table, createTable };
}

/** As a deployment does for a table that was made before it had a stream. */
async function enableStream(endpoint: string, region: string, table: TableModel, existing: Table): Promise<void> {
  const { StreamSpecification } = table.createTable;
  if (StreamSpecification === undefined || existing["LatestStreamArn"] !== undefined) return;
  await withClient(endpoint, region, (client) =>
    client.call("UpdateTable", { TableName: table.name, StreamSpecification }),
  );
}

/**
 * Creates a table and sets its TTL attribute.
 *
 * @returns the table's id
 */
export async function createTable(endpoint: string, region: string, table: TableModel): Promise<string> {
  return await withClient(endpoint, region, async (client) => {
    const created = await client.call("CreateTable", table.createTable);
    if (table.timeToLiveAttribute !== undefined) {
      await client.call("UpdateTimeToLive", {
        TableName: table.name,
        TimeToLiveSpecification: { Enabled: true, AttributeName: table.timeToLiveAttribute },
      });
    }
    return idOf(created?.["TableDescription"] as Table);
  });
}
