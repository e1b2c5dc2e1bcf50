/**
 * `npm run check:clients`: generators that nobody here wrote make a Python and a Go client from the committed contract. Both are
 * compiled and spend a partner's day with a local host in memory. A language that is not installed is skipped in one line.
 */
import { execFile } from "node:child_process";
import { cp, mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { projectRoot } from "../contract/document.ts";
import { contractPath } from "../contract/generated-files.ts";
import type { Host } from "../local/host.ts";
import { administratorOf, registerPartner, signIn } from "./callers.ts";
import { installedTool } from "./python-tool.ts";
import { withFolder, withHost, withLocalAssembly } from "./throwaway-host.ts";

const pythonGenerator = { name: "openapi-python-client", version: "0.29.1" };
const goGenerator = "github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2";

const run = promisify(execFile);
const contract = join(projectRoot, contractPath);
const sources = join(projectRoot, "infra/checks/clients");

/** A compiled client's program, with the folder that it runs in. */
interface Program {
  readonly file: string;
  readonly words: readonly string[];
  readonly folder: string;
}

/** @returns undefined without Python 3 */
async function pythonProgram(folder: string): Promise<Program | undefined> {
  const generator = await installedTool(pythonGenerator.name, pythonGenerator.version);
  if (generator === undefined) return undefined;
  await cp(join(sources, "python"), folder, { recursive: true });
  const target = ["--output-path", join(folder, "portico"), "--meta", "none"];
  const settings = ["--config", join(folder, "config.yaml"), "--fail-on-warning"];
  await run(generator, ["generate", "--path", contract, ...target, ...settings]);
  const python = join(dirname(generator), "python");
  await run(python, ["-m", "compileall", "-q", "portico"], { cwd: folder });
  return { file: python, words: ["partner_day.py"], folder };
}

/** @returns undefined without Go */
async function goProgram(folder: string): Promise<Program | undefined> {
  const isInstalled = await run("go", ["version"]).then(
    () => true,
    () => false,
  );
  if (!isInstalled) return undefined;
  await cp(join(sources, "go"), folder, { recursive: true });
  await mkdir(join(folder, "portico"));
  const target = ["-package", "portico", "-generate", "types,client", "-o", join(folder, "portico/client.go")];
  await run("go", ["run", goGenerator, ...target, contract]);
  await run("go", ["vet", "."], { cwd: folder });
  await run("go", ["build", "-o", "day", "."], { cwd: folder });
  return { file: join(folder, "day"), words: [], folder };
}

/** Each day has a partner of its own, whose list begins empty. */
async function spendDay(host: Host, { file, words, folder }: Program): Promise<void> {
  const { clientId, clientSecret } = await registerPartner(host, await signIn(host, administratorOf(host)));
  const variables = { PORTICO_URL: host.url, PORTICO_CLIENT_ID: clientId, PORTICO_CLIENT_SECRET: clientSecret };
  const { stdout } = await run(file, words, { cwd: folder, env: { ...process.env, ...variables } });
  process.stdout.write(stdout);
}

const languages = [
  { name: "Python", make: pythonProgram },
  { name: "Go", make: goProgram },
];

await withLocalAssembly((assembly) =>
  withHost({ assembly }, async (host) => {
    for (const { name, make } of languages) {
      try {
        await withFolder(async (folder) => {
          const program = await make(folder);
          if (program === undefined) console.log(`the ${name} client was skipped: there is no ${name}`);
          else await spendDay(host, program);
        });
      } catch (error) {
        const {
          stdout = "",
          stderr = "",
          message,
        } = error as Error & { readonly stdout?: string; readonly stderr?: string };
        console.error(`the ${name} client: ${stderr || stdout || message}`);
        process.exitCode = 1;
      }
    }
  }),
);
