/**
 * The session of the person who is signed in. Its tokens are in this page's memory alone: no script of another page, no
 * other tab and no later visitor of this browser finds them, and a reload is a sign-out.
 */
import type { UserView as User } from "../../../users/contract.ts";
import { addressOf, Problem, send } from "./http.ts";

/** The public client that the stage lists for browsers. */
const clientId = "web";

/** A token that ends within this time is renewed before it is used. */
const renewalMarginMs = 30_000;

interface Tokens {
  readonly access: string;
  readonly refresh: string;
  /** When the access token ends, in milliseconds of `Date.now()`. */
  readonly accessUntil: number;
}

/** Thrown by calls of a session that is over; the sign-in is shown by then. */
export class SessionEnded extends Error {
  override readonly name = "SessionEnded";
}

export class Session {
  /** Who is signed in, as of the sign-in. */
  readonly user: User;
  #tokens: Tokens | undefined;
  #renewal: Promise<Tokens> | undefined;
  readonly #ended: () => void;

  private constructor(user: User, tokens: Tokens, ended: () => void) {
    this.user = user;
    this.#tokens = tokens;
    this.#ended = ended;
    // Nobody could use the tokens after this page; what is left of the session ends, too.
    addEventListener("pagehide", () => this.#revokeInPassing());
  }

  /**
   * Signs an administrator in.
   *
   * @param ended called once when the session is over without `signOut`: revoked, suspended, expired
   * @throws Problem for a wrong name or password, and for people who are not administrators
   */
  static async signIn(credentials: { username: string; password: string }, ended: () => void): Promise<Session> {
    const answer = await send<{ accessToken: string; refreshToken: string; expiresIn?: number; user: User }>({
      method: "POST",
      path: "/v1/auth/login",
      json: credentials,
    });
    const tokens = tokensOf(answer.accessToken, answer.refreshToken, answer.expiresIn);
    const session = new Session(answer.user, tokens, ended);
    if (answer.user.role !== "user") return session;
    await session.signOut();
    throw new Problem({
      status: 403,
      code: "forbidden",
      title: "Not an administrator",
      detail: "The console is for administrators. Ask one of them for the role.",
    });
  }

  /**
   * A token that can be used now.
   *
   * @param refused the one that the API has just refused, to be replaced even if it looks good
   * @throws SessionEnded
   */
  async accessToken(refused?: string): Promise<string> {
    const tokens = this.#tokens;
    if (tokens === undefined) throw new SessionEnded();
    const usable = tokens.access !== refused && tokens.accessUntil - renewalMarginMs > Date.now();
    if (usable) return tokens.access;
    // All calls that wait get the same new token: a refresh token works once.
    this.#renewal ??= this.#renew(tokens).finally(() => (this.#renewal = undefined));
    return (await this.#renewal).access;
  }

  /** Forgets the tokens and ends the session at the API; where that cannot be reached, it ends by itself. */
  async signOut(): Promise<void> {
    const token = this.#forget();
    if (token === undefined) return;
    await send({ method: "POST", path: "/oauth/revoke", form: revocation(token) }).catch(() => undefined);
  }

  /** Ends the session here, and says so: the API has refused it. */
  end(): void {
    if (this.#forget() !== undefined) this.#ended();
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
      // Signed out meanwhile: nothing may come back to life.
      if (this.#tokens === undefined) throw new SessionEnded();
      this.#tokens = tokens;
      return tokens;
    } catch (error) {
      if (!(error instanceof Problem) || error.code !== "invalid_grant") throw error;
      this.end();
      throw new SessionEnded();
    }
  }

  #forget(): string | undefined {
    const token = this.#tokens?.refresh;
    this.#tokens = undefined;
    return token;
  }

  #revokeInPassing(): void {
    const token = this.#forget();
    if (token !== undefined) navigator.sendBeacon(addressOf("/oauth/revoke"), new URLSearchParams(revocation(token)));
  }
}

function revocation(token: string): Record<string, string> {
  return { client_id: clientId, token, token_type_hint: "refresh_token" };
}

/** @param lifetimeSeconds undefined for a token that never ends */
function tokensOf(access: string, refresh: string, lifetimeSeconds = Infinity): Tokens {
  return { access, refresh, accessUntil: Date.now() + lifetimeSeconds * 1000 };
}
