/**
 * Calls every operation once with success, in the order of the Postman collection, and keeps the event of its function and what that
 * asked of the services. Stands in for API Gateway, because a function's event is the same for the measurement.
 */
import { readdirSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";
import type { AnyOperation } from "../../../shared/contract/operation.ts";
import { fileFolder } from "../../../shared/http/files.ts";
import { operations } from "../../../shared/operations.ts";
import { runCollection } from "../../../infra/checks/run-collection.ts";
import { withHost } from "../../../infra/checks/throwaway-host.ts";
import { projectRoot } from "../../../infra/contract/document.ts";
import { collectionPath } from "../../../infra/contract/generated-files.ts";
import { readProxyAnswer } from "../../../infra/local/gateway/proxy-answer.ts";
import type { Host } from "../../../infra/local/host.ts";
import type { Interceptor } from "../../../infra/local/services/service-proxy.ts";
import { closeServer, readBody, startServer } from "../../../infra/local/support/loopback-http.ts";
import type { FunctionModel } from "../../../infra/local/template/deployment-model.ts";
import type { Exchange } from "./replay-server.ts";

/** A successful call of a function, which can be repeated with the same answers. */
export interface RecordedInvocation {
  readonly model: FunctionModel;
  readonly environment: Readonly<Record<string, string>>;
  readonly event: unknown;
  /** When it was made, in milliseconds of the epoch. */
  readonly at: number;
  /** The status of its answer; undefined for the authorizer. */
  readonly status: number | undefined;
  /** What its process asked of the services in this call, which is the first one that it answers with success. */
  readonly exchanges: readonly Exchange[];
}

/** The operation whose request the authorizer is measured with. */
const authorized: AnyOperation["id"] = "subscriptions.create";

/**
 * @param assembly of the stage `local`
 * @returns invocations by the id of their operation, and that of `authorizer`
 * @throws Error where an operation was not called with success
 */
export async function recordOperations(assembly: string): Promise<ReadonlyMap<string, RecordedInvocation>> {
  const recorder = new Recorder();
  return await withHost({ assembly, interceptors: [recorder.intercept] }, async (host) => {
    const gateway = new RecordingGateway(host, recorder);
    const { server, url } = await startServer((request, response) => void gateway.serve(request, response));
    try {
      const { username = "", password = "" } = host.rootSignIn ?? {};
      const variables = { baseUrl: url, rootUsername: username, rootPassword: password };
      const { run } = await runCollection(join(projectRoot, collectionPath), variables);
      const [failure] = run.failures;
      if (failure !== undefined) throw new Error(`${failure.source?.name}: ${failure.error.message}`);
      for (const path of servedFiles(host)) await fetch(`${url}${path}`);
    } finally {
      await closeServer(server);
    }
    const missing = operations.filter(({ id }) => !gateway.recorded.has(id)).map(({ id }) => id);
    if (missing.length > 0) throw new Error(`no successful call was recorded of ${missing.join(", ")}`);
    return gateway.recorded;
  });
}

/** A path for each operation that serves files, which the collection leaves out. */
function servedFiles(host: Host): readonly string[] {
  const serving = operations.filter(({ files }) => files !== undefined);
  return serving.map((operation) => {
    const [name = ""] = readdirSync(join(functionOf(host, operation).folder, fileFolder));
    return operation.path.replace("{file}", name);
  });
}

function functionOf({ model }: Host, { method, path }: Pick<AnyOperation, "method" | "path">): FunctionModel {
  const route = model.api?.routes.find((one) => one.method === method && one.resourcePath === path);
  const found = model.functions.find(({ id }) => id === route?.functionId);
  if (found === undefined) throw new Error(`no function serves ${method} ${path}`);
  return found;
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

class RecordingGateway {
  readonly recorded = new Map<string, RecordedInvocation>();
  readonly #host: Host;
  readonly #recorder: Recorder;

  constructor(host: Host, recorder: Recorder) {
    this.#host = host;
    this.#recorder = recorder;
  }

  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const event = await this.#host.eventOf(request, (await readBody(request)) ?? Buffer.alloc(0));
      const { status, headers, body, isBase64Encoded } = readProxyAnswer(await this.#answer(event));
      const content = isBase64Encoded ? Buffer.from(body, "base64") : body;
      response.writeHead(status, Object.fromEntries(headers)).end(content);
    } catch (error) {
      response.writeHead(500).end(String(error));
    }
  }

  /** @returns the answer of the function */
  async #answer(event: Readonly<Record<string, unknown>>): Promise<string> {
    const { httpMethod, resource } = event;
    const operation = operations.find(({ method, path }) => method === httpMethod && path === resource);
    if (operation === undefined) throw new Error(`no operation is ${String(httpMethod)} ${String(resource)}`);
    const model = functionOf(this.#host, operation);
    const recorded = await this.#invoke(model, event);
    const { statusCode } = JSON.parse(recorded.payload) as { readonly statusCode: number };
    if (statusCode === operation.success.status && !this.recorded.has(operation.id)) {
      this.recorded.set(operation.id, { ...recorded.invocation, status: statusCode });
      if (operation.id === authorized) await this.#recordAuthorizer(event);
    }
    return recorded.payload;
  }

  /** Its process has served other calls before: a new one reads the keys as well, which the measured process needs once. */
  async #recordAuthorizer(event: Readonly<Record<string, unknown>>): Promise<void> {
    const model = this.#host.model.functions.find(({ name }) => name.endsWith("-authorizer"));
    if (model === undefined) throw new Error("there is no authorizer to measure");
    const { path, httpMethod, requestContext } = event;
    const stageArn = `arn:aws:execute-api:${this.#host.model.region}:000000000000:api/local`;
    const methodArn = `${stageArn}/${String(httpMethod)}${String(path)}`;
    const context = { ...(requestContext as object), authorizer: undefined };
    this.#host.retire("authorizer");
    const { invocation } = await this.#invoke(model, { ...event, type: "REQUEST", methodArn, requestContext: context });
    this.recorded.set("authorizer", invocation);
  }

  async #invoke(model: FunctionModel, event: unknown): Promise<{ invocation: RecordedInvocation; payload: string }> {
    const at = Date.now();
    const [outcome, exchanges] = await this.#recorder.record(model.id, () => this.#host.invoke(model.id, event));
    if ("failure" in outcome) throw new Error(`${model.name}: ${outcome.failure.errorMessage}`);
    const environment = this.#host.environmentOf(model);
    const invocation = { model, environment, event, at, status: undefined, exchanges };
    return { invocation, payload: outcome.payload };
  }
}
