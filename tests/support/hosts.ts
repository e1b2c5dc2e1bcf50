/**
 * The local hosts of one worker of Jest. The environment loads this module once per process, outside the modules of the test
 * files, so that the host's code is loaded once, and a host can serve one file after another.
 */
import { randomUUID } from "node:crypto";
import { Agent } from "node:http";
import { join } from "node:path";
import type { Host, HostOptions } from "../../infra/local/host.ts";
import type { Interceptor } from "../../infra/local/services/service-proxy.ts";
import type { LogSink } from "../../infra/local/lambda/function-pool.ts";
import { rightsFolderVariable, writeRecord } from "../rights/records.ts";

/** A host that serves several test files, one after the other. */
export interface SharedHost {
  readonly host: Host;
  /** The last access token of the root user, and when it was asked for, by `performance.now()`. */
  root: { readonly token: string; readonly since: number } | undefined;
}

export class Hosts {
  /** To the hosts of this process. */
  readonly connections = new Agent({ keepAlive: true });
  #shared: Promise<SharedHost> | undefined;
  #sink: LogSink | undefined;
  /** Of the file that has the shared host. */
  #interceptors: readonly Interceptor[] = [];
  /** Names of the hosts' records. */
  readonly #ids = new WeakMap<Host, string>();

  /** Starts a host for the caller alone. */
  async start(options: Partial<HostOptions>): Promise<Host> {
    const assembly = process.env.PORTICO_TEST_ASSEMBLY;
    if (assembly === undefined) throw new Error("the global setup has not synthesised an assembly");
    // Unit tests load this module, too, and need no host.
    const { startHost } = await import("../../infra/local/host.ts");
    return await startHost({
      assembly,
      // All hosts share one cache, also those with an altered assembly.
      compileCache: join(assembly, "compile-cache"),
      ...options,
    });
  }

  /**
   * The host that the files of this process share; starts with the first one.
   *
   * @param sink receives the functions' output until the next file takes the host
   * @param interceptors stand between functions and services until then, the first one outermost
   */
  async share(sink: LogSink, interceptors: readonly Interceptor[]): Promise<SharedHost> {
    this.#sink = sink;
    this.#interceptors = interceptors;
    this.#shared ??= this.start({
      logSink: (line) => this.#sink?.(line),
      interceptors: [(call, next) => this.#intercept(call, next)],
    }).then((host) => ({ host, root: undefined }));
    return await this.#shared;
  }

  #intercept: Interceptor = (call, next) =>
    this.#interceptors.reduceRight<typeof next>((inner, each) => () => each(call, inner), next)();

  /**
   * Adds what a host has counted to the records of the run. Without a folder for them it does nothing.
   *
   * @param testPath absolute path of the test file that used it last
   */
  record(host: Host, testPath: string): void {
    const folder = process.env[rightsFolderVariable];
    if (folder === undefined) return;
    const id = this.#ids.get(host) ?? randomUUID();
    this.#ids.set(host, id);
    writeRecord(folder, id, { testPath, ...host.rights() });
  }

  /** See `outside.ts`. */
  readonly conformance = async () => await import("./conformance.ts");

  /** See `outside.ts`. */
  readonly planting = async () => await import("./planting.ts");

  /** For a run in one process, which goes on after the tests. */
  async close(): Promise<void> {
    const shared = await this.#shared;
    this.#shared = undefined;
    await shared?.host.close();
  }
}

/** The hosts of this process. */
export const hosts = new Hosts();
