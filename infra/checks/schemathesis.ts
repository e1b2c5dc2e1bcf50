/**
 * `npm run check:schemathesis`: Schemathesis attacks a local host in memory from the committed contract, as a partner, a user and
 * an administrator, and without a token. It comes from PyPI; where there is no Python, one line says that it was skipped.
 */
import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { AnyOperation } from "../../shared/contract/operation.ts";
import { operations as couponOperations } from "../../shared/coupons/contract.ts";
import { operations } from "../../shared/operations.ts";
import { operations as threadOperations } from "../../shared/threads/contract.ts";
import { operationIdOf } from "../../shared/contract/openapi-names.ts";
import { projectRoot } from "../contract/document.ts";
import { contractPath } from "../contract/generated-files.ts";
import type { Host } from "../local/host.ts";
import { administratorOf, createPerson, post, registerPartner, signIn } from "./callers.ts";
import { installedTool } from "./python-tool.ts";
import { withFolder, withHost, withLocalAssembly } from "./throwaway-host.ts";

const version = "4.32.5";
const settingsPath = join(projectRoot, "infra/checks/schemathesis/schemathesis.toml");

/** Tables of its configuration file, by their names. */
type Tables = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

interface Attack {
  readonly caller: string;
  readonly operations: readonly AnyOperation[];
  /** How it gets its tokens, and gets a new one when one is refused. */
  readonly signIn: (host: Host) => Promise<Tables>;
}

/** @param scheme the security scheme of the contract that takes the token */
function tokenTables(scheme: string, request: Readonly<Record<string, unknown>>, payload: object): Tables {
  const table = `auth.dynamic.openapi.${scheme}`;
  return { [table]: { ...request, retry_on: [401] }, [`${table}.payload`]: { ...payload } };
}

const sessionTables = (payload: object): Tables =>
  tokenTables("user", { path: "/v1/auth/login", extract_selector: "/accessToken" }, payload);

async function partnerTables(host: Host): Promise<Tables> {
  const { clientId, clientSecret } = await registerPartner(host, await signIn(host, administratorOf(host)));
  const request = {
    path: "/oauth/token",
    payload_content_type: "application/x-www-form-urlencoded",
    extract_selector: "/access_token",
  };
  const payload = { grant_type: "client_credentials", client_id: clientId, client_secret: clientSecret };
  return tokenTables("partner", request, payload);
}

/** Whoever uses client credentials where the contract asks for a client. */
async function clientTables(host: Host): Promise<Tables> {
  const { clientId, clientSecret } = await registerPartner(host, await signIn(host, administratorOf(host)));
  return { "auth.openapi.client": { username: clientId, password: clientSecret } };
}

/** A user, for whom the contract's examples of coupons and threads come true. */
async function userTables(host: Host): Promise<Tables> {
  const token = await signIn(host, administratorOf(host));
  await post(host, "/v1/coupons", couponOperations.create.request.bodyExample as object, token);
  const { participants } = threadOperations.create.request.bodyExample as { readonly participants: readonly string[] };
  for (const name of participants) await createPerson(host, token, name);
  return sessionTables(await createPerson(host, token));
}

/** Whom an operation is attacked as. A partner would change its own secret, and then get no more tokens. */
function callerOf({ access }: AnyOperation): string {
  if (access === "public") return "anyone";
  if (access.user?.roles.includes("user") === true) return "user";
  return access.user === undefined ? "partner" : "administrator";
}

const attacks: readonly Attack[] = (
  [
    ["administrator", async (host) => sessionTables(administratorOf(host))],
    ["partner", partnerTables],
    ["user", userTables],
    ["anyone", clientTables],
  ] satisfies readonly (readonly [string, Attack["signIn"]])[]
).map(([caller, signInAs]) => ({
  caller,
  operations: operations.filter((operation) => callerOf(operation) === caller),
  signIn: signInAs,
}));

/** What the check reads of the report of a run. */
interface Report {
  readonly exit_code: number;
  readonly operations: { readonly tested: number };
  readonly test_cases: { readonly generated: number };
  readonly warnings: { readonly missing_auth: readonly string[] };
}

const tomlOf = (tables: Tables): string =>
  Object.entries(tables)
    .map(([name, values]) => {
      // A JSON string, number or list of them is written alike in TOML.
      const lines = Object.entries(values).map(([key, value]) => `${key} = ${JSON.stringify(value)}`);
      return `\n[${name}]\n${lines.join("\n")}\n`;
    })
    .join("");

/** Runs an attack against a host of its own, so that no attack ends what another one needs. @returns whether it found nothing */
async function run(program: string, assembly: string, attack: Attack): Promise<boolean> {
  return await withFolder((folder) =>
    withHost({ assembly }, async (host) => {
      const settings = join(folder, "schemathesis.toml");
      const common = await readFile(settingsPath, "utf8");
      await writeFile(settings, `base-url = "${host.url}"\n${common}${tomlOf(await attack.signIn(host))}`, {
        mode: 0o600,
      });
      const report = join(folder, "report.json");
      const output = await outputOf(program, [
        ...["--config-file", settings, "run", contractPath, "--no-color"],
        ...["--report", "json", "--report-json-path", report],
        ...attack.operations.flatMap((operation) => ["--include-operation-id", operationIdOf(operation)]),
      ]);
      return judge(attack, output, JSON.parse(await readFile(report, "utf8").catch(() => "null")) as Report | null);
    }),
  );
}

/** The whole output. Its status stands in the report as well. */
function outputOf(program: string, words: readonly string[]): Promise<string> {
  const options = { cwd: projectRoot, maxBuffer: 64 * 1024 * 1024 };
  return new Promise((settle) => {
    execFile(program, words, options, (_error, output, errors) => settle(output + errors));
  });
}

function judge({ caller, operations: attacked }: Attack, output: string, report: Report | null): boolean {
  const tested = report?.operations.tested ?? 0;
  const cases = report?.test_cases.generated ?? 0;
  const asksForAnotherProof = new Set(
    attacked
      .filter(({ access, problems }) => access === "public" || problems.includes("credentials_invalid"))
      .map(({ method, path }) => `${method} ${path}`),
  );
  const refused = (report?.warnings.missing_auth ?? []).filter((operation) => !asksForAnotherProof.has(operation));
  const isHeld = report?.exit_code === 0 && tested === attacked.length && tested > 0 && refused.length === 0;
  console.log(`${isHeld ? "ok  " : "FAIL"}  ${caller}: ${tested} of ${attacked.length} operations, ${cases} cases`);
  for (const operation of refused) console.error(`${operation} refused every token`);
  if (!isHeld) console.error(output);
  return isHeld;
}

/** `-- user` runs the attack of one caller. */
const [only] = process.argv.slice(2);
const chosen = attacks.filter(({ caller }) => only === undefined || caller === only);
if (chosen.length === 0) throw new Error(`choose one of ${attacks.map(({ caller }) => caller).join(", ")}`);
/** One after the other in each lane: a lane for each of two cores. */
const lanes = [chosen.filter((_, index) => index % 2 === 0), chosen.filter((_, index) => index % 2 === 1)];

const program = await installedTool("schemathesis", version);
if (program === undefined) {
  console.log("Schemathesis was skipped: there is no Python 3 that can install it");
} else {
  const results = await withLocalAssembly((assembly) =>
    Promise.all(
      lanes.map(async (lane) => {
        const held: boolean[] = [];
        for (const attack of lane) held.push(await run(program, assembly, attack));
        return held;
      }),
    ),
  );
  if (!results.flat().every(Boolean)) process.exitCode = 1;
}
