/**
 * What the host knows of its last requests: the answer, the functions that it invoked, their calls and their log lines. It is in
 * memory only, because items' keys may name people.
 */
import type { Invocation } from "../lambda/function-pool.ts";
import { callResult, subjectsOf } from "./call-trace.ts";
import type { Interceptor } from "./service-proxy.ts";

/** What API Gateway's access log would say; the path is added, because the log stays on this machine. */
export interface AccessLine {
  readonly requestId: string;
  readonly time: string;
  readonly method: string;
  readonly path: string;
  /** The route; undefined for a request without one. */
  readonly resource: string | undefined;
  readonly status: number;
  readonly latencyMilliseconds: number;
  /** The type of the gateway response; undefined for an answer of a function. */
  readonly gatewayError: string | undefined;
}

/** One call of a function to AWS. */
export interface JournalCall {
  readonly functionId: string;
  readonly action: string;
  readonly subjects: readonly string[];
  readonly milliseconds: number;
  /** `ok`, or the error's name. */
  readonly result: string;
}

export interface JournalEntry {
  readonly access: AccessLine | undefined;
  readonly invocations: readonly {
    readonly functionId: string;
    readonly milliseconds: number;
    /** `ok`, or the type of the failure. */
    readonly result: string;
  }[];
  readonly calls: readonly JournalCall[];
  readonly lines: readonly string[];
}

interface Draft {
  /** Root of its trace. */
  trace: string | undefined;
  access: AccessLine | undefined;
  readonly invocations: JournalEntry["invocations"][number][];
  readonly calls: JournalCall[];
  readonly lines: string[];
}

const maxRequests = 1000;

export class RequestJournal {
  readonly #drafts = new Map<string, Draft>();
  /** Root of the trace → request id, as far as the requests are kept. */
  readonly #traces = new Map<string, string>();

  /** Everything of a request; undefined for an unknown one. */
  find(requestId: string): JournalEntry | undefined {
    return this.#drafts.get(requestId);
  }

  answered(line: AccessLine): void {
    this.#draft(line.requestId).access = line;
  }

  /** Keeps a line of a function's log that names its request. */
  logged(text: string): void {
    const [, requestId] = /"requestId":"([0-9a-f-]{36})"/.exec(text) ?? [];
    if (requestId !== undefined) this.#draft(requestId).lines.push(text);
  }

  /** Invokes a function and keeps how long it took. Events without a request, such as those of schedules, are not kept. */
  async invoked(functionId: string, event: unknown, invoke: () => Promise<Invocation>): Promise<Invocation> {
    const { requestContext, headers } = event as EventOfRequest;
    const requestId = requestContext?.requestId;
    if (requestId === undefined) return await invoke();
    const draft = this.#draft(requestId);
    const trace = headers?.["X-Amzn-Trace-Id"];
    if (trace !== undefined) {
      draft.trace = trace;
      this.#traces.set(trace, requestId);
    }
    const started = performance.now();
    const outcome = await invoke();
    const result = "failure" in outcome ? outcome.failure.errorType : "ok";
    draft.invocations.push({ functionId, milliseconds: performance.now() - started, result });
    return outcome;
  }

  /** Keeps the calls of functions. A call names its request by the root of its trace. */
  readonly intercept: Interceptor = async (call, next) => {
    const requestId = call.traceRoot === undefined ? undefined : this.#traces.get(call.traceRoot);
    if (requestId === undefined) return await next();
    const started = performance.now();
    const answer = await next();
    this.#draft(requestId).calls.push({
      functionId: call.functionId,
      action: call.action,
      subjects: subjectsOf(call.service, call.body),
      milliseconds: performance.now() - started,
      result: callResult(answer),
    });
    return answer;
  };

  #draft(requestId: string): Draft {
    const known = this.#drafts.get(requestId);
    if (known !== undefined) return known;
    const draft: Draft = { trace: undefined, access: undefined, invocations: [], calls: [], lines: [] };
    this.#drafts.set(requestId, draft);
    this.#forgetOldest();
    return draft;
  }

  #forgetOldest(): void {
    if (this.#drafts.size <= maxRequests) return;
    const [requestId = ""] = this.#drafts.keys();
    const trace = this.#drafts.get(requestId)?.trace;
    this.#drafts.delete(requestId);
    // A caller may have sent the same trace with a later request.
    if (trace !== undefined && this.#traces.get(trace) === requestId) this.#traces.delete(trace);
  }
}

interface EventOfRequest {
  readonly requestContext?: { readonly requestId?: string };
  readonly headers?: Readonly<Record<string, string>> | null;
}
