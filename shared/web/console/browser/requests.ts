/** Sends one request to the API. Every failure is a `RequestError`. */

/** An invalid field: a JSON Pointer into the body and what is wrong with the value. */
export interface FieldError {
  readonly pointer: string;
  readonly detail: string;
}

interface RequestErrorFields {
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  readonly errors?: readonly FieldError[] | undefined;
  readonly retryAfterSeconds?: number | undefined;
}

/** A refused request with the API's own texts (RFC 9457), or `no_answer` when no response arrived. */
export class RequestError extends Error {
  override readonly name = "RequestError";
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  readonly errors: readonly FieldError[];
  /** Seconds until a retry makes sense. */
  readonly retryAfterSeconds: number | undefined;

  constructor(fields: RequestErrorFields) {
    super(fields.title);
    this.status = fields.status;
    this.code = fields.code;
    this.title = fields.title;
    this.detail = fields.detail;
    this.errors = fields.errors ?? [];
    this.retryAfterSeconds = fields.retryAfterSeconds;
  }
}

export interface HttpRequest {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  /** Path from the root of the API, for example `/v1/partners`. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** A JSON body. */
  readonly json?: unknown;
  /** A form body, for the OAuth endpoints. */
  readonly form?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
}

/** The API's base path. The console is at `<base>/console`, and the base can contain the stage's name. */
const basePath = location.pathname.replace(/\/console(\/.*)?$/, "");

/** The URL of an API path, relative to this page's origin. */
export function urlOf(path: string): string {
  return `${basePath}${path}`;
}

/** The URL of an API path as proofs name it: with the origin, and without a query. */
export function absoluteUrlOf(path: string): string {
  const { origin, pathname } = new URL(urlOf(path), location.origin);
  return `${origin}${pathname}`;
}

/** How far the clock of the API is ahead of this device's, in milliseconds. */
let clockOffsetMs = 0;

/** Headers tell whole seconds, and an answer takes its time. */
const toleratedOffsetMs = 5000;

/** The time by the clock of the API, in milliseconds of the epoch. */
export function apiTime(): number {
  return Date.now() + clockOffsetMs;
}

function readClock({ headers }: Response): void {
  const offsetMs = Date.parse(headers.get("date") ?? "") - Date.now();
  if (Number.isNaN(offsetMs)) return;
  clockOffsetMs = Math.abs(offsetMs) > toleratedOffsetMs ? offsetMs : 0;
}

/**
 * Sends a request.
 *
 * @returns the JSON of the response, or undefined when it has no body
 * @throws RequestError for every response except success, and when there is no response
 */
export async function send<Answer>({ method, path, headers, json, form, signal }: HttpRequest): Promise<Answer> {
  const body = json === undefined ? form && new URLSearchParams(form) : JSON.stringify(json);
  let response: Response;
  let text: string;
  try {
    response = await fetch(urlOf(path), {
      method,
      headers: { ...(json !== undefined && { "content-type": "application/json" }), ...headers },
      ...(body !== undefined && { body }),
      ...(signal && { signal }),
      cache: "no-store",
      credentials: "omit",
    });
    readClock(response);
    text = await response.text();
  } catch (error) {
    if (signal?.aborted === true) throw error;
    throw new RequestError({
      status: 0,
      code: "no_answer",
      title: "No response",
      detail: "Portico did not respond. Check the connection and try again.",
    });
  }
  const content = parse(text);
  if (response.ok) return content as Answer;
  throw requestErrorOf(response, content);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

interface ErrorBody {
  readonly code?: string;
  readonly title?: string;
  readonly detail?: string;
  readonly errors?: readonly FieldError[];
  readonly requestId?: string;
  /** The error code of the OAuth endpoints (RFC 6749 §5.2). */
  readonly error?: string;
  readonly error_description?: string;
}

function requestErrorOf({ status, headers }: Response, content: unknown): RequestError {
  const body = (content ?? {}) as ErrorBody;
  const retryAfter = Number(headers.get("retry-after") ?? NaN);
  const detail = body.detail ?? body.error_description ?? `The response had the status ${status}.`;
  // The request id lets an operator find the failure in the log.
  const reference = status >= 500 && body.requestId !== undefined ? ` Request id: ${body.requestId}.` : "";
  return new RequestError({
    status,
    code: body.code ?? body.error ?? "unknown",
    title: body.title ?? "The request failed",
    detail: detail + reference,
    errors: body.errors,
    retryAfterSeconds: Number.isNaN(retryAfter) ? undefined : retryAfter,
  });
}
