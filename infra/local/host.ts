/** Runs a synthesised cloud assembly on one machine. Every server listens on 127.0.0.1 only. */
import { setTimeout as delay } from "node:timers/promises";
import { openSync, realpathSync, renameSync, statSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RestApiServer } from "./gateway/rest-api-server.ts";
import { AccessControl } from "./iam/access-control.ts";
import type { RightsUsage } from "./iam/rights-usage.ts";
import { CustomResourceMemory, runCustomResources } from "./lambda/custom-resources.ts";
import { functionEnvironment } from "./lambda/function-environment.ts";
import { initSecondsOf } from "./lambda/init-limit.ts";
import { EventSources } from "./lambda/event-sources.ts";
import { FunctionPool, type Invocation, type LogSink } from "./lambda/function-pool.ts";
import { StreamPositions } from "./lambda/stream-positions.ts";
import { createTable, findTable, startEngine, withoutStream, type Engine } from "./services/dynamodb-engine.ts";
import { LocalEventBuses } from "./services/event-buses.ts";
import { LocalIdentityProvider } from "./services/identity-provider.ts";
import { LocalQueues } from "./services/queues.ts";
import { runSchedule, ScheduleTimers } from "./services/schedules.ts";
import { rotateSecret } from "./services/secret-rotation.ts";
import { RequestJournal, type JournalEntry } from "./services/request-journal.ts";
import { LocalSecretsManager } from "./services/secrets-manager.ts";
import { ServiceProxy, type Interceptor } from "./services/service-proxy.ts";
import { writesTaken, writeStopped, writeStopVariable } from "../../shared/runtime/write-stop.ts";
import { DataFolder } from "./support/data-folder.ts";
import { LocalHostError } from "./support/errors.ts";
import { loopback } from "./support/loopback-http.ts";
import { loadAssembly, parametersOf } from "./template/cloud-assembly.ts";
import type { ApiModel, DeploymentModel, FunctionModel } from "./template/deployment-model.ts";
import { readModel } from "./template/read-deployment.ts";

export interface HostOptions {
  /** Folder of the cloud assembly, synthesised for the stage `local`. */
  readonly assembly: string;
  /** Port of the API. Default 0, which takes a free one. */
  readonly port?: number;
  /** Folder in which function processes share compiled code. Default: one in the assembly. */
  readonly compileCache?: string;
  /** Folder that keeps the table and the secrets. Without it both are in memory. */
  readonly dataDir?: string;
  /** Stand between the functions and their services, the first one outermost. They see only what IAM allows. */
  readonly interceptors?: readonly Interceptor[];
  /** Receives the output of the functions. Default: `functions.log` in `dataDir`, or nowhere. */
  readonly logSink?: LogSink;
  /** A different DynamoDB engine instead of dynoxide, as `http(s)://host:port`. */
  readonly engineEndpoint?: string;
  /** Maximum number of processes of a function. Default: the number of cores, at least 2. */
  readonly processesPerFunction?: number;
  /** Stops each process of a function between its calls: see `FunctionPoolOptions`. */
  readonly freezesIdleProcesses?: boolean;
  /** Runs the schedules of the template by the clock. Default: they run on request only. */
  readonly runSchedules?: boolean;
  /**
   * Runs the event source mappings of the template: streams and queues invoke their functions. Default: nothing reads them,
   * messages wait, and a new table has no stream.
   */
  readonly runEventSources?: boolean;
  /** Receives one line for each fault that a caller sees only as a 5xx. */
  readonly report?: (line: string) => void;
}

/** The variable that names the secret with the root user's sign-in. */
const rootSignInVariable = "ROOT_SIGN_IN_SECRET";
const graceMilliseconds = 2000;
const maxLogBytes = 10_000_000;

/** A sink that appends to a file, each line with time and function. A file beyond 10 MB first becomes `<path>.1`. */
export function fileLogSink(path: string): LogSink {
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > maxLogBytes) renameSync(path, `${path}.1`);
  const file = openSync(path, "a", 0o600);
  return ({ functionName, text }) => writeSync(file, `${new Date().toISOString()} ${functionName} ${text}\n`);
}

type Cleanup = () => Promise<void>;
type ServedModel = DeploymentModel & { readonly api: ApiModel };

interface Deployment {
  readonly model: ServedModel;
  readonly pool: FunctionPool;
  /** Its event source mappings; undefined while nothing reads them. */
  sources: EventSources | undefined;
}

/** Everything that outlives a deployment. */
interface Services {
  readonly gateway: RestApiServer;
  readonly url: string;
  readonly data: DataFolder | undefined;
  readonly idp: LocalIdentityProvider | undefined;
  readonly secrets: LocalSecretsManager;
  readonly queues: LocalQueues;
  readonly buses: LocalEventBuses;
  readonly positions: StreamPositions;
  /** Calls of a running deployment that the services need. */
  readonly links: Links;
  readonly engine: Pick<Engine, "endpoint">;
  readonly access: AccessControl;
  readonly proxy: ServiceProxy;
  readonly memory: CustomResourceMemory;
  readonly journal: RequestJournal;
  readonly logSink: LogSink;
}

/** What the services tell the served deployment. */
interface Links {
  /** The table may have changed. */
  wake: () => void;
  invoke: (functionId: string, event: unknown) => Promise<Invocation>;
}

/** Queues, buses and the positions in streams: what waits between a write and the function that reacts to it. */
function openEventServices(data: DataFolder | undefined, cleanups: Cleanup[], report: (line: string) => void) {
  const links: Links = {
    wake: () => undefined,
    invoke: () => Promise.reject(new Error("the host has not been started")),
  };
  const queues = new LocalQueues(data?.path("queues.jsonl"));
  cleanups.push(async () => queues.close());
  const buses = new LocalEventBuses(({ name, functionId }, event) => {
    void links.invoke(functionId, event).then((outcome) => {
      if ("failure" in outcome) report(`the rule ${name} failed: ${outcome.failure.errorMessage}`);
    });
  });
  return { links, queues, buses, positions: new StreamPositions(data?.path("stream-positions.json")) };
}

/** @param cleanups receives what stops the started services, in the order of their start */
async function startServices(options: HostOptions, cleanups: Cleanup[]): Promise<Services> {
  const { dataDir, engineEndpoint, report = () => undefined } = options;
  const journal = new RequestJournal();
  const gateway = new RestApiServer(report, (line) => journal.answered(line));
  const port = await gateway.listen(options.port ?? 0);
  cleanups.push(() => gateway.close());
  const data =
    dataDir === undefined ? undefined : new DataFolder(dataDir, { holdsTables: engineEndpoint === undefined });
  const idpFile = data?.path("idp.json");
  const idp = parametersOf(options.assembly).has("IdpIssuer")
    ? await LocalIdentityProvider.start({ ...(idpFile !== undefined && { file: idpFile }), report })
    : undefined;
  cleanups.push(async () => await idp?.close());
  const secrets = new LocalSecretsManager(data?.path("secrets.json"));
  const memory = new CustomResourceMemory(data?.path("custom-resources.json"));
  const engine = await openEngine(engineEndpoint, data, report);
  cleanups.push(() => engine.close());
  const access = new AccessControl(report);
  const events = openEventServices(data, cleanups, report);
  const proxy = await ServiceProxy.start({
    engineEndpoint: engine.endpoint,
    secrets,
    queues: events.queues,
    buses: events.buses,
    onWrite: () => events.links.wake(),
    interceptors: [journal.intercept, access.intercept, ...(options.interceptors ?? [])],
  });
  cleanups.push(() => proxy.close());
  const logFile = data?.path("functions.log");
  const sink = options.logSink ?? (logFile === undefined ? undefined : fileLogSink(logFile));
  const logSink: LogSink = (line) => {
    journal.logged(line.text);
    sink?.(line);
  };
  const url = `http://${loopback}:${port}`;
  return { gateway, url, data, idp, secrets, ...events, engine, access, proxy, memory, journal, logSink };
}

async function openEngine(
  endpoint: string | undefined,
  data: DataFolder | undefined,
  report: (line: string) => void,
): Promise<Pick<Engine, "endpoint" | "close">> {
  if (endpoint !== undefined) return { endpoint, close: async () => undefined };
  const engine = await startEngine(data?.path("table.db"));
  let closing = false;
  void engine.ended.then(() => {
    if (!closing) report("the local DynamoDB engine has ended: stop the local host and start it again");
  });
  return {
    endpoint: engine.endpoint,
    close: async () => {
      closing = true;
      await engine.close();
    },
  };
}

/**
 * Starts the local host: takes its port, resolves the templates with its URL, starts the services, creates what the template
 * creates, runs its custom resources and serves its API.
 *
 * @throws LocalHostError in one line, when a port, the data, the engine or the template does not allow it; nothing keeps running
 */
export async function startHost(options: HostOptions): Promise<Host> {
  const cleanups: Cleanup[] = [];
  try {
    const host = new Host(options, await startServices(options, cleanups), cleanups);
    await host.replace(options.assembly);
    return host;
  } catch (error) {
    await runAll(cleanups);
    throw error;
  }
}

async function runAll(cleanups: Cleanup[]): Promise<void> {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
}

/** A running host. `startHost` makes it. */
export class Host {
  /** Base of the API, without a slash at the end: the template's parameter `PublicUrl`. */
  readonly url: string;
  /** The identity provider; undefined when the template has no parameter for it. */
  readonly idp: LocalIdentityProvider | undefined;
  /** Where the engine itself answers. Calls to it pass no interceptor. */
  readonly engineEndpoint: string;
  readonly secrets: LocalSecretsManager;
  /** The queues with their messages. */
  readonly queues: LocalQueues;
  /** The buses with their last events. */
  readonly buses: LocalEventBuses;
  /** For tests that call the services as a function does. */
  readonly proxy: ServiceProxy;
  readonly #options: HostOptions;
  readonly #services: Services;
  readonly #cleanups: Cleanup[];
  readonly #timers: ScheduleTimers;
  #deployment: Deployment | undefined;
  #readOnly = false;

  constructor(options: HostOptions, services: Services, cleanups: Cleanup[]) {
    this.url = services.url;
    this.idp = services.idp;
    this.engineEndpoint = services.engine.endpoint;
    this.secrets = services.secrets;
    this.queues = services.queues;
    this.buses = services.buses;
    this.proxy = services.proxy;
    this.#options = options;
    this.#services = services;
    this.#cleanups = cleanups;
    this.#timers = new ScheduleTimers(async ({ name }) => {
      const outcome = await this.runSchedule(name);
      if ("failure" in outcome) options.report?.(`the schedule ${name} failed: ${outcome.failure.errorMessage}`);
    });
    services.links.wake = () => this.#deployment?.sources?.wake();
    services.links.invoke = (functionId, event) => this.invoke(functionId, event);
    cleanups.push(async () => {
      this.#timers.stop();
      services.gateway.stopAccepting();
      await this.#stopSources();
      await this.#deployment?.pool.close(graceMilliseconds);
    });
  }

  /** The served deployment. */
  get model(): DeploymentModel {
    return this.#current.model;
  }

  get #current(): Deployment {
    if (this.#deployment === undefined) throw new Error("the host has not been started");
    return this.#deployment;
  }

  /** Name and password of the root user; undefined when the template has no such secret. */
  get rootSignIn(): { readonly username: string; readonly password: string } | undefined {
    const arn = this.model.functions
      .map(({ environment }) => environment[rootSignInVariable])
      .find((value) => value !== undefined);
    const value = arn === undefined ? undefined : this.secrets.current(arn);
    if (value === undefined) return undefined;
    const { username, password } = JSON.parse(value) as { readonly username: string; readonly password: string };
    return { username, password };
  }

  /** The rights that the functions have used so far, and the calls that they were denied. */
  rights(): RightsUsage {
    return this.#services.access.usage();
  }

  /** Invokes a function as AWS itself does. */
  invoke: FunctionPool["invoke"] = (functionId, event) => this.#current.pool.invoke(functionId, event);

  /** The event that a function would get for a request: see `RestApiServer.eventOf`. */
  eventOf: RestApiServer["eventOf"] = (head, body) => this.#services.gateway.eventOf(head, body);

  /** What the host knows of one of its last requests: see `RequestJournal`. */
  requestOf(requestId: string): JournalEntry | undefined {
    return this.#services.journal.find(requestId);
  }

  /** The variables with which a process outside the host runs a function against the host's services. */
  environmentOf(model: FunctionModel): Readonly<Record<string, string>> {
    const { url: serviceEndpoint } = this.proxy;
    return functionEnvironment(model, {
      region: this.model.region,
      serviceEndpoint,
      key: this.proxy.keyOf(model.id),
      temporaryFolder: realpathSync(tmpdir()),
    });
  }

  get isReadOnly(): boolean {
    return this.#readOnly;
  }

  /**
   * Makes the stage read-only, or lets it take writes again, as `npm run read-only` does on AWS. Schedules and event source mappings
   * pause meanwhile.
   */
  setReadOnly(on: boolean): void {
    this.#readOnly = on;
    this.#services.gateway.setStageVariable(writeStopVariable, on ? writeStopped : writesTaken);
    this.#startTimers();
    if (on) void this.#stopSources();
    else this.#startSources();
  }

  #startSources(): void {
    const { runEventSources, processesPerFunction, report = () => undefined } = this.#options;
    const deployment = this.#deployment;
    if (runEventSources !== true || this.#readOnly || deployment === undefined) return;
    const { engine, access, queues, positions } = this.#services;
    const { model, pool } = deployment;
    deployment.sources ??= new EventSources({
      model,
      engineEndpoint: engine.endpoint,
      access,
      queues,
      positions,
      invoke: (functionId, event) => pool.invoke(functionId, event),
      processesPerFunction,
      report,
    });
    deployment.sources.start();
  }

  /** Running invocations get a short grace: what they do not finish comes again. */
  async #stopSources(): Promise<void> {
    const sources = this.#deployment?.sources;
    if (this.#deployment !== undefined) this.#deployment.sources = undefined;
    await Promise.race([sources?.stop(), delay(graceMilliseconds, undefined, { ref: false })]);
  }

  #startTimers(): void {
    if (this.#options.runSchedules !== true) return;
    this.#timers.start(this.#readOnly ? [] : this.model.schedules);
  }

  /** Kills the busy processes of a function, for tests. */
  kill(functionId: string): number {
    return this.#current.pool.kill(functionId);
  }

  /**
   * Stops the idle processes of functions, for tests: the next calls begin in new processes.
   *
   * @param name in the template, such as `authorizer` or `oauth-keys`; by default of all functions
   */
  retire(name?: string): void {
    const named = this.#current.model.functions.filter((each) => name === undefined || each.name.endsWith(`-${name}`));
    if (named.length === 0) throw new Error(`the template has no function ${name}`);
    this.#current.pool.retire(new Set(named.map(({ id }) => id)));
  }

  /**
   * Rotates a secret as Secrets Manager does. The rotation after a failed one continues it.
   *
   * @param secret its name or ARN
   * @returns id of the version that is now current
   * @throws LocalHostError naming the failed step, or when the template does not rotate the secret
   */
  async rotate(secret: string): Promise<string> {
    return await rotateSecret(secret, this.model.secrets, this.secrets, this.invoke);
  }

  /**
   * Runs a schedule once, as EventBridge does.
   *
   * @param name of its rule
   * @throws LocalHostError when the template has no such schedule
   */
  async runSchedule(name: string): Promise<Invocation> {
    return await runSchedule(name, this.model, this.invoke);
  }

  /**
   * Serves a different assembly from now on, with the same data. Running calls end in the old one. When it throws, the old
   * assembly is still served.
   *
   * @throws LocalHostError as `startHost` does
   */
  async replace(assembly: string): Promise<void> {
    const model = this.#load(assembly);
    const before = this.#deployment;
    // As on AWS: roles change first, and running calls are judged by the new ones.
    const withdraw = this.#services.access.govern(model);
    try {
      const { pool, drained } = await this.#deploy(model);
      await this.#stopSources();
      this.#deployment = { model, pool, sources: undefined };
      this.#startTimers();
      this.#startSources();
      // A request may be between its authorizer and its function, when no function of the old deployment is busy.
      if (before !== undefined) await Promise.race([drained, delay(graceMilliseconds, undefined, { ref: false })]);
    } catch (error) {
      withdraw();
      throw error;
    }
    await before?.pool.close(graceMilliseconds);
  }

  /** Stops everything, running calls after a short grace. */
  async close(): Promise<void> {
    await runAll(this.#cleanups);
  }

  #load(assembly: string): ServedModel {
    const { url, idp } = this;
    const parameters = { PublicUrl: url, ...(idp && { IdpIssuer: idp.issuer, IdpJwksUri: idp.jwksUri }) };
    const model = readModel(loadAssembly(assembly, parameters));
    const { api } = model;
    if (api === undefined) throw new LocalHostError("the template has no AWS::ApiGateway::RestApi to serve");
    return { ...model, api };
  }

  async #deploy(model: ServedModel): Promise<{ readonly pool: FunctionPool; readonly drained: Promise<unknown> }> {
    const { gateway, memory, positions, queues, buses } = this.#services;
    const createsTable = await this.#createData(model);
    if (createsTable) {
      memory.clear();
      positions.clear();
    }
    queues.ensure(model.queues);
    buses.ensure(model, model.buses, model.busRules);
    const pool = this.#poolOf(model);
    const { journal } = this.#services;
    const invoke: FunctionPool["invoke"] = (functionId, event) =>
      journal.invoked(functionId, event, () => pool.invoke(functionId, event));
    try {
      await runCustomResources(model.customResources, memory, invoke);
    } catch (error) {
      await pool.close();
      throw error;
    }
    return { pool, drained: gateway.serve({ api: model.api, invoke }) };
  }

  /** @returns whether it created a table */
  async #createData({ region, tables: declared, secrets }: ServedModel): Promise<boolean> {
    const { data, engine } = this.#services;
    const tables = this.#options.runEventSources === true ? declared : declared.map(withoutStream);
    const found = await Promise.all(
      tables.map(async (table) => ({ table, id: await findTable(engine.endpoint, region, table) })),
    );
    const existing = found.flatMap(({ table, id }) => (id === undefined ? [] : [[table.name, id] as const]));
    data?.check(
      tables.map(({ name }) => name),
      Object.fromEntries(existing),
      this.secrets.identities(),
    );
    const missing = found.filter(({ id }) => id === undefined).map(({ table }) => table);
    const created = await Promise.all(
      missing.map(async (table) => [table.name, await createTable(engine.endpoint, region, table)] as const),
    );
    this.secrets.ensure(secrets);
    data?.record(Object.fromEntries([...existing, ...created]), this.secrets.identities());
    return created.length > 0;
  }

  #poolOf({ functions, region }: ServedModel): FunctionPool {
    const { assembly, compileCache, processesPerFunction, freezesIdleProcesses = false } = this.#options;
    const { logSink } = this.#services;
    return new FunctionPool({
      functions,
      region,
      keyOf: (functionId) => this.proxy.keyOf(functionId),
      serviceEndpoint: this.proxy.url,
      compileCache: compileCache ?? join(assembly, "compile-cache"),
      initSeconds: initSecondsOf(process.env),
      freezesIdleProcesses,
      logSink,
      ...(processesPerFunction !== undefined && { processesPerFunction }),
    });
  }
}
