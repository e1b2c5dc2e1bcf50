/**
 * `npm run costs`: computes the cost of observability and protection of a production stage from its templates, and
 * writes it to `docs/costs-computed.md`. A test compares the file with the templates.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { readAssembly, synthesize, type Assembly } from "./assembly.ts";

/** List prices of us-east-1 in US dollars a month. */
const prices = {
  kmsKey: 1,
  secret: 0.4,
  alarmMetric: 0.1,
  compositeAlarm: 0.5,
  dashboard: 3,
  webAcl: 5,
  webAclRule: 1,
  customMetric: 0.3,
  logGigabyte: 0.5,
  traceMillion: 5,
  backupGigabyte: 0.1,
  transferGigabyte: 0.02,
} as const;

/** Maximum size of the log line of a successful call. A test measures it on a running host. */
export const servedLineBytes = 470;
/** Overhead of CloudWatch Logs per event. */
const eventOverheadBytes = 26;
/** `latencyMs` and `clientErrors` of each operation. The other metrics exist only while calls fail. */
export const steadyMetricsPerOperation = 2;

interface Line {
  readonly what: string;
  readonly count: number;
  readonly unit: number;
}

/** The properties that prices depend on, for all resource types. */
interface Priced {
  readonly Metrics?: readonly { readonly MetricStat?: unknown }[];
  readonly Rules?: readonly unknown[];
  readonly AccessLogSetting?: { readonly Format: string };
  readonly SamplingRule?: { readonly FixedRate: number };
}

/** The properties of all resources of a type. */
function resourcesOf(assembly: Assembly, type: string): readonly Priced[] {
  return Object.values(assembly.templates).flatMap(({ Resources }) =>
    Object.values(Resources)
      .filter((resource) => resource.Type === type)
      .map(({ Properties }) => Properties as Priced),
  );
}

/** Metrics that alarms watch. Each is billed separately. */
function alarmMetrics(assembly: Assembly): number {
  return resourcesOf(assembly, "AWS::CloudWatch::Alarm").reduce(
    (sum, { Metrics = [] }) => sum + Math.max(1, Metrics.filter(({ MetricStat }) => MetricStat !== undefined).length),
    0,
  );
}

function monthly(assembly: Assembly): readonly Line[] {
  const count = (type: string): number => resourcesOf(assembly, type).length;
  const rules = resourcesOf(assembly, "AWS::WAFv2::WebACL").flatMap(({ Rules = [] }) => Rules);
  const operations = count("AWS::ApiGateway::Method");
  return [
    { what: "KMS keys", count: count("AWS::KMS::Key"), unit: prices.kmsKey },
    { what: "secrets", count: count("AWS::SecretsManager::Secret"), unit: prices.secret },
    { what: "metrics that alarms watch", count: alarmMetrics(assembly), unit: prices.alarmMetric },
    { what: "composite alarms", count: count("AWS::CloudWatch::CompositeAlarm"), unit: prices.compositeAlarm },
    { what: "dashboards", count: count("AWS::CloudWatch::Dashboard"), unit: prices.dashboard },
    { what: "web ACLs", count: count("AWS::WAFv2::WebACL"), unit: prices.webAcl },
    { what: "rules of web ACLs", count: rules.length, unit: prices.webAclRule },
    {
      what: "custom metrics, if every operation is called all the time",
      count: operations * steadyMetricsPerOperation,
      unit: prices.customMetric,
    },
  ];
}

function perMillionCalls(assembly: Assembly): readonly (readonly [string, number])[] {
  const [stage] = resourcesOf(assembly, "AWS::ApiGateway::Stage");
  const [sampling] = resourcesOf(assembly, "AWS::XRay::SamplingRule");
  const accessLine = Buffer.byteLength(stage?.AccessLogSetting?.Format ?? "");
  const bytes = accessLine + servedLineBytes + 2 * eventOverheadBytes;
  return [
    [`logs: ${bytes} bytes a call`, (bytes / 1000) * prices.logGigabyte],
    ["traces", (sampling?.SamplingRule?.FixedRate ?? 0) * prices.traceMillion],
  ];
}

/** The settings of `copies`, none of which production has at first. */
function copies(assembly: Assembly): readonly (readonly [string, number])[] {
  const secrets = resourcesOf(assembly, "AWS::SecretsManager::Secret").length;
  return [
    ["`dailyBackups`: the key of the vault", prices.kmsKey],
    ["`dailyBackups`: each gigabyte that is kept", prices.backupGigabyte],
    ["`copyTo`: each gigabyte that is kept there", prices.backupGigabyte],
    ["`copyTo` in another Region: each gigabyte that is copied", prices.transferGigabyte],
    [`\`secretRegions\`: ${secrets} replicas in each Region`, secrets * prices.secret],
    ["`multiRegionKey`: the replica in each Region", prices.kmsKey],
  ];
}

const dollars = (amount: number): string => amount.toFixed(2);

/** The page, computed from the assembly of a production stage. */
export function costsPage(assembly: Assembly): string {
  const lines = monthly(assembly);
  const total = lines.reduce((sum, { count, unit }) => sum + count * unit, 0);
  return `${[
    "# Computed costs",
    "",
    "`npm run costs` computes this page from the templates of production, and a test checks it.",
    "List prices of us-east-1 in US dollars.",
    "It covers what keeps the stage safe and observed; API Gateway, Lambda and DynamoDB are paid by the call.",
    "",
    "| a month, without a call | number | each | dollars |",
    "| --- | ---: | ---: | ---: |",
    ...lines.map(({ what, count, unit }) => `| ${what} | ${count} | ${dollars(unit)} | ${dollars(count * unit)} |`),
    `| together | | | ${dollars(total)} |`,
    "",
    "| a million calls | dollars |",
    "| --- | ---: |",
    ...perMillionCalls(assembly).map(([what, amount]) => `| ${what} | ${dollars(amount)} |`),
    "",
    "| copies elsewhere, a month | dollars |",
    "| --- | ---: |",
    ...copies(assembly).map(([what, amount]) => `| ${what} | ${dollars(amount)} |`),
  ].join("\n")}\n`;
}

/** The alignment of table columns is irrelevant to the comparison. */
export const withoutAlignment = (page: string): string => page.replaceAll(/ {2,}/g, " ").replaceAll(/-{3,}/g, "---");

async function main(): Promise<void> {
  const outDir = await mkdtemp(join(tmpdir(), "portico-costs-"));
  try {
    const context = { stageFile: "infra/checks/example-production.ts" };
    const { exitCode, errors } = await synthesize(outDir, context, { validate: false });
    if (exitCode !== 0) throw new Error(errors);
    const { format } = await import("prettier");
    const page = await format(costsPage(await readAssembly(outDir)), { parser: "markdown" });
    await writeFile(resolve(import.meta.dirname, "../../docs/costs-computed.md"), page);
  } finally {
    await rm(outDir, { recursive: true, force: true });
  }
}

if (import.meta.main) await main();
