/** The programs of the guide "Receive webhooks" verify what Portico signs, and nothing else. */
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { newKeyPair, newSecret, signatureHeaders } from "../../shared/webhooks/signatures.ts";
import { hasGo, hasPython, succeeds, testWith } from "./programs.ts";

const run = promisify(execFile);
const guide = readFileSync(join(import.meta.dirname, "../../docs/guides/webhooks.md"), "utf8");
const owner = { endpointId: "whe_1", key: "key of the stage" };
const body = '{"type":"webhook.test","name":"Zoë"}';

/** The only program of the guide in a language that has a text. */
function program(language: string, text: string): string {
  const blocks = [...guide.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)]
    .filter(([, name, code]) => name === language && code?.includes(text))
    .map(([, , code = ""]) => code);
  expect(blocks).toHaveLength(1);
  return blocks[0] as string;
}

/** A request to verify, and whether the program should accept it. */
interface Case {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly key: string;
  readonly accepts: boolean;
}

/** What a program has to accept and to refuse. @param sealed what signs, and what it is called outside */
function casesOf({ sealed, key }: Record<"sealed" | "key", string>, otherKey: string): readonly Case[] {
  // The programs compare with their own clock.
  const now = new Date();
  const signed = (at: Date) =>
    signatureHeaders({ id: "evt_1", body }, { current: sealed, previous: null, revision: 1 }, owner, at);
  const headers = signed(now);
  const good = { headers, body, key, accepts: true };
  const second = { ...headers, "webhook-signature": `v1,AAAA v1a,AAAA ${headers["webhook-signature"]}` };
  const bad: readonly Partial<Case>[] = [
    { body: `${body} ` },
    { key: otherKey },
    { headers: { ...headers, "webhook-id": "evt_2" } },
    { headers: { ...headers, "webhook-signature": "v1,AAAA v1a,AAAA" } },
    { headers: signed(new Date(now.getTime() - 3_600_000)) },
    { headers: signed(new Date(now.getTime() + 3_600_000)) },
  ];
  return [good, { ...good, headers: second }, ...bad.map((change) => ({ ...good, ...change, accepts: false }))];
}

const shared = newSecret(owner);
const pair = newKeyPair(owner);
const cases = {
  v1: casesOf({ sealed: shared.sealed, key: shared.secret }, newSecret(owner).secret),
  v1a: casesOf({ sealed: pair.sealed, key: pair.publicKey }, newKeyPair(owner).publicKey),
};

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "portico-webhooks-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Gives all cases to one run of a program, which prints one line for each. */
async function expectVerdicts(list: readonly Case[], command: string, args: readonly string[]): Promise<void> {
  const path = join(folder, "cases.json");
  writeFileSync(path, JSON.stringify(list.map(({ headers, body: sent, key }) => ({ headers, body: sent, key }))));
  const { stdout } = await run(command, [...args, path]);
  expect(stdout.trim().split("\n")).toEqual(list.map(({ accepts }) => String(accepts)));
}

const pythonMain = `
import json, sys
for case in json.load(open(sys.argv[1])):
    print(str(verify(case["body"].encode(), case["headers"], case["key"])).lower())
`;

const hasCryptography = hasPython && succeeds("python3", "-c", "import cryptography");

testWith(hasPython, "the guide's Python verifies HMAC-SHA-256", async () => {
  await expectVerdicts(cases.v1, "python3", [pythonFile(program("python", "hmac.new"))]);
});

testWith(hasCryptography, "the guide's Python verifies Ed25519, with the package cryptography", async () => {
  await expectVerdicts(cases.v1a, "python3", [pythonFile(program("python", "Ed25519PublicKey"))]);
});

function pythonFile(code: string): string {
  const path = join(mkdtempSync(join(folder, "python-")), "main.py");
  writeFileSync(path, code + pythonMain);
  return path;
}

const goMain = `
func main() {
	text, err := os.ReadFile(os.Args[1])
	if err != nil {
		panic(err)
	}
	var cases []struct {
		Headers   map[string]string
		Body, Key string
	}
	if err := json.Unmarshal(text, &cases); err != nil {
		panic(err)
	}
	for _, one := range cases {
		header := http.Header{}
		for name, value := range one.Headers {
			header.Set(name, value)
		}
		fmt.Println(verify([]byte(one.Body), header, one.Key))
	}
}
`;
const goPackages = ["encoding/base64", "encoding/json", "fmt", "net/http", "os", "strconv", "strings", "time"];

testWith(hasGo, "the guide's Go verifies HMAC-SHA-256 and Ed25519, formatted as gofmt does", async () => {
  for (const [list, text, packages] of [
    [cases.v1, "hmac.New", ["crypto/hmac", "crypto/sha256"]],
    [cases.v1a, "ed25519.Verify", ["crypto/ed25519"]],
  ] as const) {
    const own = mkdtempSync(join(folder, "go-"));
    const imports = [...packages, ...goPackages].sort().map((name) => `\t"${name}"`);
    const main = join(own, "main.go");
    writeFileSync(main, `package main\n\nimport (\n${imports.join("\n")}\n)\n\n${program("go", text)}${goMain}`);
    expect((await run("gofmt", ["-l", main])).stdout).toBe("");
    await run("go", ["build", "-o", join(own, "verify"), main]);
    await expectVerdicts(list, join(own, "verify"), []);
  }
});
