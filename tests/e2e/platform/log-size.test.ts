/** The log bytes of a call. CloudWatch Logs charges per byte, and at scale this is the largest part of the bill. */
import { setImmediate } from "node:timers/promises";
import { servedLineBytes } from "../../../infra/checks/costs.ts";
import { Portico } from "../../support/portico.ts";
import { propertiesOf, suiteAssembly, templateOf } from "../../infra/support/templates.ts";

/** What CloudWatch adds to each event. */
const eventOverhead = 26;

const id = "8f5c3d0e-6d1b-4a51-9c57-2f1f8e0b7a11";
/** What Lambda writes around each invocation in its text format, or in JSON at the level INFO or below. */
const platformLines = [
  `START RequestId: ${id} Version: $LATEST`,
  `END RequestId: ${id}`,
  `REPORT RequestId: ${id}\tDuration: 12.34 ms\tBilled Duration: 13 ms\tMemory Size: 512 MB\tMax Memory Used: 112 MB\t`,
];

/** Access log line, one log line, one metrics line, and Lambda's lines for authorizer and operation: before they were merged. */
const bytesBefore = 2196;

const bytesOf = (lines: readonly string[]): number =>
  lines.reduce((sum, line) => sum + Buffer.byteLength(line) + eventOverhead, 0);

const portico = Portico.forSuite();

/** The lines that the functions write for a call. */
async function linesOf(path: string, token: string): Promise<readonly string[]> {
  const answer = await portico.call("GET", path, { token });
  const requestId = answer.headers.get("x-request-id")!;
  while (!portico.logs.some((line) => line.includes(requestId))) await setImmediate();
  return portico.logs.filter((line) => line.includes(requestId));
}

test("a call costs at most 55 % of the log bytes that it cost with a line for each purpose", async () => {
  const { token } = await portico.partnerWithToken();
  const lines = await linesOf("/v1/partners/me", token);
  expect(lines).toHaveLength(1);
  // The computed costs count on it.
  expect(bytesOf(lines)).toBeLessThanOrEqual(servedLineBytes + eventOverhead);

  const api = templateOf(await suiteAssembly(), "Api");
  const functions = propertiesOf(api, "AWS::Lambda::Function");
  const quiet = functions.every(
    ({ LoggingConfig }) => LoggingConfig.LogFormat === "JSON" && LoggingConfig.SystemLogLevel === "WARN",
  );
  const platform = quiet ? [] : [...platformLines, ...platformLines];
  const [{ AccessLogSetting }] = propertiesOf(api, "AWS::ApiGateway::Stage");
  // A placeholder is about as long as its value, except for ids.
  const access = AccessLogSetting.Format.replaceAll(/\$context\.(requestId|xrayTraceId)/g, id);

  expect(bytesOf([...lines, ...platform, access])).toBeLessThanOrEqual(0.55 * bytesBefore);
});

test("no log level of Lambda drops the line that carries a call's metrics", async () => {
  for (const { LoggingConfig } of propertiesOf(templateOf(await suiteAssembly(), "Api"), "AWS::Lambda::Function")) {
    expect(LoggingConfig.ApplicationLogLevel).toBe("INFO");
  }
});
