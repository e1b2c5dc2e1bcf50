/**
 * `npm run check:postman`: runs the committed Postman collection, from its first request to its last, against a local host in
 * memory, and exits 1 where an answer is not the documented one.
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

/** One line for each request, with what the host answered where that was not expected. */
function show({ run: { executions } }: Summary): void {
  for (const { item, request, response, assertions = [] } of executions) {
    const wrong = assertions.filter(({ error }) => error !== undefined);
    console.log(
      `${wrong.length === 0 ? "✓" : "✗"} ${response?.code ?? "---"} ${request.method} ${request.url.getPath()}  ${item.name}`,
    );
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
    show(summary);
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
