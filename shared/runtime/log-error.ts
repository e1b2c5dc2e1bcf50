import { Problem } from "../domain/problems.ts";
import { describeError, log, type LogFields } from "./log.ts";

/** Logs what has ended a run without an answer: a service that Portico needs, or a fault of its own. */
export function logError(error: unknown, fields: LogFields): void {
  const unavailable = error instanceof Problem;
  const code = unavailable ? "dependency_failed" : "internal_error";
  log("error", code, { ...fields, ...describeError(unavailable ? error.cause : error) });
}
