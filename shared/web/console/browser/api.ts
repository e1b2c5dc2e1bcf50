/** The API for a signed-in person: adds the access token, retries, and executes each write at most once. */
import { RequestError, send, type HttpRequest } from "./requests.ts";
import { Superseded, type Session } from "./session.ts";

export interface Page<Item> {
  readonly items: readonly Item[];
  readonly nextCursor: string | null;
}

/** The problem codes of calls that have to wait for something else. */
const requiredCodes = ["password_change_required", "second_factor_enrolment_required"] as const;
export type RequiredCode = (typeof requiredCodes)[number];

/** Attempts of one call before the person must retry. */
const maxAttempts = 3;
const pauseMs = 500;
/** The console does not wait longer than this on its own. */
const maxPauseMs = 3000;
/** The API's maximum, so that a filter covers as many items as possible. */
const pageSize = "100";

export class Api {
  readonly session: Session;
  /**
   * Idempotency keys of writes with an unknown outcome, by path and body. The same request keeps its key until the API has
   * decided, so a retry after a lost response has no second effect, even when the person sends the form again.
   */
  readonly #openKeys = new Map<string, string>();

  readonly #onRequired: (code: RequiredCode) => void;

  /** @param onRequired called when the person has to do something before a call is served */
  constructor(session: Session, onRequired: (code: RequiredCode) => void) {
    this.session = session;
    this.#onRequired = onRequired;
  }

  async get<Answer>(path: string, signal?: AbortSignal): Promise<Answer> {
    return await this.#call({ method: "GET", path, signal }, true);
  }

  /** Reads one page of a list. Undefined parameters are omitted. */
  async page<Item>(
    path: string,
    parameters: Readonly<Record<string, string | undefined>>,
    signal?: AbortSignal,
  ): Promise<Page<Item>> {
    const given = Object.entries({ limit: pageSize, ...parameters }).filter(
      (entry): entry is [string, string] => entry[1] !== undefined,
    );
    return await this.get(`${path}?${new URLSearchParams(given).toString()}`, signal);
  }

  /** Writes with an idempotency key. */
  async post<Answer>(path: string, json: unknown): Promise<Answer> {
    const request = `${path} ${JSON.stringify(json)}`;
    const key = this.#openKeys.get(request) ?? crypto.randomUUID();
    this.#openKeys.set(request, key);
    try {
      const headers = { "idempotency-key": key };
      const answer = await this.#call<Answer>({ method: "POST", path, json, headers }, true);
      this.#openKeys.delete(request);
      return answer;
    } catch (error) {
      if (error instanceof RequestError && isDecided(error)) this.#openKeys.delete(request);
      throw error;
    }
  }

  /** Changes a resource. @throws RequestError `precondition_failed` when it changed after it was read */
  async patch<Answer>(path: string, etag: string, json: unknown): Promise<Answer> {
    return await this.#call({ method: "PATCH", path, json, headers: { "if-match": etag } }, false);
  }

  async delete(path: string, etag: string): Promise<void> {
    await this.#call({ method: "DELETE", path, headers: { "if-match": etag } }, false);
  }

  /** Ends something that has no entity tag. A retry may find that it has ended: `not_found`. */
  async end(path: string): Promise<void> {
    await this.#call({ method: "DELETE", path }, true);
  }

  /** @param retryable false with `If-Match`: after a lost response, the retry of a successful change would get a 412 */
  async #call<Answer>(request: HttpRequest, retryable: boolean): Promise<Answer> {
    let refusedToken: string | undefined;
    for (let attempt = 1; ; attempt++) {
      const token = await this.session.accessToken(refusedToken);
      try {
        const authorization = await this.session.authorize(request, token);
        return await send({ ...request, headers: { ...request.headers, ...authorization } });
      } catch (error) {
        if (!(error instanceof RequestError)) throw error;
        const required = requiredCodes.find((code) => code === error.code);
        if (required !== undefined) {
          this.#onRequired(required);
          throw new Superseded();
        }
        // A wrong password or code is a 401 as well, but it does not concern the token.
        if (error.status === 401 && /^(token|proof)_/.test(error.code)) {
          // A second refusal concerns a new token, so the account itself has ended.
          if (refusedToken !== undefined) this.session.end();
          refusedToken = token;
          continue;
        }
        const pause = error.retryAfterSeconds === undefined ? pauseMs : error.retryAfterSeconds * 1000;
        if (!retryable || isDecided(error) || attempt >= maxAttempts || pause > maxPauseMs) throw error;
        await new Promise((resolve) => setTimeout(resolve, pause));
      }
    }
  }
}

/** Whether the API has decided on the request. Without a response, and after 5xx and 429, a retry can have another outcome. */
function isDecided({ status, code }: RequestError): boolean {
  return status >= 400 && status < 500 && status !== 429 && code !== "request_in_progress";
}
