/** The sign-in on the page. Its tokens are in memory alone, and end with the page. */

interface Session {
  readonly accessToken: string;
  readonly refreshToken: string;
  /** In seconds; a token that never expires has none. */
  readonly expiresIn?: number;
  readonly user: { readonly username: string; readonly role: string };
}

/** What is done with the access token. */
interface Holder {
  use(token: string): void;
  /** Leads to `signedOut`. */
  drop(): void;
}

export class SignIn {
  readonly #portico: string;
  readonly #form = find(".sign-in form") as HTMLFormElement;
  readonly #submit = find(".sign-in form button") as HTMLButtonElement;
  readonly #status = find(".sign-in [role=status]");
  readonly #failure = find(".sign-in [role=alert]");
  readonly #signOut = find(".sign-out");
  #refreshToken: string | undefined;

  /** @param portico base of the API, without a slash at the end */
  constructor(portico: string, holder: Holder) {
    this.#portico = portico;
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit.disabled = true;
      void this.#signIn(holder).finally(() => this.enable());
    });
    this.#signOut.addEventListener("click", () => {
      holder.drop();
      find(".sign-in input").focus();
    });
    addEventListener("pagehide", () => {
      if (this.#refreshToken !== undefined) holder.drop();
    });
  }

  /** From now on somebody can sign in: there is something that a token can be used for. */
  enable(): void {
    this.#submit.disabled = false;
  }

  /** The session is not used any more: it ends at the API as well, whatever becomes of this page. */
  signedOut(): void {
    if (this.#refreshToken === undefined) return;
    void fetch(`${this.#portico}/oauth/revoke`, {
      method: "POST",
      body: new URLSearchParams({ client_id: this.#form.dataset["clientId"] ?? "", token: this.#refreshToken }),
      keepalive: true,
    }).catch(() => undefined);
    this.#show(undefined, "Signed out.");
  }

  async #signIn(holder: Holder): Promise<void> {
    this.#failure.textContent = "";
    const answer = await this.#login(Object.fromEntries(new FormData(this.#form))).catch(
      () => "Portico could not be reached. Check the connection, then try again.",
    );
    if (typeof answer === "string") {
      this.#failure.textContent = answer;
      return;
    }
    const { accessToken, refreshToken, expiresIn, user } = answer;
    holder.use(accessToken);
    const until =
      expiresIn === undefined
        ? ""
        : ` The token expires at ${new Date(Date.now() + expiresIn * 1000).toLocaleTimeString()}.`;
    this.#form.reset();
    this.#show(refreshToken, `Signed in as ${user.username}, role ${user.role}.${until}`);
    this.#signOut.focus();
  }

  /** @returns the session, or why there is none */
  async #login(credentials: object): Promise<Session | string> {
    const response = await fetch(`${this.#portico}/v1/auth/login`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(credentials),
      credentials: "omit",
    });
    const answer = (await response.json()) as Session & { readonly detail: string };
    return response.ok ? answer : answer.detail;
  }

  #show(refreshToken: string | undefined, status: string): void {
    this.#refreshToken = refreshToken;
    this.#form.hidden = refreshToken !== undefined;
    this.#signOut.hidden = refreshToken === undefined;
    this.#status.textContent = status;
  }
}

function find(selector: string): HTMLElement {
  const element = document.querySelector<HTMLElement>(selector);
  if (element === null) throw new Error(`the page has no ${selector}`);
  return element;
}
