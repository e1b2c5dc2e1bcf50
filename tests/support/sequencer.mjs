// Workers finish at the same time only if the longest files start first. Jest knows them from the previous run; in a fresh
// clone it would start with the largest files.
import Sequencer from "@jest/test-sequencer";

/** Folders of `tests`, those with the longest files first. */
const folders = ["torture", "e2e/platform", "e2e", "infra", "integration", "unit"];

const rankOf = ({ path, context }) => {
  const inTests = path.slice(context.config.rootDir.length + "/tests/".length);
  return folders.findIndex((folder) => inTests.startsWith(`${folder}/`)) + 1 || folders.length + 1;
};

export default class SlowFoldersFirst extends Sequencer {
  sort(tests) {
    const sorted = super.sort(tests);
    const isKnown = sorted.every(({ duration }) => duration !== undefined);
    return isKnown ? sorted : sorted.toSorted((a, b) => rankOf(a) - rankOf(b));
  }
}
