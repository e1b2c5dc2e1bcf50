/** The files in `.portico` by which hosts and programs find each other. */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { LocalHostError } from "./errors.ts";

/** What programs read from `.portico/local.json` while a host runs. */
export interface LocalState {
  /** Base of the API, without a slash at the end. */
  readonly url: string;
  /** `iss` of its access tokens. */
  readonly issuer: string;
  /** Sign-in of the root user; absent when the template makes none. */
  readonly root?: { readonly username: string; readonly password: string };
  /** The external identity provider; absent when the template takes none. */
  readonly idp?: {
    /** `iss` of its tokens, and where it answers. */
    readonly issuer: string;
    /** Where its public keys are. */
    readonly jwksUri: string;
    /** `aud` of its tokens for Portico. */
    readonly audience: string;
  };
  /** Where the host takes orders, from whoever may read this file. */
  readonly control?: { readonly url: string; readonly secret: string };
  /** Process id of the host. */
  readonly pid: number;
}

interface Lock {
  readonly pid: number;
  /** When the process began, as the system counts; tells a host from a later process with its number. */
  readonly born: string | undefined;
}

/** Undefined where the system does not say, or there is no such process. */
function bornOf(pid: number): string | undefined {
  try {
    // The name in parentheses may hold blanks; the 20th field after it is the start time.
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
 * Takes a data folder for this process.
 *
 * @returns gives it back
 * @throws LocalHostError when another host has it
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
        `another local host (process ${lock.pid}) uses ${relative(process.cwd(), folder) || folder}: stop it first, or use it`,
      );
    }
    // Left behind by a host that was killed.
    rmSync(file, { force: true });
    take();
  }
  return () => rmSync(file, { force: true });
}

const stateFile = (folder: string): string => join(folder, "local.json");

/** Writes `local.json` in one step, readable by its owner only. */
export function writeState(folder: string, state: LocalState): void {
  const temporary = `${stateFile(folder)}.${process.pid}.tmp`;
  writeFileSync(temporary, `${JSON.stringify(state, undefined, 2)}\n`, { mode: 0o600 });
  renameSync(temporary, stateFile(folder));
}

export function removeState(folder: string): void {
  rmSync(stateFile(folder), { force: true });
}

/** The state of a host that runs now; undefined when there is none. */
export function readState(folder: string): LocalState | undefined {
  if (!existsSync(stateFile(folder))) return undefined;
  const state = JSON.parse(readFileSync(stateFile(folder), "utf8")) as LocalState;
  return isAlive({ pid: state.pid, born: readLock(join(folder, "lock"))?.born }) ? state : undefined;
}
