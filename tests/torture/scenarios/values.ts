/** Values that scenarios share. */
import type { FaultRule } from "../../faults/fault-injector.ts";
import type { Answer } from "../../support/answer.ts";

export const dayMs = 86_400_000;

/** `P1D` for 1. */
export const days = (count: number) => `P${count}D`;

/** The number of callers that share one key or compete for one resource. */
export const groupSize = 5;
export const groupsOf = (callers: number) => Math.max(1, Math.round(callers / groupSize));

export const times = <Made>(count: number, make: (index: number) => Made): Made[] =>
  Array.from({ length: count }, (_, i) => make(i));
export const keyed = (idempotencyKey: string) => ({ headers: { "idempotency-key": idempotencyKey } });
export const verdictOf = ({ status, body }: Answer) =>
  body?.code === undefined ? String(status) : `${status} ${body.code}`;
export const countOf = <Value>(values: readonly Value[], wanted: Value) =>
  values.filter((value) => value === wanted).length;

/** A kill or a long silence can leave a lease that only expires with time. */
export const leavesLeases = (rules: readonly FaultRule[]) =>
  rules.some(({ fault }) => fault.kind === "kill" || fault.kind === "silence")
    ? "what is held for a call that died is free again after a minute or more"
    : undefined;
