/** Runs a function once, in a process of its own outside the running host. */
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { FunctionFailure, Invocation } from "./function-pool.ts";
import { runtimeCall, startRuntime } from "./runtime-process.ts";

export interface SingleInvocationOptions {
  /** ARN of the function. */
  readonly functionId: string;
  /** Folder with the bundle; it is the working directory. */
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Any JSON value. */
  readonly event: unknown;
  readonly timeoutSeconds: number;
  /** Options of Node.js, for example for a debugger. */
  readonly execArgv?: readonly string[];
  /** Receives each line that the process writes while it runs. */
  readonly onLine?: (line: string) => void;
}

export interface SingleInvocation {
  readonly outcome: Invocation;
  /** From the start of the process until it was ready, in milliseconds. */
  readonly initMilliseconds: number;
  /** Of the handler, in milliseconds. */
  readonly handlerMilliseconds: number;
  /** Lines of standard output and standard error. */
  readonly log: readonly string[];
}

type Message = { readonly ready: true } | { readonly result: string } | { readonly error: FunctionFailure };

/** A failing function never rejects the promise. */
export async function invokeOnce(options: SingleInvocationOptions): Promise<SingleInvocation> {
  const { functionId, folder, environment, event, timeoutSeconds, execArgv = [], onLine = () => undefined } = options;
  const started = performance.now();
  let ready = started;
  const child = startRuntime({
    functionId,
    folder,
    environment: { ...environment, LAMBDA_TASK_ROOT: folder },
    compileCache: join(folder, "../compile-cache"),
    execArgv,
  });
  const log: string[] = [];
  const ended = [child.stdout, child.stderr].map(async (stream) => {
    if (stream === null) return;
    for await (const line of createInterface({ input: stream })) {
      log.push(line);
      onLine(line);
    }
  });
  const outcome = await new Promise<Invocation>((settle) => {
    let timer: NodeJS.Timeout | undefined;
    child.on("message", (message: Message) => {
      if ("ready" in message) {
        ready = performance.now();
        timer = setTimeout(() => {
          settle({
            failure: { errorType: "Sandbox.Timedout", errorMessage: `no answer in ${timeoutSeconds} seconds` },
          });
        }, timeoutSeconds * 1000);
        child.send(runtimeCall(JSON.stringify(event), timeoutSeconds));
        return;
      }
      clearTimeout(timer);
      settle("result" in message ? { payload: message.result } : { failure: message.error });
    });
    child.once("exit", (code, signal) => {
      clearTimeout(timer);
      settle({ failure: { errorType: "Runtime.ExitError", errorMessage: `Runtime exited: ${signal ?? code}` } });
    });
  });
  const handlerMilliseconds = performance.now() - ready;
  if (child.connected) child.disconnect();
  await Promise.all(ended);
  return { outcome, initMilliseconds: ready - started, handlerMilliseconds, log };
}
