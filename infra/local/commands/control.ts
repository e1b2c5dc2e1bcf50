/**
 * Lets other programs on this machine give orders to a running host: over HTTP on 127.0.0.1, with a secret from
 * `.portico/local.json`, which only its owner can read. A web page in a browser on this machine does not know it.
 */
import { randomBytes, timingSafeEqual } from "node:crypto";
import { join } from "node:path";
import * as z from "zod";
import { checkLedger, type LedgerReport } from "../../checks/ledger.ts";
import { migrationFunction } from "../../constructs/function-declarations.ts";
import { migrationEvent, type MigrationAnswer } from "../../../shared/migrations/contract.ts";
import type { JournalEntry } from "../services/request-journal.ts";
import { contentsOf } from "../services/table-contents.ts";
import { LocalHostError, messageOf } from "../support/errors.ts";
import type { Host } from "../host.ts";
import { closeServer, loopback, readBody, startServer } from "../support/loopback-http.ts";
import { readState } from "../support/state.ts";
import type { FunctionModel } from "../template/deployment-model.ts";
import { projectRoot } from "./synthesise.ts";

const orders = {
  /** Issues a token of the local identity provider. */
  "idp-token": z.strictObject({ subject: z.string().min(1).max(255), name: z.string().optional() }),
  /** Rotates every secret that the template rotates. */
  rotate: z.strictObject({}),
  /** Checks that credit and coupons add up. */
  "check-ledger": z.strictObject({}),
  /** Invokes the function of migrations. */
  migrate: z.strictObject({ event: migrationEvent }),
  /** Makes the stage read-only, or lets it take writes again; without `on` it only tells. */
  "read-only": z.strictObject({ on: z.boolean().optional() }),
  /** Lists the functions with what a process needs to run them. */
  functions: z.strictObject({}),
  /** Tells everything of one of the last requests. */
  request: z.strictObject({ requestId: z.string() }),
  /** Makes the event that a function gets for a request, after authorization. */
  event: z.strictObject({
    method: z.string(),
    path: z.string(),
    headers: z.record(z.string(), z.string()),
    body: z.string(),
  }),
};
type Order = keyof typeof orders;

interface Answers {
  readonly "idp-token": { readonly token: string };
  /** Names of the secrets. */
  readonly rotate: { readonly rotated: readonly string[] };
  readonly "check-ledger": LedgerReport;
  readonly migrate: MigrationAnswer;
  readonly "read-only": { readonly on: boolean };
  readonly functions: { readonly functions: readonly RunnableFunction[] };
  readonly request: {
    readonly entry: JournalEntry | null;
    /** ARN of a function → its name. */
    readonly names: Readonly<Record<string, string>>;
  };
  readonly event: { readonly event: Readonly<Record<string, unknown>> };
}

/** A function with what a process outside the host needs to run it. */
export interface RunnableFunction extends Pick<
  FunctionModel,
  "id" | "name" | "logicalId" | "folder" | "handler" | "memoryMegabytes" | "timeoutSeconds"
> {
  /** `GET /v1/partners/{partnerId}`; undefined for a function without a route. */
  readonly route: string | undefined;
  /** All variables, the function's access key included. */
  readonly environment: Readonly<Record<string, string>>;
}

export interface OrderServer {
  readonly url: string;
  readonly secret: string;
  close(): Promise<void>;
}

const maxBodyBytes = 100_000;

/** The part of a host that the orders need. */
type OrderedHost = Pick<
  Host,
  | "engineEndpoint"
  | "environmentOf"
  | "eventOf"
  | "idp"
  | "invoke"
  | "isReadOnly"
  | "model"
  | "requestOf"
  | "rotate"
  | "setReadOnly"
>;

/** Takes orders for a host on a free port. */
export async function startControl(host: OrderedHost): Promise<OrderServer> {
  const secret = randomBytes(32).toString("base64url");
  const expected = Buffer.from(`Bearer ${secret}`);
  const { server, url } = await startServer((request, response) => {
    const answer = (status: number, body: object): void =>
      void response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    const presented = Buffer.from(request.headers.authorization ?? "");
    if (presented.length !== expected.length || !timingSafeEqual(presented, expected)) {
      answer(401, { error: "not allowed" });
      return;
    }
    readBody(request, maxBodyBytes)
      .then(async (body) => await obey(host, String(request.url).slice(1), JSON.parse(String(body))))
      .then(
        (result) => answer(200, result),
        (error: unknown) => answer(400, { error: messageOf(error) }),
      );
  });
  return { url, secret, close: () => closeServer(server) };
}

async function obey(host: OrderedHost, order: string, body: unknown): Promise<Answers[Order]> {
  switch (order) {
    case "idp-token": {
      if (host.idp === undefined) throw new LocalHostError("the template has no parameter for an identity provider");
      const { subject, name } = orders[order].parse(body);
      return { token: await host.idp.token(subject, name === undefined ? {} : { name }) };
    }
    case "rotate": {
      orders[order].parse(body);
      const names = host.model.secrets.filter(({ rotation }) => rotation !== undefined).map(({ name }) => name);
      for (const name of names) await host.rotate(name);
      return { rotated: names };
    }
    case "check-ledger":
      orders[order].parse(body);
      return checkLedger(await contentsOf(host), await contentsOf(host));
    case "migrate":
      return await invokeMigration(host, orders[order].parse(body).event);
    case "read-only": {
      const { on } = orders[order].parse(body);
      if (on !== undefined) host.setReadOnly(on);
      return { on: host.isReadOnly };
    }
    case "functions":
      orders[order].parse(body);
      return { functions: runnableFunctions(host) };
    case "request": {
      const entry = host.requestOf(orders[order].parse(body).requestId) ?? null;
      return { entry, names: Object.fromEntries(host.model.functions.map(({ id, name }) => [id, name])) };
    }
    case "event": {
      const { method, path, headers, body: text } = orders[order].parse(body);
      const rawHeaders = Object.entries(headers).flat();
      const head = { method, url: path, httpVersion: "1.1", rawHeaders, headers, socket: { remoteAddress: loopback } };
      return { event: await host.eventOf(head, Buffer.from(text)) };
    }
    default:
      throw new LocalHostError(`no such order: ${order}`);
  }
}

async function invokeMigration({ model, invoke }: OrderedHost, event: unknown): Promise<MigrationAnswer> {
  const declared = model.functions.find(({ name }) => name.endsWith(`-${migrationFunction.id}`));
  if (declared === undefined) throw new LocalHostError("the template has no function for migrations");
  const outcome = await invoke(declared.id, event);
  if ("failure" in outcome) throw new LocalHostError(`the migration failed: ${outcome.failure.errorMessage}`);
  return JSON.parse(outcome.payload) as MigrationAnswer;
}

function runnableFunctions(host: OrderedHost): readonly RunnableFunction[] {
  const routes = new Map(
    host.model.api?.routes.map(({ functionId, method, resourcePath }) => [functionId, `${method} ${resourcePath}`]),
  );
  return host.model.functions.map((model) => ({
    id: model.id,
    name: model.name,
    logicalId: model.logicalId,
    folder: model.folder,
    handler: model.handler,
    memoryMegabytes: model.memoryMegabytes,
    timeoutSeconds: model.timeoutSeconds,
    route: routes.get(model.id),
    environment: host.environmentOf(model),
  }));
}

/**
 * Gives an order to the running host of this project.
 *
 * @throws LocalHostError when no host runs, or with the reason of its refusal
 */
export async function giveOrder<Name extends Order>(
  order: Name,
  body: z.input<(typeof orders)[Name]>,
): Promise<Answers[Name]> {
  const control = readState(join(projectRoot, ".portico"))?.control;
  if (control === undefined) throw new LocalHostError("no local host runs here: start one with `npm start`");
  const response = await fetch(`${control.url}/${order}`, {
    method: "POST",
    headers: { authorization: `Bearer ${control.secret}` },
    body: JSON.stringify(body),
  }).catch((error: unknown) => {
    throw new LocalHostError(`the local host does not answer: ${messageOf(error)}`);
  });
  const answer: unknown = await response.json();
  if (!response.ok) throw new LocalHostError((answer as { readonly error: string }).error);
  return answer as Answers[Name];
}

/** Runs a program. An error that the developer can solve is printed in one line, with status 1. */
export async function runOrder(program: () => Promise<void>): Promise<void> {
  await program().catch((error: unknown) => {
    console.error(error instanceof LocalHostError ? `portico: ${error.message}` : error);
    process.exitCode = 1;
  });
}
