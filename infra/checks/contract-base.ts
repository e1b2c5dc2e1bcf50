/** Selects the committed version of the contract to compare with, and reads the accepted breaking changes. */

/** Runs git. Result: undefined when git fails or is not installed. */
export type Git = (...arguments_: readonly string[]) => string | undefined;

export type Base =
  | { readonly kind: "version"; readonly name: string; readonly text: string }
  /** No contract exists in the previous version. */
  | { readonly kind: "none"; readonly name: string }
  /** The comparison is not possible. The gate must not treat this as "no change". */
  | { readonly kind: "unknown"; readonly reason: string };

export interface BaseQuestion {
  /** The contract's path in the repository. */
  readonly path: string;
  /** The current content, committed or not. */
  readonly text: string;
  /** A commit or tag that replaces the rule. */
  readonly named?: string;
}

/**
 * The version to compare with. On a branch it is the version of `main` at the merge base. On `main` it is the version
 * before the last change, which may be uncommitted.
 */
export function contractBase(git: Git, { path, text, named }: BaseQuestion): Base {
  const head = git("rev-parse", "--verify", "HEAD^{commit}");
  if (head === undefined) return { kind: "unknown", reason: "there is no git, or this is no repository with a commit" };
  if (named !== undefined) return versionAt(git, path, named);
  const fork = ["origin/main", "main"].map((branch) => git("merge-base", "HEAD", branch)).find(Boolean);
  if (fork !== undefined && fork !== head) return versionAt(git, path, fork);
  if (git("show", `HEAD:${path}`) !== text) return versionAt(git, path, "HEAD");
  const last = git("log", "-1", "--first-parent", "--format=%H", "--", path);
  return versionAt(git, path, `${last ?? "HEAD"}^`);
}

function versionAt(git: Git, path: string, commit: string): Base {
  if (git("rev-parse", "--verify", `${commit}^{commit}`) === undefined) {
    const isRoot = commit.endsWith("^") && git("rev-parse", "--is-shallow-repository") === "false";
    if (isRoot) return { kind: "none", name: "before the first commit" };
    return { kind: "unknown", reason: `the commit ${commit} is not in this clone: fetch the whole history` };
  }
  const text = git("show", `${commit}:${path}`);
  return text === undefined ? { kind: "none", name: commit } : { kind: "version", name: commit, text };
}

/** An accepted breaking change. */
export interface Acceptance {
  readonly change: string;
  readonly reason: string;
}

/**
 * The entries of `docs/accepted-breaking-changes.md`, list items of the form: - `change` reason
 *
 * @throws Error for an entry without a change or without a full reason
 */
export function acceptances(markdown: string): readonly Acceptance[] {
  return markdown
    .split(/^- /m)
    .slice(1)
    .map((item) => {
      const [, change, reason = ""] = /^`([^`]+)`\s+(.*?)\s*$/s.exec(item.split("\n\n")[0] ?? "") ?? [];
      if (change === undefined || reason.length < 20) {
        throw new Error(`an accepted change needs its line in backquotes and a reason: - ${item.trim()}`);
      }
      return { change, reason };
    });
}
