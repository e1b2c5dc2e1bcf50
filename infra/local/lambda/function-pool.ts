/**
 * Stands in for Lambda: each process serves one call at a time, a function has as many processes as it has calls, up to a
 * maximum, and further calls wait.
 */
import type { ChildProcess } from "node:child_process";
import { randomUUID } from "node:crypto";
import { availableParallelism } from "node:os";
import { createInterface } from "node:readline";
import type { FunctionModel } from "../template/deployment-model.ts";
import type { AccessKey } from "../services/service-proxy.ts";
import { functionEnvironment } from "./function-environment.ts";
import { lambdaInitSeconds } from "./init-limit.ts";
import { isStopped, runtimeCall, startRuntime } from "./runtime-process.ts";
import { TemporaryFolders } from "./temporary-folders.ts";

/** One line of a function's output. */
export interface LogLine {
  readonly functionName: string;
  readonly stream: "stdout" | "stderr";
  readonly text: string;
}
export type LogSink = (line: LogLine) => void;

/** A failed call in Lambda's words. */
export interface FunctionFailure {
  /** `Runtime.ExitError`, `Sandbox.Timedout`, or the name of the error that the handler threw. */
  readonly errorType: string;
  readonly errorMessage: string;
}

/** The handler's answer as JSON text, or the reason why there is none. */
export type Invocation = { readonly payload: string } | { readonly failure: FunctionFailure };

export interface FunctionPoolOptions {
  readonly functions: readonly FunctionModel[];
  readonly region: string;
  readonly keyOf: (functionId: string) => AccessKey;
  /** Endpoint of DynamoDB and Secrets Manager. */
  readonly serviceEndpoint: string;
  readonly logSink?: LogSink;
  /** Folder in which processes leave compiled code for later ones. */
  readonly compileCache: string;
  /** Maximum number of processes of a function. Default: the number of cores, at least 2. */
  readonly processesPerFunction?: number;
  /** Maximum number of processes of all functions. Default 48. */
  readonly processesInAll?: number;
  /** Default: Lambda's 10. */
  readonly initSeconds?: number;
  /**
   * Stops each process between its calls, as Lambda freezes an idle execution environment: timers do not fire, and open
   * connections are closed by their servers. For tests on Linux.
   */
  readonly freezesIdleProcesses?: boolean;
}

interface PendingCall {
  readonly event: string;
  readonly requestId: string;
  readonly settle: (outcome: Invocation) => void;
}

interface Worker {
  readonly process: ChildProcess;
  readonly owner: Pool;
  state: "starting" | "idle" | "busy" | "freezing" | "gone";
  call?: PendingCall | undefined;
  timer?: NodeJS.Timeout;
  /** Why the process ends. */
  fatal?: FunctionFailure;
  isFrozen: boolean;
  /** Order of last use: the process that is unused for longest stops first. */
  lastUse: number;
}

interface Pool {
  readonly model: FunctionModel;
  readonly workers: Set<Worker>;
  readonly queue: PendingCall[];
}

type Message =
  | { readonly ready: true }
  | { readonly result: string }
  | { readonly error: FunctionFailure; readonly fatal?: boolean };

export class FunctionPool {
  readonly #options: FunctionPoolOptions;
  readonly #pools: ReadonlyMap<string, Pool>;
  readonly #perFunction: number;
  readonly #inAll: number;
  /** Functions whose calls wait until a process of a different function ends. */
  readonly #starved = new Set<Pool>();
  #live = 0;
  #uses = 0;
  #closed = false;
  #drained: (() => void) | undefined;
  readonly #temporaryFolders = new TemporaryFolders();
  /**
   * When the host ends without closing: nobody else would remove the folders, and a frozen or busy process might not notice. Idle
   * ones end by themselves: to kill dozens would hold up the end of the host.
   */
  readonly #abandon = (): void => {
    this.#temporaryFolders.remove();
    for (const { process: child, state, isFrozen } of this.#workers()) {
      if (state !== "idle" || isFrozen) child.kill("SIGKILL");
    }
  };

  constructor(options: FunctionPoolOptions) {
    this.#options = options;
    this.#perFunction = options.processesPerFunction ?? Math.max(2, availableParallelism());
    this.#inAll = options.processesInAll ?? 48;
    this.#pools = new Map(
      options.functions.map((model) => [model.id, { model, workers: new Set<Worker>(), queue: [] }]),
    );
    process.once("exit", this.#abandon);
  }

  /** The number of live processes. */
  get liveProcesses(): number {
    return this.#live;
  }

  /**
   * Invokes a function and waits for its answer. A failing function never rejects the promise.
   *
   * @param functionId the function's ARN
   * @param event any JSON value
   * @throws Error when there is no such function or the pool is closed
   */
  async invoke(functionId: string, event: unknown): Promise<Invocation> {
    const pool = this.#pools.get(functionId);
    if (pool === undefined) throw new Error(`no function ${functionId}`);
    if (this.#closed) throw new Error("the local host is stopping");
    return new Promise((settle) => {
      pool.queue.push({ event: JSON.stringify(event), requestId: randomUUID(), settle });
      this.#pump(pool);
    });
  }

  /**
   * Kills the busy processes of a function, like a fault of the machine.
   *
   * @returns their number
   */
  kill(functionId: string): number {
    const busy = [...(this.#pools.get(functionId)?.workers ?? [])].filter(({ state }) => state === "busy");
    for (const { process: child } of busy) child.kill("SIGKILL");
    return busy.length;
  }

  /** Stops the idle processes, as Lambda does at any time. The next calls begin in new ones. */
  retire(functionIds: ReadonlySet<string> = new Set(this.#pools.keys())): void {
    for (const [functionId, { workers }] of this.#pools) {
      if (!functionIds.has(functionId)) continue;
      for (const worker of workers) {
        if (worker.state === "idle" || worker.state === "freezing") this.#stop(worker);
      }
    }
  }

  /** Accepts no further calls, waits for the accepted ones within the given time, then stops every process. */
  async close(graceMilliseconds = 0): Promise<void> {
    this.#closed = true;
    if (graceMilliseconds > 0 && this.#busy()) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, graceMilliseconds);
        this.#drained = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    const workers = this.#workers();
    for (const pool of this.#pools.values()) {
      for (const call of pool.queue.splice(0))
        call.settle({ failure: { errorType: "Runtime.ExitError", errorMessage: "the local host stopped" } });
    }
    await Promise.all(
      workers.map(async ({ process: child }) => {
        if (child.exitCode !== null || child.signalCode !== null) return;
        const exited = new Promise((resolve) => child.once("exit", resolve));
        child.kill("SIGKILL");
        await exited;
      }),
    );
    process.off("exit", this.#abandon);
    this.#temporaryFolders.remove();
  }

  #workers(): readonly Worker[] {
    return [...this.#pools.values()].flatMap((pool) => [...pool.workers]);
  }

  #busy(): boolean {
    return [...this.#pools.values()].some(
      ({ queue, workers }) => queue.length > 0 || [...workers].some(({ state }) => state === "busy"),
    );
  }

  /** Gives waiting calls to idle processes, and starts processes for the rest. */
  #pump(pool: Pool): void {
    for (const worker of pool.workers) {
      if (worker.state !== "idle") continue;
      const call = pool.queue.shift();
      if (call === undefined) break;
      this.#dispatch(worker, call);
    }
    const starting = [...pool.workers].filter(({ state }) => state === "starting").length;
    for (let missing = pool.queue.length - starting; missing > 0 && pool.workers.size < this.#perFunction; missing--) {
      if (this.#live >= this.#inAll && !this.#stopIdle()) {
        this.#starved.add(pool);
        return;
      }
      this.#start(pool);
    }
    if (this.#closed && !this.#busy()) this.#drained?.();
  }

  #stopIdle(): boolean {
    const [oldest] = [...this.#pools.values()]
      .flatMap(({ workers }) => [...workers].filter(({ state }) => state === "idle"))
      .sort((a, b) => a.lastUse - b.lastUse);
    if (oldest === undefined) return false;
    this.#stop(oldest);
    return true;
  }

  #stop(worker: Worker): void {
    this.#remove(worker);
    worker.process.kill("SIGKILL");
  }

  /** Forgets a process, which may still be ending. */
  #remove(worker: Worker): void {
    if (worker.state === "gone") return;
    worker.state = "gone";
    clearTimeout(worker.timer);
    worker.owner.workers.delete(worker);
    this.#live--;
  }

  #start(pool: Pool): void {
    const { model } = pool;
    const { region, serviceEndpoint, keyOf, compileCache, initSeconds = lambdaInitSeconds } = this.#options;
    const { freezesIdleProcesses: freezes = false } = this.#options;
    const temporaryFolder = this.#temporaryFolders.make();
    const child = startRuntime({
      functionId: model.id,
      folder: model.folder,
      environment: functionEnvironment(model, { region, serviceEndpoint, key: keyOf(model.id), temporaryFolder }),
      compileCache,
      freezes,
      execArgv: [`--max-old-space-size=${model.memoryMegabytes}`],
    });
    const worker: Worker = { process: child, owner: pool, state: "starting", isFrozen: false, lastUse: 0 };
    pool.workers.add(worker);
    this.#live++;
    this.#log(worker, "stdout");
    this.#log(worker, "stderr");
    worker.timer = setTimeout(() => {
      worker.fatal = {
        errorType: "Sandbox.Timedout",
        errorMessage: `initialisation took longer than ${initSeconds} seconds`,
      };
      child.kill("SIGKILL");
    }, initSeconds * 1000);
    child.on("message", (message: Message) => this.#receive(worker, message));
    child.once("error", (error) => this.#ended(worker, error.message));
    child.once("exit", (code, signal) =>
      this.#ended(worker, signal === null ? `exit status ${String(code)}` : `signal ${signal}`),
    );
  }

  #receive(worker: Worker, message: Message): void {
    if ("ready" in message) {
      clearTimeout(worker.timer);
      this.#idle(worker);
    } else if ("result" in message) {
      this.#finish(worker, { payload: message.result });
    } else if (message.fatal) {
      worker.fatal = message.error;
    } else {
      this.#finish(worker, { failure: message.error });
    }
  }

  #ended(worker: Worker, reason: string): void {
    if (worker.state === "gone") return;
    const { state, call, owner } = worker;
    this.#remove(worker);
    const failure = worker.fatal ?? { errorType: "Runtime.ExitError", errorMessage: `Runtime exited: ${reason}` };
    // A process that never became ready fails the call that it was started for. Otherwise the queue would start it forever.
    const failed = state === "starting" ? owner.queue.shift() : call;
    failed?.settle({ failure });
    this.#pump(owner);
    this.#feedStarved();
  }

  #dispatch(worker: Worker, call: PendingCall): void {
    const { timeoutSeconds } = worker.owner.model;
    worker.state = "busy";
    worker.call = call;
    worker.lastUse = ++this.#uses;
    worker.timer = setTimeout(() => {
      this.#remove(worker);
      worker.process.kill("SIGKILL");
      call.settle({
        failure: {
          errorType: "Sandbox.Timedout",
          errorMessage: `RequestId: ${call.requestId} Error: Task timed out after ${timeoutSeconds.toFixed(2)} seconds`,
        },
      });
      this.#pump(worker.owner);
      this.#feedStarved();
    }, timeoutSeconds * 1000);
    this.#thaw(worker);
    worker.process.send(runtimeCall(call.event, timeoutSeconds, call.requestId), (error) => {
      // The channel is closed because the process is ending. Its exit settles the call.
      if (error) worker.process.kill("SIGKILL");
    });
  }

  #finish(worker: Worker, outcome: Invocation): void {
    const { call } = worker;
    if (worker.state !== "busy" || call === undefined) return;
    clearTimeout(worker.timer);
    worker.call = undefined;
    call.settle(outcome);
    if (this.#options.freezesIdleProcesses === true) this.#awaitFreeze(worker);
    else this.#idle(worker);
  }

  /** The process stops itself. A call that is sent before would stop with it. */
  #awaitFreeze(worker: Worker): void {
    worker.state = "freezing";
    const look = (): void => {
      if (worker.state !== "freezing") return;
      worker.isFrozen = isStopped(worker.process);
      if (worker.isFrozen) this.#idle(worker);
      else setTimeout(look, 1);
    };
    look();
  }

  #idle(worker: Worker): void {
    if (worker.state === "gone") return;
    worker.state = "idle";
    this.#pump(worker.owner);
    if (worker.state !== "idle") return;
    // A process that has not served a call yet has not stopped itself.
    if (this.#options.freezesIdleProcesses === true) worker.isFrozen ||= worker.process.kill("SIGSTOP");
    this.#feedStarved();
  }

  #thaw(worker: Worker): void {
    if (worker.isFrozen) worker.process.kill("SIGCONT");
    worker.isFrozen = false;
  }

  #feedStarved(): void {
    for (const pool of [...this.#starved]) {
      this.#starved.delete(pool);
      this.#pump(pool);
      if (this.#starved.has(pool)) return;
    }
  }

  #log(worker: Worker, stream: "stdout" | "stderr"): void {
    const source = worker.process[stream];
    if (source === null) return;
    const functionName = worker.owner.model.name;
    const sink = this.#options.logSink;
    if (sink === undefined) source.resume();
    else createInterface({ input: source }).on("line", (text) => sink({ functionName, stream, text }));
  }
}
