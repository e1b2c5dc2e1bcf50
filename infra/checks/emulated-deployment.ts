/**
 * `npm run check:deploy`: deploys all stacks with the CDK CLI to ministack, an emulator of AWS from PyPI, runs the smoke test
 * there, compares what came about with the templates, deploys again without and with a changed function, and destroys
 * everything. What ministack cannot do is deployed to localemu, another emulator. Where there is no Python, one line says
 * that it was skipped.
 */
import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { build, bundleFolder, defaultOutDir } from "../build/bundle.ts";
import { synthesize } from "./assembly.ts";
import { checkDeployed } from "./deployed/check-deployed.ts";
import type { SignIn } from "./deployed/checks.ts";
import { additions, apiId, removals, unkept } from "./emulator/allowances.ts";
import { openCdk, type Cdk } from "./emulator/cdk.ts";
import { declaredFacts } from "./emulator/declared-facts.ts";
import { deployedFacts, resourcesOf } from "./emulator/deployed-facts.ts";
import { changesBetween, differencesOf, withoutRelease, type Facts } from "./emulator/differences.ts";
import { localemu, ministack, withEmulator, type ClientSettings, type Emulator } from "./emulator/emulator.ts";
import { needless, secondOpinion, type First } from "./emulator/second-opinion.ts";
import { StackValues, type DeployedStack } from "./emulator/stack-values.ts";
import { prepareAssembly, readStacks, wholeTemplate } from "./emulator/stacks.ts";
import { installedTool } from "./python-tool.ts";
import { withFolder } from "./throwaway-host.ts";

const pythonOfSecond = "3.13";
const stage = "local";
const apiStack = `Portico-${stage}-Api`;
/** Its bundle is the one that changes. */
const changedFunction = "system/health";

interface Run {
  readonly emulator: Emulator;
  readonly cdk: Cdk;
  readonly folder: string;
  readonly parameters: Readonly<Record<string, string>>;
}

let failures = 0;
const startedAt = Date.now();

function report(isHeld: boolean, line: string, details: readonly string[] = []): void {
  if (!isHeld) failures += 1;
  console.log(`${isHeld ? "ok  " : "FAIL"}  ${line} (after ${Math.round((Date.now() - startedAt) / 1000)} s)`);
  if (isHeld) return;
  for (const detail of details.slice(0, 40)) console.error(`      ${detail.slice(0, 600)}`);
}

const inSecond = (reason?: string): string => `${localemu.name}: ${reason ?? "compared there"}`;

/** @returns the folder of the prepared assembly */
async function assemblyOf(folder: string, release: string, bundles = defaultOutDir): Promise<string> {
  const assembly = join(folder, release);
  const context = { stage, release, bundles };
  const { exitCode, errors } = await synthesize(assembly, context, { validate: false });
  if (exitCode !== 0) throw new Error(`synthesis failed: ${errors}`);
  const { removed } = await prepareAssembly(assembly);
  if (release === "one") {
    for (const { name, reason, second } of removals)
      console.log(`left out: ${removed[name]?.length ?? 0} × ${name}: ${reason}; ${inSecond(second)}`);
    for (const { of, property, reason, second } of unkept)
      console.log(`not compared: ${property} of the ${of.trim()}: ${reason}; ${inSecond(second)}`);
    for (const addition of additions) console.log(`added to the emulator: ${addition}`);
  }
  return assembly;
}

async function deploy({ cdk, parameters }: Run, assembly: string): Promise<void> {
  await cdk.deploy(
    assembly,
    Object.entries(parameters).map(([name, value]) => `${apiStack}:${name}=${value}`),
  );
}

async function rootSignIn(settings: ClientSettings): Promise<SignIn> {
  const request = new GetSecretValueCommand({ SecretId: `portico/${stage}/root-sign-in` });
  const { SecretString = "" } = await new SecretsManagerClient(settings).send(request);
  return JSON.parse(SecretString) as SignIn;
}

async function smokeTest({ emulator, parameters }: Run, release: string): Promise<void> {
  const signIn = await rootSignIn(emulator.settings);
  const lines: string[] = [];
  const url = parameters["PublicUrl"] ?? "";
  const isKept = await checkDeployed({ url, signIn, release, report: (line) => lines.push(line) });
  report(isKept, `the smoke test of a deployment passes: ${lines.length} promises`, lines);
}

async function stacksOf({ emulator, parameters }: Run, assembly: string): Promise<readonly DeployedStack[]> {
  return await readStacks(emulator.settings, assembly, { [apiStack]: parameters });
}

/** Holds what came about against the templates. @returns what came about, with what the second emulator needs */
async function compare(run: Run, assembly: string): Promise<{ readonly facts: Facts; readonly first: First }> {
  const deployed = await deployedFacts(run.emulator.settings, stage);
  const table = Object.entries(deployed).find(([name]) => name.startsWith("table "))?.[1];
  const stacks = await stacksOf(run, assembly);
  const values = new StackValues(stacks, String(table?.["StreamArn"]));
  const declared = declaredFacts(stacks, values);
  const differences = differencesOf(declared, deployed, unkept);
  report(
    differences.length === 0,
    `what came about is what is declared: ${countsOf(Object.keys(declared))}`,
    differences,
  );
  const whole = stacks.filter(({ parent }) => parent === undefined);
  const sources = whole.map(async (stack) => ({ stack, whole: await wholeTemplate(assembly, stack.name) }));
  return { facts: deployed, first: { sources: await Promise.all(sources), values, stage } };
}

function countsOf(facts: readonly string[]): string {
  const kinds = Map.groupBy(facts, (name) => name.replace(/ (\S+|[A-Z]+ \/.*)$/, ""));
  return [...kinds].map(([kind, names]) => `${names.length} × ${kind.split(" of ")[0] ?? ""}`).join(", ");
}

/** Deploys to the second emulator what the first cannot do, and tries what both are said not to do. */
async function consultSecond(program: string | undefined, folder: string, first: First): Promise<void> {
  if (program === undefined) {
    console.log(
      `the deployment to ${localemu.name} was skipped: there is no Python ${pythonOfSecond} that can install it`,
    );
    return;
  }
  await withEmulator(localemu, { program, folder }, async (emulator) => {
    const { declared, differences } = await secondOpinion(emulator, first);
    report(differences.length === 0, `in ${localemu.name}, too: ${countsOf(declared)}`, differences);
    const beyond = removals.filter(({ second }) => second !== undefined);
    const lines = await needless(emulator, beyond, first);
    report(lines.length === 0, `${localemu.name} cannot do what it is said not to do`, lines);
  });
}

async function tryRemovals(emulator: Emulator, first: First): Promise<void> {
  const lines = await needless(emulator, removals, first);
  report(lines.length === 0, `${ministack.name} cannot do what is left out`, lines);
}

/** Deploys, and holds what changes besides the release marker against what should. @returns what is there now */
async function deployOver(run: Run, before: Facts, next: Change): Promise<Facts> {
  await deploy(run, next.assembly);
  const after = await deployedFacts(run.emulator.settings, stage);
  const changes = changesBetween(withoutRelease(before), withoutRelease(after));
  const unexpected = changes.filter((name) => !next.expected.some((pattern) => pattern.test(name)));
  const idle = next.expected.filter((pattern) => !changes.some((name) => pattern.test(name)));
  report(unexpected.length + idle.length === 0, next.line, [
    ...unexpected.map((name) => `${name} changed`),
    ...idle.map((pattern) => `nothing like ${pattern.source} changed`),
  ]);
  return after;
}

interface Change {
  readonly assembly: string;
  readonly line: string;
  /** Names of facts that have to change; no others may. */
  readonly expected: readonly RegExp[];
}

async function destroy(run: Run, assembly: string): Promise<void> {
  const retained = (await stacksOf(run, assembly)).flatMap(({ template, physicalIds }) =>
    Object.entries(template.Resources)
      .filter(([, { Type, DeletionPolicy }]) => Type === "AWS::IAM::Role" && DeletionPolicy === "Retain")
      .map(([id]) => `role ${physicalIds[id] ?? ""}`),
  );
  await run.cdk.destroy(assembly);
  const left = await resourcesOf(run.emulator.settings);
  const isExact = left.length === retained.length && left.every((name) => retained.includes(name));
  report(isExact, "destroy leaves what is retained alone: the role of API Gateway's logs", left);
}

async function check(programs: Programs, folder: string, signal: AbortSignal): Promise<void> {
  await build();
  const changed = join(folder, "bundles");
  await cp(defaultOutDir, changed, { recursive: true });
  const bundle = join(bundleFolder(changedFunction, changed), "index.mjs");
  await writeFile(bundle, `${await readFile(bundle, "utf8")}\n// changed\n`);
  await withEmulator(ministack, { program: programs.first, folder }, async (emulator) => {
    const cdk = openCdk(emulator, folder, signal);
    const url = `${emulator.settings.endpoint}/_aws/execute-api/${apiId}/${stage}`;
    const identityProvider = { IdpIssuer: "https://id.example", IdpJwksUri: "https://id.example/jwks" };
    const run = { emulator, cdk, folder, parameters: { PublicUrl: url, ...identityProvider } };
    const [one] = await Promise.all([assemblyOf(folder, "one"), cdk.bootstrap()]);
    await deploy(run, one);
    report(true, "all stacks are deployed");
    const { facts, first } = await compare(run, one);
    const [two] = await Promise.all([
      assemblyOf(folder, "two"),
      smokeTest(run, "one"),
      tryRemovals(emulator, first),
      programs.second.then(async (program) => consultSecond(program, folder, first)),
    ]);
    const repeated = { assembly: two, line: "a second deployment changes the release marker alone", expected: [] };
    const [three, second] = await Promise.all([assemblyOf(folder, "three", changed), deployOver(run, facts, repeated)]);
    await deployOver(run, second, {
      assembly: three,
      line: "a changed function changes itself, its version, its method and the API's deployment alone",
      expected: [
        /^function Portico-local-system-health$/,
        /^version .*:Portico-local-system-health:2$/,
        /^method GET \/health$/,
        /^stage local$/,
      ],
    });
    await smokeTest(run, "three");
    await destroy(run, three);
  });
}

interface Programs {
  readonly first: string;
  /** Installed while the first one is at work. */
  readonly second: Promise<string | undefined>;
}

const program = await installedTool(ministack.name, ministack.version);
if (program === undefined) {
  console.log("the deployment to an emulator was skipped: there is no Python 3 that can install it");
} else {
  const stop = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => stop.abort());
  const second = installedTool(localemu.name, localemu.version, pythonOfSecond);
  // A failure is reported where the program is needed.
  second.catch(() => undefined);
  await withFolder((folder) => check({ first: program, second }, folder, stop.signal)).catch((error: unknown) => {
    report(false, stop.signal.aborted ? "stopped" : error instanceof Error ? error.message : String(error));
  });
  if (failures > 0) process.exitCode = 1;
}
