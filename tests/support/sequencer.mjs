// Workers finish together only when what takes longest begins first. Jest knows that of the run before; a fresh clone has
// none, and would begin with the longest text.
import Sequencer from "@jest/test-sequencer";

/** Folders of `tests`, those with the longest files first. */
const folders = ["torture", "e2e", "infra", "integration", "unit"];

const rankOf = ({ path, context }) => {
  const [, folder] = path.slice(context.config.rootDir.length + 1).split("/");
  return folders.indexOf(folder) + 1 || folders.length + 1;
};

export default class SlowFoldersFirst extends Sequencer {
  sort(tests) {
    const sorted = super.sort(tests);
    const isKnown = sorted.every(({ duration }) => duration !== undefined);
    return isKnown ? sorted : sorted.toSorted((a, b) => rankOf(a) - rankOf(b));
  }
}
