/** Calls of the API in a session: with its token, safely repeated, and each effect at most once. */
import { Problem, send, type HttpRequest } from "./http.ts";
import type { Session } from "./session.ts";

export interface Page<Item> {
  readonly items: readonly Item[];
  readonly nextCursor: string | null;
}

/** Attempts of one call before a person is asked. */
const maxAttempts = 3;
const pauseMs = 500;
/** A service that wants longer has to be asked again by a person. */
const maxPauseMs = 3000;

export class Api {
  readonly session: Session;
  /**
   * The keys of writes whose outcome is not known, by the request. The same request gets the same key until there is a
   * certain answer, so that a second try after a lost answer does nothing twice, whoever asks for it.
   */
  readonly #openKeys = new Map<string, string>();

  constructor(session: Session) {
    this.session = session;
  }

  async get<Answer>(path: string, signal?: AbortSignal): Promise<Answer> {
    return await this.#call({ method: "GET", path, signal }, true);
  }

  /** A page of a list, from its beginning or from a cursor. */
  async page<Item>(
    path: string,
    parameters: Readonly<Record<string, string | undefined>>,
    signal?: AbortSignal,
  ): Promise<Page<Item>> {
    const given = Object.entries(parameters).filter((entry): entry is [string, string] => entry[1] !== undefined);
    return await this.get(`${path}?${new URLSearchParams(given).toString()}`, signal);
  }

  /** A write with an idempotency key. */
  async post<Answer>(path: string, json: unknown): Promise<Answer> {
    const request = `${path} ${JSON.stringify(json)}`;
    const key = this.#openKeys.get(request) ?? crypto.randomUUID();
    this.#openKeys.set(request, key);
    try {
      const answer = await this.#call<Answer>(
        { method: "POST", path, json, headers: { "idempotency-key": key } },
        true,
      );
      this.#openKeys.delete(request);
      return answer;
    } catch (error) {
      if (error instanceof Problem && isCertain(error)) this.#openKeys.delete(request);
      throw error;
    }
  }

  /** A change of what was read: refused with `precondition_failed` where it is another by now. */
  async patch<Answer>(path: string, etag: string, json: unknown): Promise<Answer> {
    return await this.#call({ method: "PATCH", path, json, headers: { "if-match": etag } }, false);
  }

  async delete(path: string, etag: string): Promise<void> {
    await this.#call({ method: "DELETE", path, headers: { "if-match": etag } }, false);
  }

  /** @param repeatable whether the request can be sent again after a lost answer; with `If-Match` that would be a 412 */
  async #call<Answer>(request: HttpRequest, repeatable: boolean): Promise<Answer> {
    let refused: string | undefined;
    for (let attempt = 1; ; attempt++) {
      const token = await this.session.accessToken(refused);
      try {
        return await send({ ...request, headers: { ...request.headers, authorization: `Bearer ${token}` } });
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        if (error.status === 401) {
          // A new token that is refused as well: the account itself has ended.
          if (refused !== undefined) this.session.end();
          refused = token;
          continue;
        }
        const pause = error.retryAfterSeconds === undefined ? pauseMs : error.retryAfterSeconds * 1000;
        if (!repeatable || isCertain(error) || attempt >= maxAttempts || pause > maxPauseMs) throw error;
        await new Promise((resolve) => setTimeout(resolve, pause));
      }
    }
  }
}

/** Whether the request has been decided on. Without an answer, and after 5xx and 429, it may come out either way. */
function isCertain({ status, code }: Problem): boolean {
  return status >= 400 && status < 500 && status !== 429 && code !== "request_in_progress";
}
