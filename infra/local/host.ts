/** Runs a synthesised cloud assembly on one machine. Everything listens on 127.0.0.1 only. */
import { mkdirSync, openSync, renameSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { CustomResourceMemory, runCustomResources } from "./lambda/custom-resources.ts";
import { ensureTable, startEngine } from "./services/dynamodb-engine.ts";
import { LocalHostError } from "./support/errors.ts";
import { FunctionPool, type LogSink } from "./lambda/function-pool.ts";
import { Gateway } from "./gateway/rest-api-server.ts";
import { loopback } from "./support/loopback-http.ts";
import { AccessControl } from "./iam/access-control.ts";
import { IdentityProvider } from "./services/identity-provider.ts";
import { readModel, type ApiModel, type DeploymentModel } from "./template/read-deployment.ts";
import { Proxy, type Interceptor } from "./services/service-proxy.ts";
import type { RightsUsage } from "./iam/rights-usage.ts";
import { rotateSecret } from "./services/secret-rotation.ts";
import { SecretsStub } from "./services/secrets-manager.ts";
import { loadAssembly, parametersOf } from "./template/intrinsics.ts";

export interface HostOptions {
  /** Folder of the cloud assembly, synthesised for the stage `local`. */
  readonly assembly: string;
  /** Port of the API. Default 0, which takes a free one. */
  readonly port?: number;
  /** Folder of compiled code that function processes leave to later ones. Default: one in the assembly. */
  readonly compileCache?: string;
  /** Folder that keeps table and secrets; both are in memory when absent. */
  readonly dataDir?: string;
  /** Stand between the functions and engine and secrets, the first one outermost; they see only what IAM allows. */
  readonly interceptors?: readonly Interceptor[];
  /** Takes what the functions write. Default: `functions.log` in `dataDir`, or nowhere. */
  readonly logSink?: LogSink;
  /** Another DynamoDB engine in place of dynoxide, as `http(s)://host:port`. */
  readonly engineEndpoint?: string;
  /** Processes that a function may have at once. Default: the number of cores, at least 2. */
  readonly processesPerFunction?: number;
  /** Told of faults that a caller only sees as a 5xx, one line each. */
  readonly report?: (line: string) => void;
}

export interface Host {
  /** Base of the API, without a slash at the end: what the template gets as `PublicUrl`. */
  readonly url: string;
  /** Name and password of the root user; undefined when the template has no such secret. */
  readonly rootSignIn: { readonly username: string; readonly password: string } | undefined;
  /** The external identity provider; undefined when the template takes none as a parameter. */
  readonly idp: IdentityProvider | undefined;
  /** Where the engine itself answers; calls to it pass no interceptor. */
  readonly engineEndpoint: string;
  /** What runs at the moment. */
  readonly model: DeploymentModel;
  readonly secrets: SecretsStub;
  /** Functions by which the proxy knows its callers, for tests that speak to it themselves. */
  readonly proxy: Proxy;
  /** Which of their rights the functions have used so far, and what they were denied. */
  readonly rights: () => RightsUsage;
  /** Invokes a function as AWS itself would, e.g. a rotation. */
  readonly invoke: FunctionPool["invoke"];
  /** Kills the processes of a function in the middle of their calls, for tests. */
  readonly kill: FunctionPool["kill"];
  /** Stops the idle processes of all functions, for tests: what a process remembers is forgotten. */
  readonly retire: FunctionPool["retire"];
  /**
   * Rotates a secret as Secrets Manager does. One that has failed is taken up again by the next.
   *
   * @param secret its name or ARN
   * @returns the id of the version that is current now
   * @throws LocalHostError naming the step that failed, or when the template does not rotate the secret
   */
  rotate(secret: string): Promise<string>;
  /**
   * Serves another assembly from now on, with the same data; calls under way end in the old one. When it throws, the old one
   * serves on.
   *
   * @throws LocalHostError as `startHost` does
   */
  replace(assembly: string): Promise<void>;
  /** Stops everything that was started, calls under way after a short grace. */
  close(): Promise<void>;
}

/** The variable by which functions find root's sign-in; the secret it names is the one to show. */
const rootSignInVariable = "ROOT_SIGN_IN_SECRET";
const graceMilliseconds = 2000;

const logLimitBytes = 10_000_000;

/** A sink that appends to a file, each line with time and function; a file beyond 10 MB is first put aside as `<path>.1`. */
export function fileLogSink(path: string): LogSink {
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > logLimitBytes) renameSync(path, `${path}.1`);
  const file = openSync(path, "a", 0o600);
  return ({ functionName, text }) => writeSync(file, `${new Date().toISOString()} ${functionName} ${text}\n`);
}

/**
 * Starts the local host: takes its port, resolves the templates with the URL that follows from it, starts engine, secrets
 * and proxy, creates what the template creates, runs its custom resources and serves its API.
 *
 * @throws LocalHostError in one line, when a port, the engine or the template does not allow it; nothing is left running
 */
export async function startHost(options: HostOptions): Promise<Host> {
  const { dataDir } = options;
  const cleanups: (() => Promise<void>)[] = [];
  let closing = false;
  const close = async (): Promise<void> => {
    closing = true;
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  };
  try {
    const gateway = new Gateway(options.report === undefined ? {} : { report: options.report });
    const port = await gateway.listen(options.port ?? 0);
    cleanups.push(() => gateway.close());
    const url = `http://${loopback}:${port}`;
    if (dataDir !== undefined) mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    const idp = parametersOf(options.assembly).has("IdpIssuer")
      ? await IdentityProvider.start({
          ...(dataDir !== undefined && { file: join(dataDir, "idp.json") }),
          ...(options.report && { report: options.report }),
        })
      : undefined;
    cleanups.push(async () => await idp?.close());
    const parameters = { PublicUrl: url, ...(idp && { IdpIssuer: idp.issuer, IdpJwksUri: idp.jwksUri }) };
    const load = (assembly: string): DeploymentModel & { readonly api: ApiModel } =>
      withApi(readModel(loadAssembly(assembly, parameters)));
    let model = load(options.assembly);

    const secrets = new SecretsStub(dataDir && join(dataDir, "secrets.json"));
    const engine =
      options.engineEndpoint === undefined
        ? await startEngine(dataDir && join(dataDir, "table.db"))
        : {
            endpoint: options.engineEndpoint,
            ended: new Promise<void>(() => undefined),
            close: () => Promise.resolve(),
          };
    cleanups.push(() => engine.close());
    void engine.ended.then(() => {
      if (!closing) options.report?.("the local DynamoDB engine has ended: stop the local host and start it again");
    });
    const access = new AccessControl(options.report);
    const proxy = await Proxy.start({
      engineEndpoint: engine.endpoint,
      secrets,
      interceptors: [access.intercept, ...(options.interceptors ?? [])],
    });
    cleanups.push(() => proxy.close());
    const logSink =
      options.logSink ?? (dataDir === undefined ? undefined : fileLogSink(join(dataDir, "functions.log")));

    const memory = new CustomResourceMemory(dataDir && join(dataDir, "custom-resources.json"));

    /** Starts what a model needs and hands over to it once it is complete. */
    const deploy = async (next: DeploymentModel & { readonly api: ApiModel }): Promise<FunctionPool> => {
      const created = await Promise.all(next.tables.map((table) => ensureTable(engine.endpoint, next.region, table)));
      secrets.ensure(next.secrets);
      const pool = new FunctionPool({
        functions: next.functions,
        region: next.region,
        keyOf: (functionId) => proxy.keyOf(functionId),
        serviceEndpoint: proxy.url,
        compileCache: options.compileCache ?? join(options.assembly, "compile-cache"),
        ...(logSink && { logSink }),
        ...(options.processesPerFunction !== undefined && { processesPerFunction: options.processesPerFunction }),
      });
      try {
        if (created.includes(true)) memory.clear();
        await runCustomResources(next.customResources, memory, (functionId, event) => pool.invoke(functionId, event));
      } catch (error) {
        await pool.close();
        throw error;
      }
      gateway.serve({ api: next.api, invoke: (functionId, event) => pool.invoke(functionId, event) });
      return pool;
    };
    access.govern(model);
    let pool = await deploy(model);
    cleanups.push(async () => {
      gateway.stopAccepting();
      await pool.close(graceMilliseconds);
    });

    return {
      url,
      idp,
      engineEndpoint: engine.endpoint,
      secrets,
      proxy,
      get model() {
        return model;
      },
      get rootSignIn() {
        return rootSignInOf(model, secrets);
      },
      rights: () => access.usage(),
      invoke: (functionId, event) => pool.invoke(functionId, event),
      kill: (functionId) => pool.kill(functionId),
      retire: () => pool.retire(),
      rotate: async (secret) =>
        await rotateSecret(secret, model.secrets, secrets, (functionId, event) => pool.invoke(functionId, event)),
      replace: async (assembly) => {
        const next = load(assembly);
        const before = pool;
        // As on AWS: roles change first, and what still runs is judged by the new ones.
        const withdraw = access.govern(next);
        try {
          pool = await deploy(next);
        } catch (error) {
          withdraw();
          throw error;
        }
        model = next;
        await before.close(graceMilliseconds);
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function withApi(model: DeploymentModel): DeploymentModel & { readonly api: ApiModel } {
  const { api } = model;
  if (api === undefined) throw new LocalHostError("the template has no AWS::ApiGateway::RestApi to serve");
  return { ...model, api };
}

function rootSignInOf(model: DeploymentModel, secrets: SecretsStub): Host["rootSignIn"] {
  const arn = model.functions
    .map(({ environment }) => environment[rootSignInVariable])
    .find((value) => value !== undefined);
  const value = arn === undefined ? undefined : secrets.current(arn);
  if (value === undefined) return undefined;
  const { username, password } = JSON.parse(value) as { readonly username: string; readonly password: string };
  return { username, password };
}
