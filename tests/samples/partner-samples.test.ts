/** What partners download and copy: samples in every language, the client's package and the Postman collection. */
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { transform } from "esbuild";
import { partnerOperations } from "../../infra/contract/partner-contract.ts";
import { languages, sampleRequest, type Replacements } from "../../infra/contract/samples.ts";
import type { AnyOperation } from "../../shared/contract/operation.ts";
import { operations } from "../../shared/operations.ts";
import { Portico } from "../support/portico.ts";
import { hasGo, hasPython, succeeds, testWith } from "./programs.ts";

type LanguageName = keyof typeof languages;

const root = join(import.meta.dirname, "../..");
const run = promisify(execFile);
const portico = Portico.forSuite();
let folder: string;
let partner: { readonly id: string; readonly secret: string };

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "portico-samples-"));
  partner = await portico.registerPartner();
});
afterAll(() => rmSync(folder, { recursive: true }));

function sample(language: LanguageName, operation: AnyOperation, replacements?: Replacements): string {
  return `${languages[language].write(sampleRequest(operation, replacements))}\n`;
}

/** Writes the samples of all operations in one language. @returns the paths */
function writeAll(language: LanguageName): readonly string[] {
  return operations.map((operation) => {
    const own = join(folder, language, operation.id.replace(/\W/g, "_"));
    mkdirSync(own, { recursive: true });
    const path = join(own, `main.${languages[language].extension}`);
    writeFileSync(path, sample(language, operation));
    return path;
  });
}

describe("the samples of every operation are valid programs", () => {
  test("in curl", async () => {
    const paths = writeAll("curl");
    expect(paths).toHaveLength(operations.length);
    await run("bash", ["-c", 'for file in "$@"; do bash -n "$file" || exit 1; done', "bash", ...paths]);
  });

  test("in JavaScript", async () => {
    for (const operation of operations) {
      const { warnings } = await transform(sample("javascript", operation), { format: "esm" });
      expect(warnings).toEqual([]);
    }
  });

  testWith(hasPython, "in Python", async () => {
    const program = "import sys\nfor path in sys.argv[1:]:\n    compile(open(path).read(), path, 'exec')";
    await run("python3", ["-c", program, ...writeAll("python")]);
  });

  testWith(hasGo, "in Go, formatted as gofmt does", async () => {
    const { stdout } = await run("gofmt", ["-l", ...writeAll("go")]);
    expect(stdout).toBe("");
    // One program with a function for each sample compiles once.
    const own = join(folder, "all-in-go");
    mkdirSync(own);
    writeFileSync(join(own, "go.mod"), "module samples\n\ngo 1.24\n");
    writeFileSync(join(own, "main.go"), "package main\n\nfunc main() {}\n");
    for (const [index, operation] of operations.entries()) {
      const text = sample("go", operation);
      expect(text).toContain("func main() {");
      writeFileSync(join(own, `sample${index}.go`), text.replace("func main() {", `func sample${index}() {`));
    }
    await run("go", ["build", "-o", join(own, "samples"), "."], { cwd: own });
  });
});

/** Runs a sample and returns the status and the body that it prints. */
async function execute(language: LanguageName, text: string, token: string): Promise<{ status: number; body: any }> {
  const own = mkdtempSync(join(folder, "run-"));
  const path = join(own, `main.${languages[language].extension}`);
  writeFileSync(path, text);
  const commands: Record<LanguageName, readonly string[]> = {
    curl: ["bash", path],
    javascript: [process.execPath, path],
    python: ["python3", path],
    go: ["go", "run", path],
  };
  const [program = "", ...rest] = commands[language];
  const { stdout } = await run(program, [...rest], {
    env: {
      ...process.env,
      PORTICO_TOKEN: token,
      PORTICO_CLIENT_ID: partner.id,
      PORTICO_CLIENT_SECRET: partner.secret,
    },
  });
  // curl prints the headers as well.
  const status = Number(/^(?:HTTP\/\S+ )?(\d{3})/.exec(stdout)?.[1]);
  const body = /\{[\s\S]*\}\s*$/.exec(stdout)?.[0];
  return { status, body: body === undefined ? undefined : JSON.parse(body) };
}

describe.each<[LanguageName, boolean]>([
  ["curl", true],
  ["javascript", true],
  ["python", hasPython],
  ["go", hasGo],
])("a partner's day in %s", (language, isPresent) => {
  testWith(isPresent, `runs as the docs show it (${language})`, async () => {
    const customer = `customer-${language}`;
    let token = "";
    const call = async (id: AnyOperation["id"], replacements: Replacements = {}) => {
      const operation = operations.find((one) => one.id === id)!;
      const text = sample(language, operation, { ...replacements, baseUrl: portico.url });
      const { status, body } = await execute(language, text, token);
      expect([id, status]).toEqual([id, operation.success.status]);
      return body;
    };
    const path = { externalUserId: customer };
    const body = { grant_type: "client_credentials" };
    token = (await call("oauth.token", { body })).access_token;
    const sale = { externalUserId: customer, userEmail: "grace@example.com", duration: "P1M" };
    expect(await call("subscriptions.create", { body: sale })).toMatchObject({ externalUserId: customer });
    expect(await call("subscriptions.extend", { path })).toMatchObject({ status: "active" });
    expect((await call("subscriptions.history", { path })).items).toHaveLength(2);
    // The others send the same requests, and each program of theirs has to be compiled or started.
    if (language === "go" || language === "python") return;
    const { id: companyId } = await call("companies.create");
    expect(await call("companies.change", { path: { companyId } })).toMatchObject({ declaredBilling: "5.00" });
    await call("companies.delete", { path: { companyId } });
    await call("subscriptions.cancel", { path });
    expect(await call("subscriptions.read", { path })).toMatchObject({ status: "cancelled" });
  });
});

/** The path of a download that the page names. */
async function download(pattern: RegExp): Promise<string> {
  const { text } = await portico.call("GET", "/docs/pages/downloads");
  return pattern.exec(text)?.[1] ?? "";
}

test("the client's package installs from its address, type-checks, and calls the API", async () => {
  const own = mkdtempSync(join(folder, "client-"));
  writeFileSync(join(own, "package.json"), '{ "type": "module" }');
  const archive = join(own, "client.tar");
  const { text } = await portico.call("GET", await download(/href="([^"]*\.tar)"/));
  writeFileSync(archive, text);
  const npm = join(dirname(process.execPath), "npm");
  const installed = await run(
    succeeds(npm, "--version") ? npm : "npm",
    ["install", "--offline", "--no-audit", "--no-fund", "--loglevel=notice", archive],
    { cwd: own },
  );
  expect(installed.stdout).toContain("added 1 package");
  expect(readdirSync(join(own, "node_modules"))).toContain("portico-partner-client");
  const program = `import { createClient, Portico } from "portico-partner-client";
const [baseUrl = "", client_id = "", client_secret = ""] = process.argv.slice(2);
const oauth = new Portico({ client: createClient({ baseUrl }), key: "oauth" }).oauth;
const { data: token } = await oauth.token({ body: { grant_type: "client_credentials", client_id, client_secret } });
const portico = new Portico({ client: createClient({ baseUrl, auth: () => token?.access_token }) });
const { data } = await portico.subscriptions.list({ query: { limit: 5 } });
const count: number | undefined = data?.items.length;
// @ts-expect-error Administrators' operations are not in a partner's client.
const users = portico.users;
console.log(count, users);
`;
  writeFileSync(join(own, "main.ts"), program);
  const options = [
    "--noEmit",
    "--strict",
    "--module",
    "nodenext",
    "--target",
    "es2022",
    "--lib",
    "es2022,dom,dom.iterable",
  ];
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  const types = ["--types", "node", "--typeRoots", join(root, "node_modules/@types")];
  await run(process.execPath, [tsc, ...options, ...types, "main.ts"], { cwd: own });
  const { stdout } = await run(process.execPath, ["main.ts", portico.url, partner.id, partner.secret], { cwd: own });
  expect(stdout.trim()).toMatch(/^\d+ undefined$/);
});

test("the partner's Postman collection has every operation of partners and says what it needs", async () => {
  const { body: collection } = await portico.call("GET", await download(/href="([^"]*postman_collection[^"]*)"/));
  const requests = collection.item.flatMap(({ item }: any) => item);
  expect(requests).toHaveLength(partnerOperations().length + 1);
  expect(collection.item.filter(({ description }: any) => !description)).toEqual([]);
  const inputs = collection.variable.filter(({ description }: any) => description).map(({ key }: any) => key);
  expect(inputs).toEqual(["baseUrl", "clientId", "clientSecret", "webhookUrl"]);
});
