/**
 * What Portico writes to CloudWatch: one line of JSON for each event. Log codes are a closed catalogue on which alarms and
 * saved queries depend. Fields are an allow-list: anything that is not named here is not written, so no body, token, e-mail,
 * coupon code or password can slip in.
 *
 * A line that counts something is in CloudWatch's embedded metric format: CloudWatch takes the metrics out of the log line, so
 * a metric costs neither a call nor a line of its own. A metric whose value is zero is not written.
 */

import { unknownRelease } from "./release.ts";

/** Namespace of the metrics. */
export const metricNamespace = "Portico";

/** What somebody may be attacking, or gains power by. */
export const securityEvents = [
  "external_token_refused",
  "password_link_created",
  "password_reset",
  "personal_data_exported",
  "proof_replayed",
  "refresh_token_repeated",
  "recovery_code_used",
  "refresh_token_reused",
  "role_changed",
  "root_access_restored",
  "second_factor_changed",
  "second_factor_reset",
  "sign_in_unlocked",
  "signing_keys_rotated",
  "token_forged",
  "too_many_attempts",
] as const;
export type SecurityEvent = (typeof securityEvents)[number];

/** What failed and is seen in no answer of an operation. */
export const failureCodes = [
  "bootstrap_failed",
  "expiry_behind",
  "identity_provider_clock_ahead",
  "identity_provider_unreachable",
  "ledger_differs",
  "limits_unavailable",
] as const;
export type FailureCode = (typeof failureCodes)[number];

/** The codes by which the people on call find a line. */
export type LogCode =
  | SecurityEvent
  | FailureCode
  | "request_served"
  | "internal_error"
  | "dependency_failed"
  | "token_refused"
  | "client_authentication_failed"
  | "sign_in_failed"
  | "bootstrap_done"
  | "events_counted"
  | "expiry_announced"
  | "ledger_checked"
  | "migration_continued"
  | "signing_keys_stale"
  | "webhook_attempted"
  | "webhook_endpoint_disabled"
  | "webhooks_dispatched"
  | "synthetic_partner_served"
  | "synthetic_partner_failed";

const fieldNames = [
  "requestId",
  "correlationId",
  "operation",
  "principalId",
  "targetId",
  "network",
  "status",
  "problem",
  "pointers",
  "route",
  "latencyMs",
  "replayed",
  "reason",
  "errorName",
  "errorFrames",
] as const;

export type LogFields = Readonly<
  Partial<Record<(typeof fieldNames)[number], string | number | boolean | readonly string[]>>
>;

/**
 * The metrics and the sets of dimensions under which each is counted. A metric by service alone is what an alarm watches;
 * by operation or code it says which one.
 */
export const metricDimensions = {
  latencyMs: [["service", "operation"]],
  clientErrors: [["service", "operation"]],
  internalErrors: [["service"], ["service", "operation"]],
  unavailable: [["service"], ["service", "operation"]],
  securityEvents: [["service", "code"]],
  failures: [["service", "code"]],
} as const;
export type MetricName = keyof typeof metricDimensions;

type Level = "info" | "warn" | "error";
const severity: Readonly<Record<string, number>> = { DEBUG: 0, INFO: 1, WARN: 2, ERROR: 3 };

/** Stages may share an account, so each is a service of its own. */
export const serviceNameOf = (stage: string): string => `portico-${stage}`;

const service = serviceNameOf(process.env.STAGE ?? "unknown");
/** Names the release in every line: a function that no release changes serves several, one after the other. */
let release = process.env.VERSION ?? unknownRelease;
const minSeverity = severity[process.env.LOG_LEVEL ?? "INFO"] ?? 1;

/** Sets the release of the invocation that begins. Lambda gives a process one invocation at a time. */
export function logAsRelease(name: string): void {
  release = name;
}

/** Writes one line. Codes of security events and failures are counted as well. */
export function log(level: Level, code: LogCode, fields: LogFields): void {
  const metric = counterOf(code);
  write(level, code, fields, metric === undefined ? {} : { [metric]: 1 });
}

/** Logs a security event and counts it. */
export function logSecurityEvent(
  event: SecurityEvent,
  fields: Pick<LogFields, "requestId" | "principalId" | "operation" | "network">,
): void {
  log("warn", event, fields);
}

/** How an operation was served. */
export type Served = LogFields & {
  readonly operation: string;
  readonly status: number;
  readonly latencyMs: number;
};

/** Logs and measures a served request, in one line. */
export function logServed(served: Served): void {
  const { status, latencyMs, problem } = served;
  write("info", "request_served", served, {
    latencyMs,
    ...(status >= 400 && status < 500 && { clientErrors: 1 }),
    ...(status === 500 && { internalErrors: 1 }),
    // An operator has asked for a write stop, so it is nothing to ring for.
    ...(status === 503 && problem !== "read_only" && { unavailable: 1 }),
  });
}

/**
 * An error without its message: messages of the SDK and of parsers repeat what they were given. Name and frames are enough
 * to find the place.
 */
export function describeError(error: unknown): Pick<LogFields, "errorName" | "errorFrames"> {
  if (!(error instanceof Error)) return { errorName: typeof error };
  const frames = (error.stack ?? "").split("\n").map((line) => line.trim());
  return { errorName: error.name, errorFrames: frames.filter((line) => line.startsWith("at ")).slice(0, 12) };
}

function counterOf(code: LogCode): MetricName | undefined {
  if ((securityEvents as readonly string[]).includes(code)) return "securityEvents";
  return (failureCodes as readonly string[]).includes(code) ? "failures" : undefined;
}

type Metrics = Readonly<Partial<Record<MetricName, number>>>;

function write(level: Level, code: LogCode, fields: LogFields, metrics: Metrics): void {
  const names = Object.keys(metrics) as MetricName[];
  // The level filters lines, never metrics: an alarm must not go blind because a stage logs less.
  if (names.length === 0 && (severity[level.toUpperCase()] ?? 0) < minSeverity) return;
  const line: Record<string, unknown> = { level: level.toUpperCase(), code, release };
  if (names.length > 0) Object.assign(line, { _aws: metadataOf(names), service });
  for (const name of fieldNames) if (fields[name] !== undefined) line[name] = fields[name];
  // Not `console`: Lambda's JSON log format would wrap the line, and CloudWatch would find no metrics in it.
  process.stdout.write(`${JSON.stringify({ ...line, ...metrics })}\n`);
}

/** The metadata of the embedded metric format; metrics with the same dimensions share a directive. */
function metadataOf(names: readonly MetricName[]): object {
  const directives = new Map<string, { Namespace: string; Dimensions: unknown; Metrics: object[] }>();
  for (const Name of names) {
    const Dimensions = metricDimensions[Name];
    const key = JSON.stringify(Dimensions);
    const directive = directives.get(key) ?? { Namespace: metricNamespace, Dimensions, Metrics: [] };
    directive.Metrics.push({ Name, Unit: Name === "latencyMs" ? "Milliseconds" : "Count" });
    directives.set(key, directive);
  }
  return { Timestamp: Date.now(), CloudWatchMetrics: [...directives.values()] };
}
