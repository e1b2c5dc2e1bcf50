/** The session of a person on the docs page. Its tokens exist in the page's memory only and end with the page. */

interface Session {
  readonly accessToken: string;
  readonly refreshToken: string;
  /** In seconds; absent for a token that never expires. */
  readonly expiresIn?: number;
  readonly user: { readonly username: string; readonly role: string };
}

/** Where the access token is used. */
interface TokenHolder {
  use(token: string): void;
  /** Drops the token and calls `signedOut`. */
  drop(): void;
}

export class DocsSession {
  readonly #apiUrl: string;
  readonly #form = find(".sign-in form") as HTMLFormElement;
  readonly #submit = find(".sign-in form button") as HTMLButtonElement;
  readonly #status = find(".sign-in [role=status]");
  readonly #failure = find(".sign-in [role=alert]");
  readonly #signOut = find(".sign-out");
  #refreshToken: string | undefined;

  /** @param apiUrl base URL of the API, without a trailing slash */
  constructor(apiUrl: string, holder: TokenHolder) {
    this.#apiUrl = apiUrl;
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

  /** Enables the sign-in. Before the contract is loaded, nothing could use the token. */
  enable(): void {
    this.#submit.disabled = false;
  }

  /** Ends the session at the API. `keepalive` lets the request outlive the page. */
  signedOut(): void {
    if (this.#refreshToken === undefined) return;
    void fetch(`${this.#apiUrl}/oauth/revoke`, {
      method: "POST",
      body: new URLSearchParams({ client_id: this.#form.dataset["clientId"] ?? "", token: this.#refreshToken }),
      keepalive: true,
    }).catch(() => undefined);
    this.#show(undefined, "Signed out.");
  }

  async #signIn(holder: TokenHolder): Promise<void> {
    this.#failure.textContent = "";
    const answer = await this.#login(filledIn(this.#form)).catch(
      () => "Portico did not respond. Check the connection and try again.",
    );
    if (typeof answer === "string") {
      this.#failure.textContent = answer;
      return;
    }
    const { accessToken, refreshToken, expiresIn, user } = answer;
    holder.use(accessToken);
    const until = expiresIn === undefined ? "" : ` The token expires at ${timeIn(expiresIn)}.`;
    this.#form.reset();
    this.#show(refreshToken, `Signed in as ${user.username}, role ${user.role}.${until}`);
    this.#signOut.focus();
  }

  /** @returns the session, or the reason for the refusal */
  async #login(credentials: object): Promise<Session | string> {
    const response = await fetch(`${this.#apiUrl}/v1/auth/login`, {
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

/** The values of a form without those of empty fields. */
function filledIn(form: HTMLFormElement): object {
  return Object.fromEntries([...new FormData(form)].filter(([, value]) => value !== ""));
}

/** The time after some seconds, with its time zone. */
function timeIn(seconds: number): string {
  return new Date(Date.now() + seconds * 1000).toLocaleTimeString("en-GB", {
    hour: "2-digit",
    minute: "2-digit",
    timeZoneName: "short",
  });
}

function find(selector: string): HTMLElement {
  const element = document.querySelector<HTMLElement>(selector);
  if (element === null) throw new Error(`the page has no ${selector}`);
  return element;
}
