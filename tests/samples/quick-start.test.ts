/** The commands of the README's first call, of the quick starts and of the guide to testing run as they are shown, with the statuses that they document. */
import { spawnSync } from "node:child_process";
import { execFile } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import { Portico, type TestPartner } from "../support/portico.ts";
import { contentsOf } from "../support/table.ts";

const root = join(import.meta.dirname, "../..");
const run = promisify(execFile);

/** The shell blocks below a heading, or of the whole document, as one script. */
function script(path: string, heading?: string): string {
  const text = readFileSync(join(root, path), "utf8");
  const sections = text.split(/^(?=## )/m);
  const section = heading === undefined ? text : sections.find((part) => part.startsWith(`## ${heading}\n`));
  const blocks = [...(section ?? "").matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block = ""]) => block);
  if (blocks.length === 0) throw new Error(`${path} has no shell block${heading ? ` under "${heading}"` : ""}`);
  return blocks.join("\n");
}

/** The script of a guide, as a partner fills it in. */
function guide(path: string, { id, secret }: TestPartner): string {
  return script(path)
    .replaceAll("https://api.example.com", portico.url)
    .replace("='ptr_…'", `='${id}'`)
    .replace("SECRET='…'", `SECRET='${secret}'`);
}

/** The statuses in the comments behind the calls, in their order. */
function documentedStatuses(text: string): readonly string[] {
  return [...text.matchAll(/ # (\d{3})$/gm)].map(([, status = ""]) => status);
}

const missing = ["bash", "curl", "python3"].filter((program) => spawnSync(program, ["--version"]).error !== undefined);

/** `test` for what needs a shell. Without one it is skipped with a message; in CI it fails. */
function testInShell(title: string, body: () => Promise<void>): void {
  if (missing.length === 0 || process.env.CI === "true") {
    test(title, body);
  } else {
    process.stderr.write(`\nSKIPPED, because ${missing.join(" and ")} cannot be run: ${title}\n\n`);
    test.skip(title, body);
  }
}

let portico: Portico;
let folder: string;

beforeAll(async () => {
  portico = await Portico.start();
  folder = mkdtempSync(join(tmpdir(), "portico-quick-start-"));
  // What the documents read from a running host, and a curl that also records the status of each call.
  mkdirSync(join(folder, ".portico"));
  const state = { url: portico.url, root: portico.host.rootSignIn };
  writeFileSync(join(folder, ".portico/local.json"), JSON.stringify(state));
  const curl = join(folder, "curl");
  const search = "PATH=${PATH#*:}";
  writeFileSync(curl, `#!/usr/bin/env bash\n${search}\ncurl "$@" -s -w '%{stderr}%{http_code}\\n' 2>> "$STATUSES"\n`);
  chmodSync(curl, 0o755);
});

afterAll(async () => {
  rmSync(folder, { recursive: true });
  await portico.close();
});

/** Runs a script in the prepared folder and returns the status of each call. */
async function statusesOf(text: string): Promise<readonly string[]> {
  const statuses = join(folder, "statuses");
  writeFileSync(statuses, "");
  await run("bash", ["-euo", "pipefail", "-c", text], {
    cwd: folder,
    env: {
      ...process.env,
      PATH: [folder, dirname(process.execPath), process.env.PATH].join(delimiter),
      STATUSES: statuses,
    },
  });
  return readFileSync(statuses, "utf8").trim().split("\n");
}

testInShell("the first call of the README works as shown", async () => {
  const text = script("README.md", "First call");
  expect(documentedStatuses(text)).toHaveLength(4);
  expect(await statusesOf(text)).toEqual(documentedStatuses(text));
});

testInShell("the quick start works as shown, from its first call to its last", async () => {
  const text = script("docs/quick-start.md");
  expect(documentedStatuses(text).length).toBeGreaterThan(10);
  expect(await statusesOf(text)).toEqual(documentedStatuses(text));
});

testInShell("the quick start that partners read works as shown, with nothing but their credentials", async () => {
  const text = guide("docs/guides/quick-start.md", await portico.registerPartner());
  expect(documentedStatuses(text).length).toBeGreaterThan(6);
  expect(await statusesOf(text)).toEqual(documentedStatuses(text));
});

testInShell("the guide to testing works as shown, and shows what it says", async () => {
  const partner = await portico.registerPartner();
  const text = guide("docs/guides/testing.md", partner);
  expect(documentedStatuses(text).length).toBeGreaterThan(8);
  expect(await statusesOf(text)).toEqual(documentedStatuses(text));
  // The guide ends with a new sandbox; the events of the first one are kept until they expire.
  const events = (await contentsOf(portico.host)).filter(
    ({ pk, sandbox }) => String(pk).startsWith("EVENTS#") && sandbox,
  );
  expect(events.map(({ type, createdAt }) => `${createdAt} ${type}`).sort()).toEqual([
    "2030-01-01T09:00:00.000Z subscription.created",
    "2030-01-25T09:00:00.000Z subscription.expiring",
    "2030-02-01T09:00:00.000Z subscription.expired",
  ]);
  const token = await portico.partnerToken(partner);
  const { body: sandbox } = await portico.call("GET", "/v1/sandbox", { token });
  expect(sandbox.testClock.time).toBe("2031-06-01T00:00:00.000Z");
});
