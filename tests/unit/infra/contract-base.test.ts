import { acceptances, contractBase, type Git } from "../../../infra/checks/contract-base.ts";

const path = "docs/openapi.json";

/** A git that knows the answers to these commands and fails at all others. */
function gitThatKnows(answers: Readonly<Record<string, string>>): Git {
  return (...arguments_) => answers[arguments_.join(" ")];
}

const head = { "rev-parse --verify HEAD^{commit}": "h" };
const onMain = { ...head, "merge-base HEAD main": "h" };
const lastChange = `log -1 --first-parent --format=%H -- ${path}`;
const commit = (name: string, text?: string) => ({
  [`rev-parse --verify ${name}^{commit}`]: name,
  ...(text !== undefined && { [`show ${name}:${path}`]: text }),
});

test("a branch is compared with main at the merge base", () => {
  const git = gitThatKnows({ ...head, "merge-base HEAD origin/main": "fork", ...commit("fork", "old") });
  expect(contractBase(git, { path, text: "new" })).toEqual({ kind: "version", name: "fork", text: "old" });
});

test("main is compared with the version before its last change", () => {
  const git = gitThatKnows({
    ...onMain,
    [`show HEAD:${path}`]: "new",
    [lastChange]: "last",
    ...commit("last^", "old"),
  });
  expect(contractBase(git, { path, text: "new" })).toEqual({ kind: "version", name: "last^", text: "old" });
});

test("uncommitted changes are compared with the last commit", () => {
  const git = gitThatKnows({ ...onMain, [`show HEAD:${path}`]: "old" });
  expect(contractBase(git, { path, text: "new" })).toEqual({ kind: "version", name: "HEAD", text: "old" });
});

test("a named commit takes precedence", () => {
  const git = gitThatKnows({ ...onMain, ...commit("v1.0.0", "released") });
  expect(contractBase(git, { path, text: "new", named: "v1.0.0" })).toMatchObject({ name: "v1.0.0", text: "released" });
});

test("the first contract has no previous version", () => {
  const added = { ...onMain, [`show HEAD:${path}`]: "new", [lastChange]: "last" };
  expect(contractBase(gitThatKnows({ ...added, ...commit("last^") }), { path, text: "new" }).kind).toBe("none");
  const atRoot = gitThatKnows({ ...added, "rev-parse --is-shallow-repository": "false" });
  expect(contractBase(atRoot, { path, text: "new" }).kind).toBe("none");
});

test("without history, without the named commit or without git the comparison is not possible", () => {
  const shallow = {
    ...onMain,
    [`show HEAD:${path}`]: "new",
    [lastChange]: "h",
    "rev-parse --is-shallow-repository": "true",
  };
  expect(contractBase(gitThatKnows(shallow), { path, text: "new" })).toMatchObject({
    kind: "unknown",
    reason: expect.stringContaining("fetch the whole history"),
  });
  expect(contractBase(gitThatKnows(onMain), { path, text: "new", named: "gone" }).kind).toBe("unknown");
  expect(contractBase(gitThatKnows({}), { path, text: "new" }).kind).toBe("unknown");
});

describe("accepted breaking changes", () => {
  test("are the entries of the list, with their reasons", () => {
    const entry = "- `DELETE /v1/things: is removed` because nothing is ever deleted,\n  and nobody did.\n";
    expect(
      acceptances(`# Accepted\n\nIntroduction with \`code\`.\n\n    - \`an example\` in the text\n\n${entry}`),
    ).toEqual([
      { change: "DELETE /v1/things: is removed", reason: "because nothing is ever deleted,\n  and nobody did." },
    ]);
  });

  test.each([["- DELETE /v1/things: is removed, sorry for that"], ["- `DELETE /v1/things: is removed` ok"]])(
    "without a reason, or without the change in backquotes, are refused: %s",
    (entry) => {
      expect(() => acceptances(entry)).toThrow(/needs its line/);
    },
  );
});
