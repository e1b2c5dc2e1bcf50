/**
 * `npm run check:postman`: runs the committed Postman collection against a local host in memory, and twice the one that partners
 * download. Exits with 1 when a response differs from the documented one. `npm run demo` runs the first one with `--answers`: it
 * also prints each request and response, and the webhooks that arrive.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Summary } from "newman";
import { projectRoot } from "../contract/document.ts";
import { collectionPath } from "../contract/generated-files.ts";
import { partnerCollection } from "../contract/partner-contract.ts";
import { runCollection, type Variables } from "./run-collection.ts";
import { withHost, withLocalAssembly } from "./throwaway-host.ts";

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

/** Prints the failures. @returns whether there is none, and a request was sent */
function judge({ run: { executions, failures } }: Summary, name: string): boolean {
  console.log(`${name}: ${executions.length} requests, ${failures.length} failures`);
  for (const { error, source } of failures) console.error(`${source?.name ?? name}: ${error.message}`);
  return failures.length === 0 && executions.length > 0;
}

async function post(url: string, json: object, token?: string): Promise<Variables> {
  const headers = {
    "content-type": "application/json",
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
  };
  const response = await fetch(url, { method: "POST", headers, body: JSON.stringify(json) });
  if (!response.ok) throw new Error(`POST ${url} answers ${response.status}`);
  return (await response.json()) as Variables;
}

/** A new partner, as the variables that the partner's collection asks for. */
async function newPartner(url: string, signIn: object): Promise<Variables> {
  const { accessToken } = await post(`${url}/v1/auth/login`, signIn);
  const fields = { name: "Green Bicycle", websiteUrl: "https://green.example", email: "it@green.example" };
  const { clientId = "", clientSecret = "" } = await post(`${url}/v1/partners`, fields, accessToken);
  return { clientId, clientSecret };
}

const withAnswers = process.argv.includes("--answers");
const receiver = await startReceiver();
try {
  await withLocalAssembly(async (assembly) => {
    await withHost({ assembly, runEventSources: true }, async ({ url, rootSignIn }) => {
      if (rootSignIn === undefined) throw new Error("the template makes no root user");
      const root = { rootUsername: rootSignIn.username, rootPassword: rootSignIn.password };
      const variables = { baseUrl: url, ...root, webhookUrl: receiver.url };
      const summary = await runCollection(join(projectRoot, collectionPath), variables);
      show(summary, withAnswers);
      let isSound = judge(summary, "the collection");
      if (withAnswers) {
        await printWebhooks(receiver.received);
      } else {
        const partner = await newPartner(url, rootSignIn);
        // Twice: what the first run has left must not hinder a second one.
        for (const name of ["the partner's collection", "the partner's collection again"]) {
          isSound = judge(await runCollection(partnerCollection(url), partner), name) && isSound;
        }
      }
      if (!isSound) process.exitCode = 1;
    });
  });
} finally {
  receiver.close();
}
