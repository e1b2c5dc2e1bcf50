/**
 * What the proxy between functions and engine adds to a call: judging it by the function's role, and the way through it, with
 * fault injection in its place and no fault.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { engineAccessKey } from "../../infra/local/services/dynamodb-engine.ts";
import { FaultInjector } from "../faults/fault-injector.ts";
import { startHost, type Host } from "../../infra/local/host.ts";
import { Upstream } from "../../infra/local/support/loopback-http.ts";
import { AccessControl } from "../../infra/local/iam/access-control.ts";
import { synthesise } from "../../infra/local/commands/synthesise.ts";
import { median, percentile, row, table } from "./report.ts";

const targetMs = 1;
const rounds = 3000;

interface Call {
  readonly functionName: string;
  readonly action: string;
  readonly body: object;
}

function callsOf(tableName: string): readonly Call[] {
  const key = (pk: string) => ({ pk: { S: pk }, sk: { S: "bench" } });
  const put = (pk: string) => ({
    Put: { TableName: tableName, Item: { ...key(pk), filling: { S: "x".repeat(300) } } },
  });
  return [
    {
      functionName: "Portico-local-subscriptions-read",
      action: "GetItem",
      body: { TableName: tableName, Key: key("SUBSCRIPTIONS#bench"), ConsistentRead: true },
    },
    {
      functionName: "Portico-local-subscriptions-create",
      action: "TransactWriteItems",
      body: { TransactItems: ["SUBSCRIPTIONS#bench", "SUBSCRIPTION-HISTORY#bench", "IDEMPOTENCY#bench"].map(put) },
    },
  ];
}

/** @returns whether the target is met */
export async function benchProxy(): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), "portico-bench-"));
  try {
    await synthesise(folder);
    const host = await startHost({ assembly: folder, interceptors: [new FaultInjector().intercept] });
    try {
      const measured = [];
      for (const call of callsOf(host.model.tables[0]?.name ?? ""))
        measured.push({ call, ...(await measure(host, call)) });
      const milliseconds = (values: readonly number[]) => [
        median(values).toFixed(2),
        percentile(values, 0.99).toFixed(2),
      ];
      table(
        `Proxy, ms of a call, median and p99 of ${rounds}; it may add ${targetMs} ms`,
        row("call", "engine", "p99", "proxy", "p99", "added"),
        measured.map(({ call, direct, through, added }) =>
          row(call.action, ...milliseconds(direct), ...milliseconds(through), added.toFixed(2)),
        ),
      );
      table("Judging a call by the role, ms", row("call", "median", "p99"), [
        ...measured.map(({ call, judging }) =>
          row(call.action, median(judging).toFixed(4), percentile(judging, 0.99).toFixed(4)),
        ),
      ]);
      return measured.every(({ added }) => added <= targetMs);
    } finally {
      await host.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** @returns milliseconds of each judgement and of each call, and by how much the median call through the proxy is longer */
async function measure(
  host: Host,
  { functionName, action, body }: Call,
): Promise<{ judging: number[]; direct: number[]; through: number[]; added: number }> {
  const functionId = host.model.functions.find(({ name }) => name === functionName)?.id;
  if (functionId === undefined) throw new Error(`the template has no function ${functionName}`);
  const access = new AccessControl();
  access.govern(host.model);
  const judging: number[] = [];
  const direct: number[] = [];
  const through: number[] = [];
  const engine = new Upstream(host.engineEndpoint);
  const proxy = new Upstream(host.proxy.url);
  const { accessKeyId } = host.proxy.keyOf(functionId);
  const text = JSON.stringify(body);
  for (let round = 0; round < rounds; round++) {
    const judged = performance.now();
    // The proxy parses the request only for this.
    const call = {
      functionId,
      service: "dynamodb",
      action,
      body: JSON.parse(text) as Record<string, unknown>,
    } as const;
    if (access.judge(call) !== undefined) throw new Error(`${functionName} may not ${action}`);
    judging.push(performance.now() - judged);
    direct.push(await timed(engine, engineAccessKey, action, text));
    through.push(await timed(proxy, accessKeyId, action, text));
  }
  engine.close();
  proxy.close();
  return { judging, direct, through, added: median(through) - median(direct) };
}

async function timed(upstream: Upstream, accessKeyId: string, action: string, body: string): Promise<number> {
  const headers = {
    "content-type": "application/x-amz-json-1.0",
    "x-amz-date": new Date().toISOString().replace(/[-:]|\.\d+/g, ""),
    "x-amz-target": `DynamoDB_20120810.${action}`,
    authorization: `AWS4-HMAC-SHA256 Credential=${accessKeyId}/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0`,
  };
  const started = performance.now();
  const { status, body: answer } = await upstream.post(headers, body);
  const ms = performance.now() - started;
  if (status !== 200) throw new Error(`${action} was answered ${status}: ${String(answer)}`);
  return ms;
}
