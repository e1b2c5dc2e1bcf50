import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { isStopped } from "../../../infra/local/lambda/runtime-process.ts";
import { FunctionPool, type FunctionPoolOptions, type LogLine } from "../../../infra/local/lambda/function-pool.ts";
import type { FunctionModel } from "../../../infra/local/template/deployment-model.ts";
import { functionModel, temporaryFolder, type TemporaryFolder } from "./fixture.ts";

/** Counts the overlapping calls of a process. Each call takes long enough for the next one to begin. */
const counting = `
let running = 0, most = 0;
export const handler = async () => {
  most = Math.max(most, ++running);
  await new Promise((resolve) => setTimeout(resolve, 5));
  running--;
  return { most, pid: process.pid };
};`;

describe("the function pool", () => {
  let folder: TemporaryFolder;
  let pool: FunctionPool | undefined;
  const lines: LogLine[] = [];

  beforeEach(() => {
    folder = temporaryFolder();
    lines.length = 0;
  });

  afterEach(async () => {
    await pool?.close();
    folder.remove();
  });

  const start = (functions: readonly FunctionModel[], options: Partial<FunctionPoolOptions> = {}): FunctionPool =>
    (pool = new FunctionPool({
      functions,
      region: "us-east-1",
      keyOf: (functionId) => ({
        accessKeyId: `key of ${functionId}`,
        secretAccessKey: "secret",
        sessionToken: "token",
      }),
      serviceEndpoint: "http://127.0.0.1:1",
      compileCache: join(folder.folder, "compile-cache"),
      logSink: (line) => lines.push(line),
      ...options,
    }));
  const define = (name: string, source: string, more: Partial<FunctionModel> = {}): FunctionModel =>
    functionModel(folder.folder, name, source, more);
  const payload = async (invocation: ReturnType<FunctionPool["invoke"]>): Promise<unknown> => {
    const outcome = await invocation;
    return "payload" in outcome ? JSON.parse(outcome.payload) : outcome.failure;
  };

  test("serves one call at a time in each process, and further calls wait", async () => {
    const model = define("counting", counting);
    const { invoke } = bound(start([model], { processesPerFunction: 2 }));
    const calls = Array.from({ length: 5 }, () => payload(invoke(model.id, {})));
    const answers = (await Promise.all(calls)) as readonly { most: number; pid: number }[];
    expect(answers.map(({ most }) => most)).toEqual([1, 1, 1, 1, 1]);
    expect(new Set(answers.map(({ pid }) => pid)).size).toBeLessThanOrEqual(2);
  });

  test("fails a call that exceeds the function's timeout, as Lambda does, and serves the next one", async () => {
    const model = define(
      "slow",
      `export const handler = async ({ slow }) => (slow ? new Promise((resolve) => setTimeout(resolve, 60_000)) : "done");`,
      { timeoutSeconds: 0.05 },
    );
    const { invoke } = bound(start([model], { processesPerFunction: 1 }));
    const [slow, next] = await Promise.all([payload(invoke(model.id, { slow: true })), payload(invoke(model.id, {}))]);
    expect(slow).toMatchObject({
      errorType: "Sandbox.Timedout",
      errorMessage: expect.stringContaining("Task timed out after 0.05 seconds") as string,
    });
    expect(next).toBe("done");
  });

  test("fails only the call of a process that ends, and gives the next call a new process", async () => {
    const model = define("dying", `export const handler = async ({ die }) => (die ? process.exit(3) : process.pid);`);
    const { invoke } = bound(start([model], { processesPerFunction: 1 }));
    expect(await payload(invoke(model.id, { die: true }))).toEqual({
      errorType: "Runtime.ExitError",
      errorMessage: "Runtime exited: exit status 3",
    });
    expect(await payload(invoke(model.id, {}))).toEqual(expect.any(Number));
  });

  test.each([
    ["cannot be loaded", `throw new TypeError("broken");`, "TypeError"],
    ["exports no handler", `export const other = 1;`, "Error"],
    [
      "has a handler with a callback",
      `export const handler = (event, context, callback) => callback(null, "done");`,
      "Runtime.CallbackHandlerDeprecated",
    ],
  ])("fails the calls of a bundle that %s, instead of blocking them", async (_, source, errorType) => {
    const model = define("broken", source);
    const { invoke } = bound(start([model]));
    const calls = [payload(invoke(model.id, {})), payload(invoke(model.id, {})), payload(invoke(model.id, {}))];
    expect(await Promise.all(calls)).toEqual(Array(3).fill(expect.objectContaining({ errorType })));
  });

  test("returns name and message of a handler error", async () => {
    const model = define("failing", `export const handler = () => { throw new RangeError("too far"); };`);
    const { invoke } = bound(start([model]));
    expect(await payload(invoke(model.id, {}))).toMatchObject({ errorType: "RangeError", errorMessage: "too far" });
  });

  test("keeps to the maximum of all processes by stopping the longest unused one", async () => {
    const models = ["a", "b", "c"].map((name) => define(name, `export const handler = async () => process.pid;`));
    const shared = start(models, { processesInAll: 1 });
    const pids = await Promise.all(models.map((model) => payload(shared.invoke(model.id, {}))));
    expect(new Set(pids).size).toBe(3);
    expect(shared.liveProcesses).toBe(1);
  });

  test("gives a retired process no further call, and lets a busy one end its call", async () => {
    const model = define("retired", `export const handler = async () => process.pid;`);
    const retiring = start([model], { processesPerFunction: 1 });
    const first = await payload(retiring.invoke(model.id, {}));
    expect(await payload(retiring.invoke(model.id, {}))).toBe(first);
    const busy = retiring.invoke(model.id, {});
    retiring.retire();
    expect(await payload(busy)).toBe(first);
    retiring.retire();
    expect(retiring.liveProcesses).toBe(0);
    expect(await payload(retiring.invoke(model.id, {}))).not.toBe(first);
  });

  test("shares the compiled code of a process with later ones", async () => {
    const model = define("compiled", `export const handler = async () => "done";`);
    const { invoke } = bound(start([model], { processesPerFunction: 1 }));
    // Written after the first answer and before the second call.
    for (const call of [1, 2]) expect(await payload(invoke(model.id, { call }))).toBe("done");
    const left = readdirSync(join(folder.folder, "compile-cache"), { recursive: true, withFileTypes: true });
    expect(left.filter((entry) => entry.isFile())).not.toEqual([]);
  });

  test("sets the variables of the template and of Lambda, and none of the host's", async () => {
    const model = define("environment", `export const handler = async () => process.env;`, {
      environment: { TABLE_NAME: "things" },
    });
    const environment = (await payload(start([model]).invoke(model.id, {}))) as Record<string, string>;
    expect(environment).toMatchObject({
      TABLE_NAME: "things",
      AWS_REGION: "us-east-1",
      AWS_ACCESS_KEY_ID: `key of ${model.id}`,
      AWS_LAMBDA_FUNCTION_NAME: "environment",
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: "128",
      AWS_ENDPOINT_URL_DYNAMODB: "http://127.0.0.1:1",
    });
    expect(environment).not.toHaveProperty("JEST_WORKER_ID");
    expect(environment).not.toHaveProperty("HOME");
  });

  test("sets the variables of the template's log format", async () => {
    const source = `export const handler = async () => process.env;`;
    const text = define("text", source);
    const json = define("json", source, { logging: { format: "JSON", level: "INFO" } });
    const logging = start([text, json]);
    const [ofText, ofJson] = [await payload(logging.invoke(text.id, {})), await payload(logging.invoke(json.id, {}))];
    expect(ofText).toMatchObject({ AWS_LAMBDA_LOG_FORMAT: "Text" });
    expect(ofText).not.toHaveProperty("AWS_LAMBDA_LOG_LEVEL");
    expect(ofJson).toMatchObject({ AWS_LAMBDA_LOG_FORMAT: "JSON", AWS_LAMBDA_LOG_LEVEL: "INFO" });
  });

  test("gives each call a trace id of its own, in the context and in the variable", async () => {
    const model = define(
      "traced",
      `export const handler = async (_, { xRayTraceId }) => [xRayTraceId, process.env._X_AMZN_TRACE_ID];`,
    );
    const { invoke } = bound(start([model], { processesPerFunction: 1 }));
    const [first, second] = [await payload(invoke(model.id, {})), await payload(invoke(model.id, {}))] as string[][];
    expect(first![0]).toMatch(/^Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=0$/);
    expect(first![1]).toBe(first![0]);
    expect(second![1]).toBe(second![0]);
    expect(second![0]).not.toBe(first![0]);
  });

  test("has the context members of Lambda, and not the one that Node 24's runtime dropped", async () => {
    const model = define("members", `export const handler = async (_, context) => Object.keys(context).sort();`);
    expect(await payload(start([model]).invoke(model.id, {}))).toEqual([
      "awsRequestId",
      "clientContext",
      "functionName",
      "functionVersion",
      "getRemainingTimeInMillis",
      "identity",
      "invokedFunctionArn",
      "logGroupName",
      "logStreamName",
      "memoryLimitInMB",
      "tenantId",
      "xRayTraceId",
    ]);
  });

  test("lets a function write to its temporary folder only, and removes that folder", async () => {
    const source = `
      import { writeFileSync } from "node:fs";
      import { tmpdir } from "node:os";
      const outcome = (path) => { try { writeFileSync(path, "x"); return "written"; } catch ({ code }) { return code; } };
      export const handler = async () => ({
        temporary: outcome(tmpdir() + "/file"), bundle: outcome(import.meta.dirname + "/file"),
        workingDirectory: outcome("file"), folder: tmpdir(),
      });`;
    const model = define("writing-files", source);
    const writing = start([model]);
    const answer = (await payload(writing.invoke(model.id, {}))) as { readonly folder: string };
    expect(answer).toMatchObject({
      temporary: "written",
      bundle: "ERR_ACCESS_DENIED",
      workingDirectory: "ERR_ACCESS_DENIED",
    });
    expect(existsSync(join(answer.folder, "file"))).toBe(true);
    await writing.close();
    expect(existsSync(answer.folder)).toBe(false);
  });

  test("ends a process that initialises for longer than the limit, and fails its call", async () => {
    const model = define("hanging", `await new Promise((resolve) => setTimeout(resolve, 60_000));`);
    const { invoke } = bound(start([model], { initSeconds: 0.2 }));
    expect(await payload(invoke(model.id, {}))).toEqual({
      errorType: "Sandbox.Timedout",
      errorMessage: "initialisation took longer than 0.2 seconds",
    });
  });

  test("kills the process of a call that exceeds the timeout, also one that blocks", async () => {
    const model = define(
      "blocking",
      `export const handler = async ({ block }) => { while (block); return process.pid; };`,
      { timeoutSeconds: 1 },
    );
    const blocking = start([model], { processesPerFunction: 1 });
    const pid = (await payload(blocking.invoke(model.id, {}))) as number;
    expect(await payload(blocking.invoke(model.id, { block: true }))).toMatchObject({ errorType: "Sandbox.Timedout" });
    expect(await payload(blocking.invoke(model.id, {}))).not.toBe(pid);
    expect(() => process.kill(pid, 0)).toThrow("ESRCH");
  });

  test("freezes a process between its calls, if asked", async () => {
    const model = define(
      "frozen",
      `let ticks = 0; setInterval(() => ticks++, 5);
       export const handler = async () => ({ pid: process.pid, ticks });`,
    );
    const freezing = start([model], { processesPerFunction: 1, freezesIdleProcesses: true });
    const first = (await payload(freezing.invoke(model.id, {}))) as { readonly pid: number };
    while (!isStopped(first)) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(await payload(freezing.invoke(model.id, {}))).toMatchObject({ pid: first.pid });
    freezing.retire();
    expect(await payload(freezing.invoke(model.id, {}))).not.toMatchObject({ pid: first.pid });
  });

  describe("work that a handler leaves behind when it answers", () => {
    const late = 100;
    const defineLeaving = (name: string) =>
      define(
        name,
        `import { writeFileSync } from "node:fs";
         const file = process.env.TMPDIR + "/late";
         export const handler = async ({ leave }) => {
           if (!leave) return file;
           await new Promise((resolve) => setTimeout(resolve, ${late}));
           setTimeout(() => writeFileSync(file, ""), ${late});
         };`,
      );
    /** While the host is busy, nobody but the process itself can stop it. */
    const blockHost = () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5 * late);
    const leaveWork = async (freezesIdleProcesses: boolean) => {
      const model = defineLeaving(`leaving-${freezesIdleProcesses}`);
      const pool = start([model], { processesPerFunction: 1, freezesIdleProcesses });
      const file = (await payload(pool.invoke(model.id, {}))) as string;
      const answer = pool.invoke(model.id, { leave: true });
      // The host blocks after it has sent the call, and before the answer.
      await new Promise((resolve) => setTimeout(resolve, late / 2));
      blockHost();
      await answer;
      return { file, again: () => pool.invoke(model.id, {}) };
    };

    test("is done by a process that goes on running", async () => {
      const { file } = await leaveWork(false);
      expect(existsSync(file)).toBe(true);
    });

    test("is not done by a frozen process before its next call", async () => {
      const { file, again } = await leaveWork(true);
      expect(existsSync(file)).toBe(false);
      await again();
      while (!existsSync(file)) await again();
    });
  });

  test("names the function in the context and counts the remaining time", async () => {
    const model = define(
      "context",
      `export const handler = async (_, context) => ({ ...context, left: context.getRemainingTimeInMillis() });`,
    );
    const context = (await payload(start([model]).invoke(model.id, {}))) as { left: number };
    expect(context).toMatchObject({ functionName: "context", memoryLimitInMB: "128", invokedFunctionArn: model.id });
    expect(context.left).toBeGreaterThan(0);
    expect(context.left).toBeLessThanOrEqual(5000);
  });

  test("passes the output of a function to the log sink", async () => {
    const model = define(
      "writing",
      `export const handler = async () => { console.log("out"); console.error("err"); };`,
    );
    const writing = start([model]);
    await writing.invoke(model.id, {});
    await writing.close();
    expect(lines).toEqual(
      expect.arrayContaining([
        { functionName: "writing", stream: "stdout", text: "out" },
        { functionName: "writing", stream: "stderr", text: "err" },
      ]),
    );
  });
});

function bound(pool: FunctionPool): { invoke: FunctionPool["invoke"] } {
  return { invoke: (functionId, event) => pool.invoke(functionId, event) };
}
