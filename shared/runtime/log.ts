/**
 * What Portico writes to CloudWatch. Log codes are a closed catalogue on which alarms and saved queries hang; fields are an
 * allow-list: what is not named here is not written, so that no body, token, e-mail, coupon code or password can slip in.
 */
import { Logger } from "@aws-lambda-powertools/logger";
import { Metrics, MetricUnit } from "@aws-lambda-powertools/metrics";

/** What somebody may be attacking, or has power over others by: each has its metric, too. */
export type SecurityEvent =
  | "external_token_refused"
  | "refresh_token_reused"
  | "role_changed"
  | "root_access_restored"
  | "signing_keys_rotated"
  | "token_forged"
  | "too_many_attempts";

/** The codes by which the people on call find a line. */
export type LogCode =
  | SecurityEvent
  | "request_served"
  | "internal_error"
  | "dependency_failed"
  | "token_refused"
  | "client_authentication_failed"
  | "sign_in_failed"
  | "bootstrap_done"
  | "bootstrap_failed";

const fieldNames = [
  "requestId",
  "correlationId",
  "operation",
  "principalId",
  "status",
  "problem",
  "latencyMs",
  "replayed",
  "reason",
  "errorName",
  "errorFrames",
] as const;

export type LogFields = Readonly<
  Partial<Record<(typeof fieldNames)[number], string | number | boolean | readonly string[]>>
>;

type Level = "info" | "warn" | "error";

/** Stages may share an account, so each is a service of its own. */
const serviceName = `portico-${process.env.STAGE ?? "unknown"}`;

const logger = new Logger({ serviceName, persistentKeys: { release: process.env.VERSION ?? "unknown" } });

/** Writes one line of JSON. */
export function log(level: Level, code: LogCode, fields: LogFields): void {
  const allowed = Object.fromEntries(
    fieldNames.filter((name) => fields[name] !== undefined).map((name) => [name, fields[name]]),
  );
  logger[level](code, { code, ...allowed });
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

/** How an operation was served, as metrics (CloudWatch embedded metric format, no call to CloudWatch). */
export interface Served {
  readonly operation: string;
  readonly status: number;
  readonly latencyMs: number;
  readonly problem?: string | undefined;
}

const metrics = new Metrics({ namespace: "Portico", serviceName });

/** Logs a security event and counts it. */
export function logSecurityEvent(
  event: SecurityEvent,
  fields: Pick<LogFields, "requestId" | "principalId" | "operation">,
): void {
  log("warn", event, fields);
  const counter = metrics.singleMetric();
  counter.addDimensions({ event });
  counter.addMetric("securityEvents", MetricUnit.Count, 1);
}

/** Counts a served request: per operation, and per operation and problem code. */
export function measure({ operation, status, latencyMs, problem }: Served): void {
  metrics.addDimension("operation", operation);
  metrics.addMetric("requests", MetricUnit.Count, 1);
  metrics.addMetric("latency", MetricUnit.Milliseconds, latencyMs);
  metrics.addMetric("clientErrors", MetricUnit.Count, status >= 400 && status < 500 ? 1 : 0);
  metrics.addMetric("serverErrors", MetricUnit.Count, status >= 500 ? 1 : 0);
  metrics.addMetric("internalErrors", MetricUnit.Count, status === 500 ? 1 : 0);
  metrics.addMetric("unavailable", MetricUnit.Count, status === 503 ? 1 : 0);
  metrics.publishStoredMetrics();
  if (problem === undefined) return;
  const perProblem = metrics.singleMetric();
  perProblem.addDimensions({ operation, problem });
  perProblem.addMetric("problems", MetricUnit.Count, 1);
}
