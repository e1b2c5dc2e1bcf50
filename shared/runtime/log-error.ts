import { Problem } from "../domain/problems.ts";
import { describeError, log, type LogFields } from "./log.ts";

/** What a log line says of an error: of its cause, where a service that Portico needs did not answer. */
export function describeCause(error: unknown): ReturnType<typeof describeError> {
  return describeError(error instanceof Problem ? error.cause : error);
}

/** Logs what has ended a run without an answer: a service that Portico needs, or a fault of its own. */
export function logError(error: unknown, fields: LogFields): void {
  const code = error instanceof Problem ? "dependency_failed" : "internal_error";
  log("error", code, { ...fields, ...describeCause(error) });
}
