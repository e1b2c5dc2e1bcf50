/**
 * `npm run check:postman`: runs the committed Postman collection against a local host in memory. Exits with 1 when a
 * response differs from the documented one. `npm run demo` is the same run with `--answers`: it also prints each
 * request and response.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import newman, { type Summary } from "newman";
import { projectRoot } from "../contract/document.ts";
import { collectionPath } from "../contract/generated-files.ts";
import { startHost } from "../local/host.ts";
import { synthesise } from "../local/commands/synthesise.ts";

function runCollection(variables: Readonly<Record<string, string>>): Promise<Summary> {
  return new Promise((resolve, reject) => {
    const envVar = Object.entries(variables).map(([key, value]) => ({ key, value }));
    const options = { collection: join(projectRoot, collectionPath), envVar, timeoutRequest: 60_000 };
    newman.run(options, (error, summary) => (error ? reject(error) : resolve(summary)));
  });
}

const maxShownLines = 30;

/** An indented JSON body with shortened secrets. */
function shown(body = ""): string {
  const cut = (name: string, value: unknown): unknown =>
    typeof value === "string" && /token$|secret|password/i.test(name) ? `${value.slice(0, 4)}…` : value;
  const text = /^[{[]/.test(body) ? JSON.stringify(JSON.parse(body, cut), undefined, 2) : body;
  const lines = text.split("\n");
  const rest = lines.length - maxShownLines;
  return [...lines.slice(0, maxShownLines), ...(rest > 0 ? [`… ${rest} more lines`] : [])].join("\n    ");
}

/** One line per request, and the response when it was not expected. */
function show({ run: { executions } }: Summary, withAnswers: boolean): void {
  for (const { item, request, response, assertions = [] } of executions) {
    const wrong = assertions.filter(({ error }) => error !== undefined);
    console.log(
      `${wrong.length === 0 ? "✓" : "✗"} ${response?.code ?? "---"} ${request.method} ${request.url.getPath()}  ${item.name}`,
    );
    if (withAnswers) {
      if (request.body?.raw) console.log(`    ${shown(request.body.raw)}`);
      console.log(`    → ${shown(response?.stream?.toString())}\n`);
    }
    for (const { assertion, error } of wrong) console.error(`    ${assertion}: ${error?.message ?? ""}`);
    if (wrong.length > 0) console.error(`    ${response?.stream?.toString() ?? "no answer"}`);
  }
}

const folder = await mkdtemp(join(tmpdir(), "portico-postman-"));
try {
  await synthesise(folder);
  const host = await startHost({ assembly: folder, report: (line) => console.error(line) });
  try {
    if (host.rootSignIn === undefined) throw new Error("the template makes no root user");
    const { username, password } = host.rootSignIn;
    const summary = await runCollection({ baseUrl: host.url, rootUsername: username, rootPassword: password });
    show(summary, process.argv.includes("--answers"));
    const { executions, failures } = summary.run;
    console.log(`${executions.length} requests, ${failures.length} failures`);
    for (const { error, source } of failures) console.error(`${source?.name ?? "the collection"}: ${error.message}`);
    if (failures.length > 0 || executions.length === 0) process.exitCode = 1;
  } finally {
    await host.close();
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
