/**
 * A running Portico under a simulated CloudWatch. The functions' own metrics come from the lines that they really write; those
 * of AWS's services are counted where the local host shows what AWS would count. Time is simulated: what happens between two
 * steps of the clock happens in that minute.
 */
import { setImmediate } from "node:timers/promises";
import type { HostOptions } from "../../infra/local/host.ts";
import type { Interceptor, ServiceCall } from "../../infra/local/services/service-proxy.ts";
import { loadAssembly } from "../../infra/local/template/cloud-assembly.ts";
import { FaultInjector } from "../faults/fault-injector.ts";
import type { Answer } from "../support/answer.ts";
import { Portico, type CallOptions } from "../support/portico.ts";
import { Bell, type Ring } from "./bell.ts";
import { MetricStore } from "./metrics.ts";

const stage = "local";
const prefix = `Portico-${stage}-`;

/** What a call takes in a quiet hour: the machine that runs the tests must not ring an alarm. */
const usualLatencyMs = 40;

/** What EventBridge runs every five minutes. */
export const schedules = ["expiry", "ledger-check", "synthetic-partner"] as const;
export type Schedule = (typeof schedules)[number];

const throttles = /ThroughputExceeded|ThrottlingException|RequestLimitExceeded/;
const reads = new Set(["GetItem", "BatchGetItem", "Query"]);

export class WatchedPortico {
  readonly portico: Portico;
  readonly faults: FaultInjector;
  store = new MetricStore();
  #bell: Bell;
  readonly #resources: ReturnType<typeof loadAssembly>["resources"];
  /** Request ids whose last line has been read. */
  readonly #seen = new Set<string>();
  /** Request ids of the calls since the clock last moved, and functions that failed since then without a line. */
  #answered: string[] = [];
  #failed = 0;
  #times = 1;
  #addedLatencyMs = 0;
  /** Schedules whose runs succeed without a test's doing. */
  #healthy: ReadonlySet<Schedule> = new Set(schedules);

  private constructor(portico: Portico, faults: FaultInjector, assembly: string) {
    this.portico = portico;
    this.faults = faults;
    const parameters = { PublicUrl: portico.url, IdpIssuer: "http://idp", IdpJwksUri: "http://idp/jwks" };
    this.#resources = loadAssembly(assembly, parameters).resources;
    this.#bell = new Bell(this.#resources, this.store, prefix);
  }

  static async start(options: Partial<HostOptions> = {}): Promise<WatchedPortico> {
    const faults = new FaultInjector();
    // The host needs its observers before there is anything to observe.
    const watching: { by?: WatchedPortico } = {};
    const { interceptors = [], ...others } = options;
    const portico = await Portico.start({
      interceptors: [
        async (call, next) => await (watching.by?.countService(call, next) ?? next()),
        ...interceptors,
        faults.intercept,
      ],
      logSink: ({ text }) => watching.by?.readLine(text),
      report: (line) => watching.by?.countFailure(line),
      ...others,
    });
    const assembly = options.assembly ?? process.env.PORTICO_TEST_ASSEMBLY;
    if (assembly === undefined) throw new Error("the global setup has not synthesised an assembly");
    const made = new WatchedPortico(portico, faults, assembly);
    watching.by = made;
    faults.killWith((functionId) => portico.host.kill(functionId));
    return made;
  }

  async close(): Promise<void> {
    await this.portico.close();
  }

  /** Forgets all metrics and states: the next test begins in the middle of nowhere. */
  reset(): void {
    this.faults.clear();
    this.#addedLatencyMs = 0;
    this.#healthy = new Set(schedules);
    this.store = new MetricStore();
    this.#bell = new Bell(this.#resources, this.store, prefix);
  }

  get rings(): readonly Ring[] {
    return this.#bell.rings;
  }

  /** Names of the alarms that have rung, each as often as it rang. */
  get rung(): readonly string[] {
    return this.rings.map(({ alarm, severity }) => `${alarm}: ${severity}`).sort();
  }

  /** Names of the alarms that act by themselves. */
  get alarmsThatRing(): readonly string[] {
    return this.#bell.acting;
  }

  get now(): number {
    // Samples of a minute lie before its end, at which alarms are evaluated.
    return this.#bell.minute * 60 + 30;
  }

  /** What every call takes longer from now on. */
  slowDown(milliseconds: number): void {
    this.#addedLatencyMs = milliseconds;
  }

  /**
   * Does something in the present minute, waits until the logs have told of every call, and lets time pass.
   *
   * @param times as how many calls each call counts: traffic that need not be made call by call
   */
  async during(minutes: number, act: () => Promise<unknown>, times = 1): Promise<void> {
    this.#times = times;
    await act();
    const missing = (): number => this.#answered.filter((id) => !this.#seen.has(id)).length;
    while (missing() > this.#failed) await setImmediate();
    this.#answered = [];
    this.#failed = 0;
    this.#times = 1;
    this.pass(minutes);
  }

  pass(minutes: number): void {
    for (let passed = 0; passed < minutes; passed++) {
      if (this.#bell.minute % 5 === 0) for (const schedule of this.#healthy) this.#countRun(schedule, false);
      this.#bell.advance(1);
    }
  }

  /** From now on a schedule runs only when a test runs it. */
  silence(schedule: Schedule): void {
    this.#healthy = new Set([...this.#healthy].filter((one) => one !== schedule));
  }

  /** Runs a schedule in the present minute, and counts the run as Lambda does. @returns whether it succeeded */
  async run(schedule: Schedule): Promise<boolean> {
    const outcome = await this.portico.host.runSchedule(`${prefix}${schedule}`);
    this.#countRun(schedule, "failure" in outcome);
    return !("failure" in outcome);
  }

  #countRun(schedule: Schedule, failed: boolean): void {
    const dimensions = { FunctionName: `${prefix}${schedule}` };
    this.record("AWS/Lambda", "Invocations", dimensions, 1);
    this.record("AWS/Lambda", "Errors", dimensions, failed ? 1 : 0);
  }

  /** A call, counted as API Gateway counts it. */
  async call(method: string, path: string, options: CallOptions = {}): Promise<Answer> {
    const answer = await this.portico.call(method, path, options);
    const dimensions = { ApiName: `Portico-${stage}`, Stage: stage };
    const count = (name: string, value: number): void =>
      this.store.put({ namespace: "AWS/ApiGateway", name, dimensions }, value, this.now, this.#times);
    this.#answered.push(answer.headers.get("x-request-id") ?? "");
    count("Count", 1);
    count("5XXError", answer.status >= 500 ? 1 : 0);
    count("4XXError", answer.status >= 400 && answer.status < 500 ? 1 : 0);
    count("Latency", usualLatencyMs + this.#addedLatencyMs);
    return answer;
  }

  /** A metric of AWS's that the local host cannot show. */
  record(namespace: string, name: string, dimensions: Readonly<Record<string, string>>, value: number): void {
    this.store.put({ namespace, name, dimensions }, value, this.now);
  }

  /** What Lambda counts for a function that died, threw or ran out of time. */
  recordFunctionError(functionName: string): void {
    this.record("AWS/Lambda", "Errors", { FunctionName: functionName }, 1);
  }

  readLine(text: string): void {
    this.store.ingest(text, this.now, this.#times);
    this.portico.logs.push(text);
    // A call ends in one of these lines, or in a function that fails.
    const { code, requestId, reason } = parsed(text);
    const refused = code === "token_refused" && reason !== "token_invalid";
    if (code === "request_served" || code === "token_forged" || refused) this.#seen.add(requestId ?? "");
  }

  countFailure(line: string): void {
    const [, functionName] = /^arn:aws:lambda:[^ ]*:function:([\w-]+): /.exec(line) ?? [];
    if (functionName === undefined) return;
    this.recordFunctionError(functionName);
    this.#failed++;
  }

  countService: (call: ServiceCall, next: Parameters<Interceptor>[1]) => ReturnType<Interceptor> = async (
    call,
    next,
  ) => {
    const answer = await next();
    if (call.service !== "dynamodb" || answer.status < 400) return answer;
    const error = answer.body.toString("utf8");
    const { TableName, IndexName } = call.body as { readonly TableName?: string; readonly IndexName?: string };
    const table = { TableName: TableName ?? this.portico.host.model.tables[0]?.name ?? "" };
    const place = IndexName === undefined ? table : { ...table, GlobalSecondaryIndexName: IndexName };
    if (throttles.test(error)) {
      this.record("AWS/DynamoDB", reads.has(call.action) ? "ReadThrottleEvents" : "WriteThrottleEvents", place, 1);
    }
    if (answer.status >= 500) this.record("AWS/DynamoDB", "SystemErrors", { ...table, Operation: call.action }, 1);
    return answer;
  };
}

function parsed(text: string): { readonly code?: string; readonly requestId?: string; readonly reason?: string } {
  return text.startsWith("{") ? (JSON.parse(text) as ReturnType<typeof parsed>) : {};
}
