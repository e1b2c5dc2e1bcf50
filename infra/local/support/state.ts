/** The files in `.portico` with which hosts and programs find each other. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { LocalHostError } from "./errors.ts";
import { shown, writeJsonFile } from "./json-file.ts";

/** The content of `.portico/local.json`, for other programs, while a host runs. */
export interface LocalState {
  /** Base of the API, without a slash at the end. */
  readonly url: string;
  /** `iss` of its access tokens. */
  readonly issuer: string;
  /** Sign-in of the root user; absent when the template has none. */
  readonly root?: { readonly username: string; readonly password: string };
  /** The identity provider; absent when the template has no parameter for it. */
  readonly idp?: {
    /** `iss` of its tokens, and its address. */
    readonly issuer: string;
    /** Address of its public keys. */
    readonly jwksUri: string;
    /** `aud` of its tokens for Portico. */
    readonly audience: string;
  };
  /** Where the host takes orders from programs that can read this file. */
  readonly control?: { readonly url: string; readonly secret: string };
  /** Process id of the host. */
  readonly pid: number;
}

interface Lock {
  readonly pid: number;
  /** Start time of the process: tells a host from a later process with the same id. */
  readonly born: string | undefined;
}

/** Undefined when the system does not say, or there is no such process. */
function bornOf(pid: number): string | undefined {
  try {
    // The name in parentheses may contain spaces. The 20th field after it is the start time.
    return readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /s, "")
      .split(" ")[19];
  } catch {
    return undefined;
  }
}

function isAlive({ pid, born }: Lock): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
  return born === undefined || born === bornOf(pid);
}

function readLock(file: string): Lock | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Lock;
  } catch {
    return undefined;
  }
}

/**
 * Locks a data folder for this process.
 *
 * @returns unlocks it
 * @throws LocalHostError when a different host has locked it
 */
export function lockFolder(folder: string): () => void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, "lock");
  const own = JSON.stringify({ pid: process.pid, born: bornOf(process.pid) } satisfies Lock);
  const take = (): void => writeFileSync(file, own, { flag: "wx", mode: 0o600 });
  try {
    take();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    const lock = readLock(file);
    if (lock !== undefined && isAlive(lock)) {
      throw new LocalHostError(
        `a different local host (process ${lock.pid}) uses ${shown(folder)}: stop it first, or use it`,
      );
    }
    // A killed host left it behind.
    rmSync(file, { force: true });
    take();
  }
  return () => rmSync(file, { force: true });
}

const stateFile = (folder: string): string => join(folder, "local.json");

export function writeState(folder: string, state: LocalState): void {
  writeJsonFile(stateFile(folder), state);
}

export function removeState(folder: string): void {
  rmSync(stateFile(folder), { force: true });
}

/** The state of the running host; undefined when none runs. */
export function readState(folder: string): LocalState | undefined {
  if (!existsSync(stateFile(folder))) return undefined;
  const state = JSON.parse(readFileSync(stateFile(folder), "utf8")) as LocalState;
  return isAlive({ pid: state.pid, born: readLock(join(folder, "lock"))?.born }) ? state : undefined;
}
