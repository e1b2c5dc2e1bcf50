/**
 * `npm run bench -- calls [--operations ID,ID] [--profile]`: what a warm call costs in process, beside the calls to the table that
 * it must make, sent by the bare document client with the same settings. Both get the same recorded answers, in turns, in one run.
 */
import { fork } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, sep } from "node:path";
import { entryPointOf, type AnyOperation } from "../../../shared/contract/operation.ts";
import { operations } from "../../../shared/operations.ts";
import { exampleRequest, usualCaller, type CallerKind } from "../../../infra/local/commands/example-request.ts";
import { synthesise } from "../../../infra/local/commands/synthesise.ts";
import { startHost, type Host } from "../../../infra/local/host.ts";
import type { Interceptor } from "../../../infra/local/services/service-proxy.ts";
import { loopback } from "../../../infra/local/support/loopback-http.ts";
import type { FunctionModel } from "../../../infra/local/template/deployment-model.ts";
import { median, row, table } from "../report.ts";
import { costsByMemory } from "./memory.ts";
import type { Figures, Measurement } from "./measured-process.ts";
import { ReplayServer, type Exchange } from "./replay-server.ts";

export interface CallOptions {
  /** Ids of operations, or `authorizer`; default all. */
  readonly only?: readonly string[];
  readonly profile: boolean;
}

const rounds = 5;
const callsPerRound = 200;

/** A call costs at most this many times what its bare calls cost. */
const targets = { operation: 1.25, authorizer: 1.3 } as const;

interface Row {
  readonly name: string;
  readonly status: string;
  readonly tableCalls: number;
  readonly figures: Figures;
}

/** @returns whether every measured operation is within its target */
export async function benchCalls({ only, profile }: CallOptions): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), "portico-bench-"));
  try {
    await synthesise(folder);
    const recorder = new Recorder();
    const host = await startHost({ assembly: folder, interceptors: [recorder.intercept] });
    try {
      const bench = new Bench(host, recorder, profile);
      const chosen = operations.filter(({ id }) => only === undefined || only.includes(id));
      const rows: Row[] = [];
      if (only === undefined || only.includes("authorizer")) rows.push(await bench.authorizer());
      for (const operation of chosen) rows.push(await bench.operation(operation));
      return report(rows);
    } finally {
      await host.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Records the exchanges of one function at a time. */
class Recorder {
  #functionId: string | undefined;
  #exchanges: Exchange[] = [];

  readonly intercept: Interceptor = async (call, next) => {
    const answer = await next();
    if (call.functionId === this.#functionId) this.#exchanges.push({ call, answer });
    return answer;
  };

  async record<Result>(functionId: string, work: () => Promise<Result>): Promise<[Result, readonly Exchange[]]> {
    this.#functionId = functionId;
    this.#exchanges = [];
    const result = await work();
    this.#functionId = undefined;
    return [result, this.#exchanges];
  }
}

class Bench {
  readonly #host: Host;
  readonly #recorder: Recorder;
  readonly #profile: boolean;
  #partner: Readonly<Record<string, string>> | undefined;

  constructor(host: Host, recorder: Recorder, profile: boolean) {
    this.#host = host;
    this.#recorder = recorder;
    this.#profile = profile;
  }

  async operation(operation: AnyOperation): Promise<Row> {
    const model = this.#functionOf(operation);
    return await this.#measure(operation.id, model, entryPointOf(operation), await this.#eventOf(operation));
  }

  /** The authorizer, on the request of a partner. */
  async authorizer(): Promise<Row> {
    const model = this.#host.model.functions.find(({ name }) => name.endsWith("-authorizer"));
    const operation = operations.find(({ id }) => id === "subscriptions.create");
    if (model === undefined || operation === undefined) throw new Error("there is no authorizer to measure");
    const event = (await this.#eventOf(operation)) as Record<string, any>;
    const { path, httpMethod, requestContext } = event;
    const methodArn = `arn:aws:execute-api:${this.#host.model.region}:000000000000:api/local/${httpMethod}${path}`;
    const request = {
      ...event,
      type: "REQUEST",
      methodArn,
      requestContext: { ...requestContext, authorizer: undefined },
    };
    // A new process also reads the keys, which the measured process needs once and a warm call does not.
    this.#host.retire();
    const [, cold] = await this.#recorder.record(model.id, () => this.#host.invoke(model.id, request));
    return await this.#measure("authorizer", model, "authorizer", request, cold);
  }

  /** @param known answers of earlier calls, for what the function remembers */
  async #measure(
    name: string,
    model: FunctionModel,
    entryPoint: string,
    event: unknown,
    known: readonly Exchange[] = [],
  ): Promise<Row> {
    const [outcome, exchanges] = await this.#recorder.record(model.id, () => this.#host.invoke(model.id, event));
    const status = "payload" in outcome ? String(JSON.parse(outcome.payload)?.statusCode ?? "ok") : "failed";
    const replay = await ReplayServer.start([...exchanges, ...known]);
    try {
      const recorded = exchanges
        .filter(({ call }) => call.service === "dynamodb")
        .map(({ call: { action, body } }) => ({ action, request: body }));
      const [bundle, sourceMap] = this.#filesOf(model, entryPoint);
      const shared = { rounds, callsPerRound, profile: this.#profile };
      const environment = { ...this.#host.environmentOf(model), ...endpoints(replay.url) };
      const figures = await inProcess(environment, { bundle, sourceMap, event, recorded, ...shared });
      return { name, status, tableCalls: recorded.length, figures };
    } finally {
      await replay.close();
    }
  }

  #filesOf({ folder }: FunctionModel, entryPoint: string): readonly [bundle: string, sourceMap: string] {
    const root = join(import.meta.dirname, "../../..");
    return [join(folder, "index.mjs"), join(root, "dist/source-maps", ...`${entryPoint}.mjs.map`.split(sep))];
  }

  #functionOf({ method, path }: AnyOperation): FunctionModel {
    const { api, functions } = this.#host.model;
    const route = api?.routes.find((one) => one.method === method && one.resourcePath === path);
    const model = functions.find(({ id }) => id === route?.functionId);
    if (model === undefined) throw new Error(`no function serves ${method} ${path}`);
    return model;
  }

  async #eventOf(operation: AnyOperation): Promise<unknown> {
    const caller = usualCaller(operation);
    const token = caller && (await this.#tokenOf(caller));
    const { method, path, headers, body } = exampleRequest(operation, token);
    const rawHeaders = Object.entries(headers).flat();
    const head = { method, url: path, httpVersion: "1.1", rawHeaders, headers, socket: { remoteAddress: loopback } };
    return await this.#host.eventOf(head, Buffer.from(body));
  }

  async #tokenOf(kind: CallerKind): Promise<string> {
    const { accessToken = "" } = await this.#post("/v1/auth/login", this.#host.rootSignIn ?? {});
    if (kind !== "partner") return accessToken;
    const fields = { name: "Bench", websiteUrl: "https://bench.example", email: "bench@bench.example" };
    this.#partner ??= await this.#post("/v1/partners", fields, accessToken);
    const { clientId = "", clientSecret = "" } = this.#partner;
    const form = { grant_type: "client_credentials", client_id: clientId, client_secret: clientSecret };
    const answer = await fetch(`${this.#host.url}/oauth/token`, { method: "POST", body: new URLSearchParams(form) });
    return ((await answer.json()) as { readonly access_token: string }).access_token;
  }

  async #post(path: string, body: object, token?: string): Promise<Record<string, string>> {
    const response = await fetch(`${this.#host.url}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`POST ${path} answers ${response.status}`);
    return (await response.json()) as Record<string, string>;
  }
}

const endpoints = (url: string): Readonly<Record<string, string>> => ({
  AWS_ENDPOINT_URL: url,
  AWS_ENDPOINT_URL_DYNAMODB: url,
  AWS_ENDPOINT_URL_SECRETS_MANAGER: url,
});

async function inProcess(env: Readonly<Record<string, string>>, measurement: Measurement): Promise<Figures> {
  const child = fork(join(import.meta.dirname, "measured-process.ts"), {
    env,
    execArgv: [],
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const answer = await new Promise<{ readonly figures?: Figures; readonly error?: string }>((settle) => {
    child.once("message", settle);
    child.once("exit", (code) => settle({ error: `the measured process ended with ${code}` }));
    child.send(measurement);
  });
  if (answer.figures === undefined) throw new Error(answer.error);
  return answer.figures;
}

const spread = (values: readonly number[]): string =>
  `${median(values).toFixed(2)} (${Math.min(...values).toFixed(2)} to ${Math.max(...values).toFixed(2)})`;

/** They hash a password, which costs more than everything else: their declarations ask for more memory. */
const hashing = new Set<string>(operations.filter((one) => one.memoryMegabytes !== undefined).map(({ id }) => id));

/** Undefined for a call that asks nothing of the table. */
function ratioOf({ tableCalls, figures: { call, bare } }: Row): number | undefined {
  return tableCalls === 0 ? undefined : median(call.cpu) / median(bare.cpu);
}

function reportMemory(rows: readonly Row[]): void {
  const lines = rows.map(({ name, tableCalls, figures }) => {
    const costs = costsByMemory(median(figures.call.cpu), tableCalls);
    const cells = costs.map((one) => `${one.milliseconds.toFixed(0)} ms, $${one.dollarsPerMillion.toFixed(3)}`);
    return `| ${[name, ...cells].join(" | ")} |`;
  });
  const heads = costsByMemory(0, 0).map(({ megabytes }) => `${megabytes} MB`);
  table("Duration and price of a million calls by memory", ["operation", ...heads].join(" | "), lines);
}

function report(rows: readonly Row[]): boolean {
  const heads = ["operation", "answer", "calls to the table", "CPU ms", "wall ms", "bare CPU ms", "ratio"];
  table(
    `Warm calls in process, ${rounds} rounds of ${callsPerRound} in turns: median (least to most)`,
    heads.join(" | "),
    [
      ...rows.map((each) => {
        const { name, status, tableCalls, figures } = each;
        const { call, bare } = figures;
        const ratio = ratioOf(each)?.toFixed(2) ?? "";
        return `| ${[name, status, tableCalls, spread(call.cpu), median(call.wall).toFixed(2), tableCalls === 0 ? "" : spread(bare.cpu), ratio].join(" | ")} |`;
      }),
    ],
  );
  reportMemory(rows);
  for (const { name, figures } of rows) {
    if (figures.modules === undefined) continue;
    const shares = figures.modules.slice(0, 20).map((share) => row(share.name, `${share.percent.toFixed(1)} %`));
    table(`CPU time of ${name} by module`, "", shares);
  }
  return rows.every((each) => {
    const target = each.name === "authorizer" ? targets.authorizer : targets.operation;
    return hashing.has(each.name) || (ratioOf(each) ?? 0) <= target;
  });
}
