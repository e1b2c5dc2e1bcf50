/**
 * `npm run check:runtime`: runs the bundle of every function once under AWS's own runtime interface client, against a local host
 * in memory. It needs Linux and a compiler; elsewhere one line says that it was skipped.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { operations } from "../../shared/operations.ts";
import { exampleRequest, usualCaller, type CallerKind } from "../local/commands/example-request.ts";
import { synthesise } from "../local/commands/synthesise.ts";
import { startHost, type Host } from "../local/host.ts";
import { loopback } from "../local/support/loopback-http.ts";
import type { FunctionModel } from "../local/template/deployment-model.ts";
import { callUnderClient, installedClient, type ClientOutcome } from "./lambda-client.ts";

/** The event of a function without a route. It is malformed, so the call may fail, but not the initialisation. */
const noEvent = {};

async function post(host: Host, path: string, body: object, token?: string): Promise<Record<string, string>> {
  const response = await fetch(`${host.url}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`POST ${path} answers ${response.status}`);
  return (await response.json()) as Record<string, string>;
}

/** A token of its own for each call, because calls sign out and revoke. */
async function tokenOf(host: Host, kind: CallerKind): Promise<string> {
  const { accessToken = "" } = await post(host, "/v1/auth/login", host.rootSignIn ?? {});
  if (kind !== "partner") return accessToken;
  const fields = { name: "Runtime", websiteUrl: "https://a.example", email: `${crypto.randomUUID()}@a.example` };
  const { clientId = "", clientSecret = "" } = await post(host, "/v1/partners", fields, accessToken);
  const form = { grant_type: "client_credentials", client_id: clientId, client_secret: clientSecret };
  const answer = await fetch(`${host.url}/oauth/token`, { method: "POST", body: new URLSearchParams(form) });
  return ((await answer.json()) as { readonly access_token: string }).access_token;
}

/** The event of the operation that a function serves; undefined for a function without a route. */
async function eventOf(host: Host, { id }: FunctionModel): Promise<unknown> {
  const route = host.model.api?.routes.find(({ functionId }) => functionId === id);
  const operation = operations.find(({ method, path }) => method === route?.method && path === route.resourcePath);
  if (operation === undefined) return undefined;
  const caller = usualCaller(operation);
  const { method, path, headers, body } = exampleRequest(operation, caller && (await tokenOf(host, caller)));
  const rawHeaders = Object.entries(headers).flat();
  const head = { method, url: path, httpVersion: "1.1", rawHeaders, headers, socket: { remoteAddress: loopback } };
  return await host.eventOf(head, Buffer.from(body));
}

/** @returns what is wrong; undefined for a function that ran */
function faultOf({ kind, body }: ClientOutcome, hasEvent: boolean): string | undefined {
  if (kind === "error" && !hasEvent) return undefined;
  if (kind !== "response") return `${kind}: ${body.slice(0, 300)}`;
  if (!hasEvent) return undefined;
  const { statusCode } = JSON.parse(body) as { readonly statusCode?: number };
  return statusCode !== undefined && statusCode < 500 ? undefined : `answers ${String(statusCode)}`;
}

async function checkAll(host: Host, program: string): Promise<number> {
  let failed = 0;
  for (const model of host.model.functions) {
    const event = await eventOf(host, model);
    const environment = host.environmentOf(model);
    const call = { program, functionId: model.id, folder: model.folder, environment, event: event ?? noEvent };
    const fault = faultOf(await callUnderClient(call), event !== undefined);
    if (fault === undefined) continue;
    failed++;
    console.error(`${model.name}: ${fault}`);
  }
  return failed;
}

async function main(): Promise<void> {
  const client = await installedClient();
  if ("missing" in client) {
    console.log(`AWS's runtime interface client was skipped: ${client.missing}`);
    return;
  }
  const folder = await mkdtemp(join(tmpdir(), "portico-runtime-"));
  try {
    await synthesise(folder);
    const host = await startHost({ assembly: folder, report: (line) => console.error(line) });
    try {
      const failed = await checkAll(host, client.program);
      const { length } = host.model.functions;
      console.log(`${length} functions ran under AWS's runtime interface client, ${failed} failures`);
      if (failed > 0 || length === 0) process.exitCode = 1;
    } finally {
      await host.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

await main();
