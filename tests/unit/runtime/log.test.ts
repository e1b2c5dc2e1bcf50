import { jest } from "@jest/globals";
import type * as LogModule from "../../../shared/runtime/log.ts";

type Log = typeof LogModule;

/** The module as a function process of the stage loads it. */
async function loaded(variables: Readonly<Record<string, string>>): Promise<Log> {
  jest.resetModules();
  Object.assign(process.env, variables);
  return await import("../../../shared/runtime/log.ts");
}

/** What is written while `act` runs, one parsed object for each line. */
function written(act: () => void): readonly any[] {
  const lines: string[] = [];
  const spy = jest.spyOn(process.stdout, "write").mockImplementation((text) => {
    lines.push(String(text));
    return true;
  });
  try {
    act();
  } finally {
    spy.mockRestore();
  }
  for (const line of lines) expect(line).toMatch(/^[^\n]*\n$/);
  return lines.map((line) => JSON.parse(line));
}

const served = { operation: "partners.read", status: 200, latencyMs: 12, requestId: "r-1" };

/** Names of the metrics that a line carries, with the sets of dimensions. */
function metricsOf(line: any): Record<string, unknown> {
  const directives: any[] = line._aws?.CloudWatchMetrics ?? [];
  return Object.fromEntries(
    directives.flatMap(({ Namespace, Dimensions, Metrics }) => {
      expect(Namespace).toBe("Portico");
      return Metrics.map(({ Name }: any) => [Name, Dimensions]);
    }),
  );
}

describe("a served request", () => {
  test.each<[number, readonly string[]]>([
    [200, ["latencyMs"]],
    [404, ["latencyMs", "clientErrors"]],
    [500, ["latencyMs", "internalErrors"]],
    [503, ["latencyMs", "unavailable"]],
  ])("with status %d is one line that counts %j and no zero", async (status, names) => {
    const { logServed } = await loaded({ STAGE: "prod", LOG_LEVEL: "INFO" });
    const lines = written(() => logServed({ ...served, status }));
    expect(lines).toHaveLength(1);
    const [line] = lines;
    expect(Object.keys(metricsOf(line))).toEqual(names);
    for (const name of names) expect(line[name]).toBeGreaterThan(0);
    expect(line).toMatchObject({ level: "INFO", code: "request_served", service: "portico-prod", ...served, status });
  });

  test("carries every dimension that its metrics name", async () => {
    const { logServed } = await loaded({ STAGE: "prod", LOG_LEVEL: "INFO" });
    const [line] = written(() => logServed({ ...served, status: 500 }));
    for (const sets of Object.values(metricsOf(line)) as string[][][]) {
      for (const name of sets.flat()) expect(line).toHaveProperty(name);
    }
  });

  test("is written at every log level, since its metrics would be lost with it", async () => {
    const { logServed, log } = await loaded({ STAGE: "prod", LOG_LEVEL: "ERROR" });
    expect(written(() => logServed(served))).toHaveLength(1);
    expect(written(() => log("warn", "token_forged", {}))).toHaveLength(1);
    expect(written(() => log("warn", "sign_in_failed", {}))).toEqual([]);
    expect(written(() => log("error", "internal_error", {}))).toHaveLength(1);
  });
});

test("security events and failures are counted by their code, other lines not at all", async () => {
  const { log, securityEvents, failureCodes } = await loaded({
    STAGE: "prod",
    LOG_LEVEL: "INFO",
    VERSION: "0.1.0+abc",
  });
  for (const code of securityEvents) {
    const [line] = written(() => log("warn", code, {}));
    expect(line).toMatchObject({ code, service: "portico-prod", securityEvents: 1 });
    expect(metricsOf(line)).toEqual({ securityEvents: [["service", "code"]] });
  }
  for (const code of failureCodes) {
    const [line] = written(() => log("error", code, {}));
    expect(line).toMatchObject({ code, failures: 1 });
  }
  expect(written(() => log("info", "bootstrap_done", { requestId: "r-1" }))).toEqual([
    { level: "INFO", code: "bootstrap_done", release: "0.1.0+abc", requestId: "r-1" },
  ]);
});

test("a field that is not on the allow-list is not written", async () => {
  const { log } = await loaded({ STAGE: "prod", LOG_LEVEL: "INFO", VERSION: "0.1.0+abc" });
  const fields = { requestId: "r-1", password: "secret" };
  expect(written(() => log("info", "bootstrap_done", fields))).toEqual([
    { level: "INFO", code: "bootstrap_done", release: "0.1.0+abc", requestId: "r-1" },
  ]);
});

test("a line names the release of the invocation, not the one that the process began with", async () => {
  const { log, logAsRelease } = await loaded({ STAGE: "prod", LOG_LEVEL: "INFO", VERSION: "0.0.9+bootstrap" });
  const releaseIn = (): unknown => written(() => log("info", "bootstrap_done", {}))[0]?.["release"];
  expect(releaseIn()).toBe("0.0.9+bootstrap");
  logAsRelease("0.1.0+abc");
  expect(releaseIn()).toBe("0.1.0+abc");
  logAsRelease("0.1.1+def");
  expect(releaseIn()).toBe("0.1.1+def");
});
