/**
 * The session of the signed-in person. The tokens are in this page's memory, bound to a key of this browser. Only for the moment
 * of a reload, the refresh token is kept elsewhere: see `docs/decisions/0093-a-reload-keeps-the-session.md`.
 */
import { keepSession, takeKeptSession } from "./kept-session.ts";
import { ProofKey } from "./proof-key.ts";
import { absoluteUrlOf, RequestError, send, urlOf, type HttpRequest } from "./requests.ts";
import type { User } from "./resources.ts";

/** The public client that each stage registers for browsers. */
const clientId = "web";

/** An access token is renewed this long before it expires. */
const renewalMarginMs = 30_000;

interface Tokens {
  readonly access: string;
  /** How a request presents the access token. */
  readonly scheme: "Bearer" | "DPoP";
  readonly refresh: string;
  /** When the access token expires, as `Date.now()` counts. */
  readonly accessUntil: number;
}

interface TokenAnswer {
  readonly access_token: string;
  readonly token_type: Tokens["scheme"];
  readonly refresh_token: string;
  readonly expires_in?: number;
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
  #user: User | undefined;
  #tokens: Tokens | undefined;
  /** Undefined where the browser or the API knows no such key: the tokens are not bound, and a reload ends the session. */
  #key: ProofKey | undefined;
  #renewal: Promise<Tokens> | undefined;
  readonly #onEnd: () => void;

  private constructor(tokens: Tokens, key: ProofKey | undefined, onEnd: () => void) {
    this.#tokens = tokens;
    this.#key = key;
    this.#onEnd = onEnd;
    addEventListener("pagehide", () => this.#leave());
  }

  /** The signed-in person as of the sign-in, or of the last reload. */
  get user(): User {
    if (this.#user === undefined) throw new SessionEnded();
    return this.#user;
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
    const { accessToken, refreshToken, expiresIn, user } = answer;
    const tokens = {
      access: accessToken,
      scheme: "Bearer",
      refresh: refreshToken,
      accessUntil: endOf(expiresIn),
    } as const;
    const session = new Session(tokens, undefined, onEnd);
    session.#user = user;
    try {
      requireAdministrator(user);
      await session.#bind();
      return session;
    } catch (error) {
      await session.signOut();
      throw error;
    }
  }

  /**
   * Continues the session from before a reload of the page. What was kept otherwise, such as by a tab that was closed and opened
   * again, is ended.
   *
   * @param onEnd as of `signIn`; the session may end while it is continued
   * @returns undefined where there is none
   * @throws RequestError when the API did not answer; the session is ended then
   */
  static async resume(onEnd: () => void): Promise<Session | undefined> {
    const kept = takeKeptSession();
    if (kept === undefined) return undefined;
    const { refreshToken, keyId } = kept.session;
    const key = kept.isFresh ? await ProofKey.find(keyId) : undefined;
    if (key === undefined) {
      await Promise.all([revoke(refreshToken), ProofKey.remove(keyId)]);
      return undefined;
    }
    // Renewed before it is used.
    const tokens = { access: "", scheme: "DPoP", refresh: refreshToken, accessUntil: 0 } as const;
    const session = new Session(tokens, key, onEnd);
    try {
      const request = { method: "GET", path: "/v1/users/me" } as const;
      const headers = await session.authorize(request, await session.accessToken());
      session.#user = await send<User>({ ...request, headers });
      requireAdministrator(session.#user);
      return session;
    } catch (error) {
      await session.signOut();
      if (error instanceof SessionEnded) return undefined;
      throw error;
    }
  }

  /** Ends the session that was kept for a reload, if there is one. */
  static async endKept(): Promise<void> {
    const kept = takeKeptSession();
    if (kept === undefined) return;
    await Promise.all([revoke(kept.session.refreshToken), ProofKey.remove(kept.session.keyId)]);
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

  /** The headers that present an access token. A bound one comes with a proof, which is made for this attempt alone. */
  async authorize(
    { method, path }: Pick<HttpRequest, "method" | "path">,
    accessToken: string,
  ): Promise<Readonly<Record<string, string>>> {
    const key = this.#tokens?.scheme === "DPoP" ? this.#key : undefined;
    if (key === undefined) return { authorization: `Bearer ${accessToken}` };
    return { authorization: `DPoP ${accessToken}`, dpop: await key.proof(method, absoluteUrlOf(path), accessToken) };
  }

  /** Forgets the tokens and their key, and revokes the session. */
  async signOut(): Promise<void> {
    const token = this.#forget();
    if (token === undefined) return;
    await revoke(token);
  }

  /** Ends the session after the API has refused it. */
  end(): void {
    if (this.#forget() !== undefined) this.#onEnd();
  }

  /** Binds the session to a key of this browser: the first refresh with a proof does, for the rest of the session. */
  async #bind(): Promise<void> {
    const tokens = this.#tokens;
    this.#key = await ProofKey.create();
    if (tokens === undefined || this.#key === undefined) return;
    try {
      this.#tokens = await this.#refreshed(tokens);
    } catch (error) {
      if (!isInvalidProof(error)) throw error;
      // The page was opened at an address that is not the API's public one. The refresh token was not used.
      await ProofKey.remove(this.#key.id);
      this.#key = undefined;
    }
  }

  async #renew(before: Tokens): Promise<Tokens> {
    try {
      const tokens = await this.#refreshed(before);
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

  async #refreshed(before: Tokens): Promise<Tokens> {
    try {
      return await this.#refresh(before);
    } catch (error) {
      if (!isInvalidProof(error)) throw error;
      // The refused proof may have had the time of a wrong clock. The answer has told the API's time.
      return await this.#refresh(before);
    }
  }

  async #refresh({ refresh }: Tokens): Promise<Tokens> {
    const request = { method: "POST", path: "/oauth/token" } as const;
    const proof = await this.#key?.proof(request.method, absoluteUrlOf(request.path));
    const answer = await send<TokenAnswer>({
      ...request,
      form: { grant_type: "refresh_token", client_id: clientId, refresh_token: refresh },
      ...(proof !== undefined && { headers: { dpop: proof } }),
    });
    const { access_token: access, token_type: scheme, refresh_token: next, expires_in: lifetimeSeconds } = answer;
    return { access, scheme, refresh: next, accessUntil: endOf(lifetimeSeconds) };
  }

  /** @returns the refresh token */
  #forget(): string | undefined {
    const token = this.#tokens?.refresh;
    if (this.#key !== undefined) void ProofKey.remove(this.#key.id);
    this.#tokens = undefined;
    this.#key = undefined;
    return token;
  }

  /** Nothing tells whether the page is left for a reload. The key stays: the page cannot wait until it is removed. */
  #leave(): void {
    const [tokens, key] = [this.#tokens, this.#key];
    this.#tokens = undefined;
    if (tokens === undefined) return;
    if (key !== undefined && keepSession({ refreshToken: tokens.refresh, keyId: key.id })) return;
    const form = new URLSearchParams(revocationOf(tokens.refresh));
    navigator.sendBeacon(urlOf("/oauth/revoke"), form);
  }
}

function requireAdministrator({ role }: User): void {
  if (role !== "user") return;
  throw new RequestError({
    status: 403,
    code: "forbidden",
    title: "Not an administrator",
    detail: "The console is for administrators. Ask an administrator for the role.",
  });
}

function isInvalidProof(error: unknown): boolean {
  return error instanceof RequestError && error.code === "invalid_dpop_proof";
}

/** If the API cannot be reached, the session expires on its own. */
async function revoke(token: string): Promise<void> {
  await send({ method: "POST", path: "/oauth/revoke", form: revocationOf(token) }).catch(() => undefined);
}

function revocationOf(token: string): Record<string, string> {
  return { client_id: clientId, token, token_type_hint: "refresh_token" };
}

/** @param lifetimeSeconds default: the token never expires */
function endOf(lifetimeSeconds = Infinity): number {
  return Date.now() + lifetimeSeconds * 1000;
}
