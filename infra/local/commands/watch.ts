/** Watches the sources. */
import { watch, type FSWatcher } from "node:fs";
import { join } from "node:path";

/** Editors write a file in several steps. */
const settleMilliseconds = 150;

/**
 * Calls back once for each burst of changes below the folders. After a burst during the callback it calls back again.
 *
 * @param ignored whether to ignore a path, relative to the root and with slashes
 * @returns stops watching
 */
export function watchSources(
  root: string,
  folders: readonly string[],
  ignored: (path: string) => boolean,
  changed: () => Promise<void>,
): () => void {
  let timer: NodeJS.Timeout | undefined;
  let working = false;
  let again = false;
  const work = async (): Promise<void> => {
    if (working) {
      again = true;
      return;
    }
    working = true;
    do {
      again = false;
      await changed();
      // A change during the callback sets it.
    } while (again as boolean);
    working = false;
  };
  const watchers: readonly FSWatcher[] = folders.map((folder) =>
    watch(join(root, folder), { recursive: true }, (_, name) => {
      if (name !== null && ignored(join(folder, name).replaceAll("\\", "/"))) return;
      clearTimeout(timer);
      timer = setTimeout(() => void work(), settleMilliseconds);
    }),
  );
  return () => {
    clearTimeout(timer);
    for (const watcher of watchers) watcher.close();
  };
}
