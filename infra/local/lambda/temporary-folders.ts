/** The temporary folders of function processes: each process has one of its own, as each execution environment has its `/tmp`. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export class TemporaryFolders {
  #root: string | undefined;
  #made = 0;

  /** Makes a folder. Its path has no symbolic links, because Node's permission model compares real paths. */
  make(): string {
    this.#root ??= realpathSync(mkdtempSync(join(tmpdir(), "portico-functions-")));
    const folder = join(this.#root, String(++this.#made));
    mkdirSync(folder);
    return folder;
  }

  /** Removes all of them. */
  remove(): void {
    if (this.#root !== undefined) rmSync(this.#root, { recursive: true, force: true });
    this.#root = undefined;
  }
}
