/**
 * `npm run check:runtime`: runs the bundle of every function once under AWS's own runtime interface client, against a local host
 * in memory. It needs Linux and a compiler; elsewhere one line says that it was skipped.
 */
import { availableParallelism } from "node:os";
import { operations } from "../../shared/operations.ts";
import { exampleRequest, usualCaller, type CallerKind } from "../local/commands/example-request.ts";
import type { Host } from "../local/host.ts";
import { loopback } from "../local/support/loopback-http.ts";
import type { FunctionModel } from "../local/template/deployment-model.ts";
import { administratorOf, createPerson, partnerToken, registerPartner, signIn } from "./callers.ts";
import { callUnderClient, installedClient, type ClientOutcome } from "./lambda-client.ts";
import { withHost, withLocalAssembly } from "./throwaway-host.ts";

/** The event of a function without a route. It is malformed, so the call may fail, but not the initialisation. */
const noEvent = {};

type Tokens = Readonly<Record<CallerKind, string>>;

async function tokensOf(host: Host): Promise<Tokens> {
  const admin = await signIn(host, administratorOf(host));
  const partner = await partnerToken(host, await registerPartner(host, admin));
  return { admin, partner, user: await signIn(host, await createPerson(host, admin)) };
}

/** The event of the operation that a function serves; undefined for a function without a route. */
async function eventOf(host: Host, { id }: FunctionModel, tokens: Tokens): Promise<unknown> {
  const route = host.model.api?.routes.find(({ functionId }) => functionId === id);
  const operation = operations.find(({ method, path }) => method === route?.method && path === route.resourcePath);
  if (operation === undefined) return undefined;
  const caller = usualCaller(operation);
  const { method, path, headers, body } = exampleRequest(operation, caller && tokens[caller]);
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
  const tokens = await tokensOf(host);
  const calls: { readonly model: FunctionModel; readonly event: unknown }[] = [];
  // All events come first, because some functions sign out or revoke, and the authorizer then refuses the token.
  for (const model of host.model.functions) calls.push({ model, event: await eventOf(host, model, tokens) });
  let failed = 0;
  const lane = async (): Promise<void> => {
    for (let call = calls.shift(); call !== undefined; call = calls.shift()) {
      const { model, event = noEvent } = call;
      const environment = host.environmentOf(model);
      const outcome = await callUnderClient({
        program,
        functionId: model.id,
        folder: model.folder,
        environment,
        event,
      });
      const fault = faultOf(outcome, call.event !== undefined);
      if (fault === undefined) continue;
      failed++;
      console.error(`${model.name}: ${fault}`);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, lane));
  return failed;
}

async function main(): Promise<void> {
  const client = await installedClient();
  if ("missing" in client) {
    console.log(`AWS's runtime interface client was skipped: ${client.missing}`);
    return;
  }
  await withLocalAssembly((assembly) =>
    withHost({ assembly }, async (host) => {
      const failed = await checkAll(host, client.program);
      const { length } = host.model.functions;
      console.log(`${length} functions ran under AWS's runtime interface client, ${failed} failures`);
      if (failed > 0 || length === 0) process.exitCode = 1;
    }),
  );
}

await main();
