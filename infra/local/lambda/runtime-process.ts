/** A process that runs one function, with the restrictions of Lambda's execution environment. */
import { fork, type ChildProcess } from "node:child_process";
import { randomBytes, randomUUID } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export interface RuntimeProcessOptions {
  /** ARN of the function. */
  readonly functionId: string;
  /** Folder with the bundle; it is the working directory and read-only. */
  readonly folder: string;
  /** Its `TMPDIR` is the one folder that the function can write to. */
  readonly environment: Readonly<Record<string, string>>;
  /** Folder in which processes leave compiled code for later ones. */
  readonly compileCache: string;
  /** Whether the process stops itself (`SIGSTOP`) when it has answered a call. */
  readonly freezes?: boolean;
  /** Further options of Node.js. */
  readonly execArgv?: readonly string[];
}

/**
 * Starts the process. Node's permission model keeps it from writing outside its temporary folder, as Lambda's read-only
 * `/var/task` does, and from starting processes, which no function does.
 */
export function startRuntime(options: RuntimeProcessOptions): ChildProcess {
  const { functionId, folder, environment, compileCache, freezes = false, execArgv = [] } = options;
  // The permission model takes a path that does not exist for a file, and would allow nothing below it.
  mkdirSync(compileCache, { recursive: true });
  // The permission model forbids the inspector, so a debugged function runs without it.
  const isInspected = execArgv.some((argument) => argument.startsWith("--inspect"));
  const writable = [compileCache, environment["TMPDIR"] ?? compileCache];
  const restrictions = ["--permission", "--allow-fs-read=*", ...writable.map((path) => `--allow-fs-write=${path}`)];
  return fork(join(import.meta.dirname, "runtime.mjs"), [functionId, compileCache, ...(freezes ? ["freezes"] : [])], {
    execArgv: [...(isInspected ? [] : restrictions), ...execArgv],
    env: environment,
    cwd: folder,
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
}

/** Whether a process is stopped. Linux says it in the third field of the process's state. */
export function isStopped({ pid }: { readonly pid?: number | undefined }): boolean {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8").includes(") T ");
  } catch {
    // It has ended.
    return false;
  }
}

/** What the process is sent for a call. */
export interface RuntimeCall {
  /** JSON text. */
  readonly event: string;
  readonly requestId: string;
  /** In X-Ray's format. */
  readonly traceId: string;
  /** Milliseconds since the epoch. */
  readonly deadline: number;
}

/** @param event JSON text */
export function runtimeCall(event: string, timeoutSeconds: number, requestId: string = randomUUID()): RuntimeCall {
  const now = Date.now();
  const seconds = Math.floor(now / 1000).toString(16);
  const hex = (bytes: number): string => randomBytes(bytes).toString("hex");
  // As on AWS, the functions of one request share its trace. The quotes of a body are escaped, so only the header matches.
  const [, root = `Root=1-${seconds}-${hex(12)}`] = /"X-Amzn-Trace-Id":"(Root=[0-9a-f-]+)"/.exec(event) ?? [];
  const traceId = `${root};Parent=${hex(8)};Sampled=0`;
  return { event, requestId, traceId, deadline: now + timeoutSeconds * 1000 };
}
