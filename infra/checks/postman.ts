/**
 * `npm run check:postman`: runs the committed Postman collection against a local host in memory. Exits with 1 when a
 * response differs from the documented one. `npm run demo` is the same run with `--answers`: it also prints each
 * request and response, and the webhooks that arrive.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
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

/** A partner's server: it keeps what it is sent, and accepts it. */
async function startReceiver() {
  const received: string[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (part: Buffer) => (body += part.toString()));
    request.on("end", () => {
      const signature = String(request.headers["webhook-signature"]);
      received.push(
        `webhook ${String(request.headers["webhook-id"])}  ${signature.slice(0, 8)}…\n    ${shown(body)}\n`,
      );
      response.writeHead(204).end();
    });
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhooks/portico`,
    received,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** A webhook follows its event within seconds. */
const webhookPolls = 100;

async function printWebhooks(received: readonly string[]): Promise<void> {
  for (let poll = 0; poll < webhookPolls && received.length === 0; poll++) await delay(100);
  if (received.length === 0) throw new Error("no webhook has arrived");
  for (const webhook of received) console.log(webhook);
}

const folder = await mkdtemp(join(tmpdir(), "portico-postman-"));
try {
  await synthesise(folder);
  const withAnswers = process.argv.includes("--answers");
  const receiver = await startReceiver();
  const options = { assembly: folder, runEventSources: true, report: (line: string) => console.error(line) };
  const host = await startHost(options).catch((error: unknown) => {
    receiver.close();
    throw error;
  });
  try {
    if (host.rootSignIn === undefined) throw new Error("the template makes no root user");
    const { username, password } = host.rootSignIn;
    const variables = { baseUrl: host.url, rootUsername: username, rootPassword: password, webhookUrl: receiver.url };
    const summary = await runCollection(variables);
    show(summary, withAnswers);
    if (withAnswers) await printWebhooks(receiver.received);
    const { executions, failures } = summary.run;
    console.log(`${executions.length} requests, ${failures.length} failures`);
    for (const { error, source } of failures) console.error(`${source?.name ?? "the collection"}: ${error.message}`);
    if (failures.length > 0 || executions.length === 0) process.exitCode = 1;
  } finally {
    await host.close();
    receiver.close();
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
