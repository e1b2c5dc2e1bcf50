/** One request and its answer; every failure is a `Problem`. */

/** An invalid field: a JSON Pointer into the body, and what is wrong. */
export interface FieldError {
  readonly pointer: string;
  readonly detail: string;
}

/** What went wrong, in the API's own words (RFC 9457), or `no_answer` where there was none. */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  readonly errors: readonly FieldError[];
  /** Seconds after which another attempt makes sense. */
  readonly retryAfterSeconds: number | undefined;

  constructor(fields: {
    readonly status: number;
    readonly code: string;
    readonly title: string;
    readonly detail: string;
    readonly errors?: readonly FieldError[] | undefined;
    readonly retryAfterSeconds?: number | undefined;
  }) {
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
  /** From the root of the API: `/v1/partners`. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Sent as a form, as the OAuth endpoints want it. */
  readonly form?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
}

/** Where the API is: the console lies below it, behind a stage's name or not. */
const base = location.pathname.replace(/\/console(\/.*)?$/, "");

/** The address of a path of the API, for this page alone to call. */
export function addressOf(path: string): string {
  return `${base}${path}`;
}

/**
 * Sends a request.
 *
 * @returns the JSON of the answer; undefined where it has no body
 * @throws Problem for every answer but success, and for none
 */
export async function send<Answer>({ method, path, headers, json, form, signal }: HttpRequest): Promise<Answer> {
  const body = json === undefined ? form && new URLSearchParams(form) : JSON.stringify(json);
  let response: Response;
  let text: string;
  try {
    response = await fetch(addressOf(path), {
      method,
      headers: { ...(json !== undefined && { "content-type": "application/json" }), ...headers },
      ...(body !== undefined && { body }),
      ...(signal && { signal }),
      cache: "no-store",
      credentials: "omit",
    });
    text = await response.text();
  } catch (error) {
    if (signal?.aborted === true) throw error;
    throw new Problem({
      status: 0,
      code: "no_answer",
      title: "No answer",
      detail: "Portico could not be reached. Check the connection, then try again.",
    });
  }
  const content = parse(text);
  if (response.ok) return content as Answer;
  throw problemOf(response, content);
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
  /** RFC 6749 §5.2, of the OAuth endpoints. */
  readonly error?: string;
  readonly error_description?: string;
}

function problemOf({ status, headers }: Response, content: unknown): Problem {
  const body = (content ?? {}) as ErrorBody;
  const retryAfter = Number(headers.get("retry-after") ?? NaN);
  const detail = body.detail ?? body.error_description ?? `The answer had the status ${status}.`;
  // Whoever looks into it asks for the id of the request.
  const reference = status >= 500 && body.requestId !== undefined ? ` Request ${body.requestId}.` : "";
  return new Problem({
    status,
    code: body.code ?? body.error ?? "unknown",
    title: body.title ?? "That did not work",
    detail: detail + reference,
    errors: body.errors,
    retryAfterSeconds: Number.isNaN(retryAfter) ? undefined : retryAfter,
  });
}
