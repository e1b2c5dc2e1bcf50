import { releaseBefore } from "./release-before.ts";
import type { Git } from "../../infra/checks/contract-base.ts";

/** Git as a repository with these answers gives them; everything else fails. */
const gitThatSays =
  (answers: Readonly<Record<string, string>>): Git =>
  (...words) =>
    answers[words.join(" ")];
const head = { "rev-parse --verify HEAD^{commit}": "h" };
const has = (commit: string) => ({ [`rev-parse --verify ${commit}^{commit}`]: commit });
const tag = { "describe --tags --match v[0-9]* --abbrev=0 HEAD^": "v1.0.0" };
const fork = { "merge-base HEAD main": "f" };

test.each([
  ["the named commit first", { ...head, ...has("abc"), ...tag }, "abc", "abc"],
  ["the last tag of a version", { ...head, ...tag, ...has("v1.0.0"), ...fork, ...has("f") }, undefined, "v1.0.0"],
  ["without a tag, where the branch left main", { ...head, ...fork, ...has("f") }, undefined, "f"],
  ["on main, the commit before", { ...head, "merge-base HEAD main": "h", ...has("HEAD^") }, undefined, "HEAD^"],
])("the release before is %s", (_what, answers, named, name) => {
  expect(releaseBefore(gitThatSays(answers as Record<string, string>), named)).toEqual({ kind: "commit", name });
});

test.each([
  ["no repository", {}, undefined, /no git, or this is no repository/],
  ["a clone without history", head, undefined, /the commit HEAD\^ is not in this clone: fetch the whole history/],
  ["a commit that is not there", head, "abc", /the commit abc is not in this clone/],
])("%s is said and not taken for compatible", (_what, answers, named, reason) => {
  const before = releaseBefore(gitThatSays(answers), named);
  expect(before).toEqual({ kind: "unknown", reason: expect.stringMatching(reason) });
});
