/** Calls a deployed API as its callers do, and holds every answer against what the contract promises for all of them. */
import { randomUUID } from "node:crypto";

/** The API does not keep a promise; the message says which one, and never repeats a body, a token or a password. */
export class BrokenPromise extends Error {
  override readonly name = "BrokenPromise";
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface Call {
  readonly token?: string;
  readonly json?: unknown;
  readonly form?: Readonly<Record<string, string>>;
  /** A body that is sent as it is, as JSON. */
  readonly raw?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** The status that the contract promises. */
  readonly status: number;
  /** The problem code, or the OAuth error, that it promises. */
  readonly code?: string;
}

export class Visitor {
  readonly url: string;
  readonly #patienceMs: number;

  /**
   * @param url base of the API, without a slash at the end
   * @param patienceMs an answer that takes longer is none
   */
  constructor(url: string, patienceMs = 30_000) {
    this.url = url;
    this.#patienceMs = patienceMs;
  }

  /**
   * @param request method and path: `GET /health`
   * @throws BrokenPromise when status, headers or code are not the promised ones, or no answer comes
   */
  async call(request: string, { token, json, form, raw, headers, status, code }: Call): Promise<Answer> {
    const [method = "", path = ""] = request.split(" ");
    const correlation = `check-${randomUUID()}`;
    const body = json !== undefined ? JSON.stringify(json) : form !== undefined ? new URLSearchParams(form) : raw;
    const isJson = json !== undefined || raw !== undefined;
    const response = await fetch(this.url + path, {
      method,
      redirect: "manual",
      signal: AbortSignal.timeout(this.#patienceMs),
      headers: {
        "x-correlation-id": correlation,
        ...(isJson && { "content-type": "application/json" }),
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...headers,
      },
      ...(body !== undefined && { body }),
    }).catch((error: unknown) => {
      throw new BrokenPromise(`${request} is not answered: ${error instanceof Error ? error.message : String(error)}`);
    });
    const answer = { status: response.status, headers: response.headers, body: parsed(await response.text()) };
    const said = `${request} answers ${answer.status}`;
    if (answer.status !== status)
      throw new BrokenPromise(`${said}${codeOf(answer)}, not ${status} ${code ?? ""}`.trimEnd());
    if (code !== undefined && codeOf(answer) !== ` ${code}`)
      throw new BrokenPromise(`${said}${codeOf(answer)}, not ${code}`);
    this.#expectCommonHeaders(said, answer, correlation);
    return answer;
  }

  #expectCommonHeaders(said: string, { status, headers, body }: Answer, correlation: string): void {
    const promised: Readonly<Record<string, (value: string) => boolean>> = {
      "x-request-id": (value) => value !== "",
      "x-correlation-id": (value) => value === correlation,
      "strict-transport-security": (value) => /max-age=\d+/.test(value),
      "x-content-type-options": (value) => value === "nosniff",
      "cache-control": (value) => value !== "",
    };
    for (const [name, isKept] of Object.entries(promised)) {
      const value = headers.get(name);
      if (value === null || !isKept(value)) throw new BrokenPromise(`${said} with ${name} ${value ?? "missing"}`);
    }
    if (status < 400 || "error" in body) return;
    const type = headers.get("content-type") ?? "none";
    if (!type.startsWith("application/problem+json")) throw new BrokenPromise(`${said} as ${type}, not as a problem`);
    const { code, requestId, type: page } = body;
    if (requestId !== headers.get("x-request-id") && headers.get("idempotency-replayed") === null) {
      throw new BrokenPromise(`${said} with another requestId than its x-request-id`);
    }
    if (page !== `${this.url}/problems/${String(code)}`) throw new BrokenPromise(`${said} with a type of another URL`);
  }
}

/** The problem code or OAuth error of an answer, after a blank. */
function codeOf({ body }: Answer): string {
  const code = body["code"] ?? body["error"];
  return typeof code === "string" ? ` ${code}` : "";
}

function parsed(text: string): Answer["body"] {
  try {
    return JSON.parse(text) as Answer["body"];
  } catch {
    return {};
  }
}

/** @throws BrokenPromise with the promise, when it is not kept */
export function expectPromise(isKept: boolean, promise: string): void {
  if (!isKept) throw new BrokenPromise(promise);
}

/** A member of an answer that has to be text. */
export function textOf({ body }: Answer, member: string): string {
  const value = body[member];
  if (typeof value !== "string") throw new BrokenPromise(`an answer has no ${member}`);
  return value;
}
