/** The faults under which scenarios run, by name. */
import type { ErrorCode, Fault, FaultRule } from "../faults/fault-injector.ts";

/**
 * Rules for a share of the calls, 0 to 1, and for how much a run may take of faults that cost seconds.
 *
 * @param few firings at the most where each of them costs a process or seconds
 */
export type FaultSet = (share: number, few: number) => readonly FaultRule[];

const error =
  (code: ErrorCode): FaultSet =>
  (probability) => [{ fault: { kind: "error", code }, probability }];
const fault =
  (made: Fault): FaultSet =>
  (probability) => [{ fault: made, probability }];
const rare =
  (made: Fault): FaultSet =>
  (probability, limit) => [{ fault: made, probability, limit }];

export const faultSets: Readonly<Record<string, FaultSet>> = {
  "the table's throughput is exceeded": error("ProvisionedThroughputExceededException"),
  "calls are throttled": error("ThrottlingException"),
  "the account's limit is exceeded": error("RequestLimitExceeded"),
  "transactions conflict": fault({ kind: "cancelled", reason: "TransactionConflict" }),
  "transactions are throttled": fault({ kind: "cancelled", reason: "ThrottlingError" }),
  "transactions exceed the throughput": fault({ kind: "cancelled", reason: "ProvisionedThroughputExceeded" }),
  // Single writes and batch reads are rare, so a random share could select none.
  "single writes meet transactions": () => [
    { fault: { kind: "error", code: "TransactionConflictException" }, every: 3 },
  ],
  "transactions are still in progress": error("TransactionInProgressException"),
  "the table has internal errors": error("InternalServerError"),
  "services are unavailable": error("ServiceUnavailable"),
  "batches are done in part": () => [{ fault: { kind: "partial" }, every: 3 }],
  "answers come late": fault({ kind: "latency", milliseconds: 25 }),
  "connections are reset before the call": fault({ kind: "reset", done: false }),
  "answers are lost after the call was done": fault({ kind: "reset", done: true }),
  "calls are never answered": rare({ kind: "silence", done: false }),
  "calls are done and never answered": rare({ kind: "silence", done: true }),
  "processes are killed before a call": rare({ kind: "kill", done: false }),
  "processes are killed after a call": rare({ kind: "kill", done: true }),
  // A process reads a secret once a minute, so only new processes ask.
  "secrets are not available to new processes": (probability, limit) => [
    { fault: { kind: "kill", done: false }, functions: ["oauth.token", "partners.register"], probability, limit },
    { fault: { kind: "error", code: "InternalServiceError" }, service: "secretsmanager", every: 2 },
    { fault: { kind: "reset", done: false }, service: "secretsmanager", every: 3 },
  ],
  "everything at once": (share, limit) => {
    const probability = share / 8;
    return [
      { fault: { kind: "latency", milliseconds: 10 }, probability },
      { fault: { kind: "error", code: "ThrottlingException" }, probability },
      { fault: { kind: "error", code: "InternalServerError" }, probability },
      { fault: { kind: "cancelled", reason: "TransactionConflict" }, probability: share / 2 },
      { fault: { kind: "partial" }, probability },
      { fault: { kind: "reset", done: false }, probability },
      { fault: { kind: "reset", done: true }, probability },
      { fault: { kind: "silence", done: true }, probability, limit },
      { fault: { kind: "kill", done: true }, probability, limit },
    ];
  },
};
