/**
 * The session of the signed-in person. The tokens exist in this page's memory only, so no other page, tab or later visitor of
 * the browser can read them. A reload therefore signs the person out.
 */
import { RequestError, send, urlOf } from "./requests.ts";
import type { User } from "./resources.ts";

/** The public client that each stage registers for browsers. */
const clientId = "web";

/** An access token is renewed this long before it expires. */
const renewalMarginMs = 30_000;

interface Tokens {
  readonly access: string;
  readonly refresh: string;
  /** When the access token expires, as `Date.now()` counts. */
  readonly accessUntil: number;
}

/** A call came to nothing because a different view is shown by now, which says why: nothing has to be reported. */
export class Superseded extends Error {
  override readonly name: string = "Superseded";
}

/** A call was made after the end of the session. The sign-in is shown by then. */
export class SessionEnded extends Superseded {
  override readonly name = "SessionEnded";
}

export interface Credentials {
  readonly username: string;
  readonly password: string;
  /** Of the second factor. */
  readonly code?: string;
}

export class Session {
  /** The signed-in person as of the sign-in. */
  readonly user: User;
  #tokens: Tokens | undefined;
  #renewal: Promise<Tokens> | undefined;
  readonly #onEnd: () => void;

  private constructor(user: User, tokens: Tokens, onEnd: () => void) {
    this.user = user;
    this.#tokens = tokens;
    this.#onEnd = onEnd;
    // The tokens are lost with the page, so the session ends at the API as well.
    addEventListener("pagehide", () => this.#revokeOnLeave());
  }

  /**
   * Signs an administrator in.
   *
   * @param onEnd called once when the session ends without `signOut`, for example because it was revoked
   * @throws RequestError for wrong credentials, and for people who are not administrators
   */
  static async signIn(credentials: Credentials, onEnd: () => void): Promise<Session> {
    const answer = await send<{ accessToken: string; refreshToken: string; expiresIn?: number; user: User }>({
      method: "POST",
      path: "/v1/auth/login",
      json: credentials,
    });
    const tokens = tokensOf(answer.accessToken, answer.refreshToken, answer.expiresIn);
    const session = new Session(answer.user, tokens, onEnd);
    if (answer.user.role !== "user") return session;
    await session.signOut();
    throw new RequestError({
      status: 403,
      code: "forbidden",
      title: "Not an administrator",
      detail: "The console is for administrators. Ask an administrator for the role.",
    });
  }

  /**
   * Returns a valid access token, and renews it when it is about to expire.
   *
   * @param refusedToken the token that the API has just refused: it is replaced although it has not expired
   * @throws SessionEnded
   */
  async accessToken(refusedToken?: string): Promise<string> {
    const tokens = this.#tokens;
    if (tokens === undefined) throw new SessionEnded();
    const usable = tokens.access !== refusedToken && tokens.accessUntil - renewalMarginMs > Date.now();
    if (usable) return tokens.access;
    // A refresh token works once, so concurrent calls share one renewal.
    this.#renewal ??= this.#renew(tokens).finally(() => (this.#renewal = undefined));
    return (await this.#renewal).access;
  }

  /** Forgets the tokens and revokes the session. If the API cannot be reached, the session expires on its own. */
  async signOut(): Promise<void> {
    const token = this.#forget();
    if (token === undefined) return;
    await send({ method: "POST", path: "/oauth/revoke", form: revocationOf(token) }).catch(() => undefined);
  }

  /** Ends the session after the API has refused it. */
  end(): void {
    if (this.#forget() !== undefined) this.#onEnd();
  }

  async #renew({ refresh }: Tokens): Promise<Tokens> {
    const form = { grant_type: "refresh_token", client_id: clientId, refresh_token: refresh };
    try {
      const answer = await send<{ access_token: string; refresh_token: string; expires_in?: number }>({
        method: "POST",
        path: "/oauth/token",
        form,
      });
      const tokens = tokensOf(answer.access_token, answer.refresh_token, answer.expires_in);
      // A sign-out during the renewal must stay a sign-out.
      if (this.#tokens === undefined) throw new SessionEnded();
      this.#tokens = tokens;
      return tokens;
    } catch (error) {
      if (!(error instanceof RequestError) || error.code !== "invalid_grant") throw error;
      this.end();
      throw new SessionEnded();
    }
  }

  #forget(): string | undefined {
    const token = this.#tokens?.refresh;
    this.#tokens = undefined;
    return token;
  }

  #revokeOnLeave(): void {
    const token = this.#forget();
    if (token !== undefined) navigator.sendBeacon(urlOf("/oauth/revoke"), new URLSearchParams(revocationOf(token)));
  }
}

function revocationOf(token: string): Record<string, string> {
  return { client_id: clientId, token, token_type_hint: "refresh_token" };
}

/** @param lifetimeSeconds default: the token never expires */
function tokensOf(access: string, refresh: string, lifetimeSeconds = Infinity): Tokens {
  return { access, refresh, accessUntil: Date.now() + lifetimeSeconds * 1000 };
}
