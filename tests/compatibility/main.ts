/**
 * `npm run check:compatibility`: runs the functions of the release before with the authorizer of this one, the reverse, and
 * everything of the release before on the roles, items and secrets of this one, as a rollback leaves it. Exits 1 when a promise
 * of the contract is not kept, and 2 where there is no release before. `COMPATIBILITY_BASE` names another commit.
 */
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkDeployed } from "../../infra/checks/deployed/check-deployed.ts";
import { synthesise } from "../../infra/local/commands/synthesise.ts";
import { startHost, type Host } from "../../infra/local/host.ts";
import { Journey } from "./journey.ts";
import { mixAssemblies, type Choice } from "./mixed-assembly.ts";
import { assemblyOfCommit, git, releaseBefore } from "./release-before.ts";

/** Not behind the API: they always run the newest code. */
const alwaysNew = ["bootstrap", "rotation"];
const stays = (name: string): boolean => alwaysNew.includes(name);

/** In this order, over the same data: each meets what the ones before have written. */
const mixtures: Readonly<Record<string, Choice>> = {
  "old functions, new authorizer": (name) => (name === "authorizer" || stays(name) ? "new" : "old"),
  "new functions, old authorizer": (name) => (name === "authorizer" ? "old" : "new"),
  "this release": () => "new",
  "the release before on roles, items and secrets of this one": (name) => (stays(name) ? "new" : "old"),
};

async function day(what: string, host: Host, journey: Journey): Promise<boolean> {
  const faults: string[] = [];
  const report = (line: string): void => {
    if (!line.startsWith("ok ")) faults.push(line);
  };
  const signIn = host.rootSignIn;
  if (signIn === undefined) throw new Error("the template has no sign-in of the root user");
  await checkDeployed({ url: host.url, signIn, report });
  await journey.step().catch((error: unknown) => faults.push(error instanceof Error ? error.message : String(error)));
  console.log(`${faults.length === 0 ? "ok  " : "FAIL"}  ${what}`);
  for (const fault of faults) console.error(`  ${fault}`);
  return faults.length === 0;
}

async function check(commit: string, folder: string): Promise<boolean> {
  const before = assemblyOfCommit(commit, folder);
  const after = join(folder, "this");
  await synthesise(after);
  const reports: string[] = [];
  const host = await startHost({ assembly: before, report: (line) => reports.push(line) });
  try {
    const signIn = host.rootSignIn;
    if (signIn === undefined) throw new Error("the template has no sign-in of the root user");
    const journey = await Journey.begin(host.url, signIn);
    let passed = await day("the release before", host, journey);
    for (const [what, choose] of Object.entries(mixtures)) {
      if (!passed) break;
      const mixed = join(folder, what.replaceAll(/\W+/g, "-"));
      await mkdir(mixed);
      const old = mixAssemblies(before, after, choose, mixed);
      await host.replace(mixed);
      passed = await day(`${what} (${old.length} functions of the release before)`, host, journey);
    }
    for (const line of passed ? [] : reports) console.error(`  ${line}`);
    return passed;
  } finally {
    await host.close();
  }
}

const named = process.env["COMPATIBILITY_BASE"] ?? "";
const base = releaseBefore(git, named === "" ? undefined : named);
if (base.kind === "unknown") {
  console.error(`OLD AND NEW CODE DID NOT MEET: ${base.reason}, or name a commit in COMPATIBILITY_BASE.`);
  // Who names a commit wants it compared with that one.
  process.exitCode = named === "" ? 2 : 1;
} else {
  console.log(`the release before is ${base.name}`);
  const folder = await mkdtemp(join(tmpdir(), "portico-compatibility-"));
  try {
    process.exitCode = (await check(base.name, folder)) ? 0 : 1;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
