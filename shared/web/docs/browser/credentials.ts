/** The token of the page, of a partner or of a person. It exists in the page's memory only and ends with the page. */
import { filledIn, find } from "./dom.ts";

/** What the forms of the operations send. */
export interface Credentials {
  /** The value of `Authorization` for a call with a token; undefined without a token. */
  readonly token: string | undefined;
  /** The value of `Authorization` for a call with a client id and a client secret. */
  readonly client: string | undefined;
}

interface Granted extends Credentials {
  readonly status: string;
  /** Ends the token at the API, also while the page is left. */
  readonly end?: () => void;
}

const unreachable = "Portico did not respond. Check the connection and try again.";

/** The panel of the page that gets a token. */
export class TokenPanel {
  readonly #form: HTMLFormElement;
  readonly #submit: HTMLButtonElement;
  readonly #signOut: HTMLButtonElement;
  readonly #status: HTMLElement;
  readonly #failure: HTMLElement;
  #granted: Granted | undefined;

  /** @param grant gets a token for the fields of the form, or tells the reason for the refusal */
  constructor(panel: HTMLElement, grant: (fields: Record<string, string>) => Promise<Granted | string>) {
    this.#form = find("form", HTMLFormElement, panel);
    this.#submit = find("form button", HTMLButtonElement, panel);
    this.#signOut = find(".sign-out", HTMLButtonElement, panel);
    this.#status = find("[role=status]", HTMLElement, panel);
    this.#failure = find("[role=alert]", HTMLElement, panel);
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit.disabled = true;
      void this.#request(grant).finally(() => (this.#submit.disabled = false));
    });
    this.#signOut.addEventListener("click", () => {
      this.#end("The page has forgotten the token.");
      find("input", HTMLInputElement, this.#form).focus();
    });
    addEventListener("pagehide", () => this.#end(""));
    this.#submit.disabled = false;
  }

  get credentials(): Credentials {
    return this.#granted ?? { token: undefined, client: undefined };
  }

  async #request(grant: (fields: Record<string, string>) => Promise<Granted | string>): Promise<void> {
    this.#failure.textContent = "";
    const answer = await grant(filledIn(this.#form)).catch(() => unreachable);
    if (typeof answer === "string") {
      this.#failure.textContent = answer;
      return;
    }
    this.#form.reset();
    this.#granted = answer;
    this.#show(answer.status);
    this.#signOut.focus();
  }

  #end(status: string): void {
    this.#granted?.end?.();
    this.#granted = undefined;
    this.#show(status);
  }

  #show(status: string): void {
    this.#form.hidden = this.#granted !== undefined;
    this.#signOut.hidden = this.#granted === undefined;
    this.#status.textContent = status;
  }
}

/** @param apiUrl base URL of the API, without a trailing slash */
export async function grantToPartner(
  apiUrl: string,
  { clientId = "", clientSecret = "" }: Record<string, string>,
): Promise<Granted | string> {
  const client = `Basic ${btoa(`${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`)}`;
  const response = await fetch(`${apiUrl}/oauth/token`, {
    method: "POST",
    headers: { authorization: client },
    body: new URLSearchParams({ grant_type: "client_credentials" }),
    credentials: "omit",
  });
  const answer = (await response.json()) as Readonly<Record<string, unknown>>;
  if (!response.ok) return String(answer["error_description"] ?? answer["detail"] ?? answer["error"]);
  return {
    token: `Bearer ${String(answer["access_token"])}`,
    client,
    status: `The page has a token of ${clientId}.${until(answer["expires_in"])}`,
  };
}

interface Session {
  readonly accessToken: string;
  readonly refreshToken: string;
  /** In seconds; absent for a token that never expires. */
  readonly expiresIn?: number;
  readonly user: { readonly username: string; readonly role: string };
}

/** @param clientId the public client of the session */
export async function signIn(apiUrl: string, clientId: string, fields: object): Promise<Granted | string> {
  const response = await fetch(`${apiUrl}/v1/auth/login`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(fields),
    credentials: "omit",
  });
  const answer = (await response.json()) as Session & { readonly detail: string };
  if (!response.ok) return answer.detail;
  const { accessToken, refreshToken, expiresIn, user } = answer;
  return {
    token: `Bearer ${accessToken}`,
    client: undefined,
    status: `Signed in as ${user.username}, role ${user.role}.${until(expiresIn)}`,
    end: () => {
      // `keepalive` lets the request outlive the page.
      void fetch(`${apiUrl}/oauth/revoke`, {
        method: "POST",
        body: new URLSearchParams({ client_id: clientId, token: refreshToken }),
        keepalive: true,
      }).catch(() => undefined);
    },
  };
}

function until(expiresIn: unknown): string {
  if (typeof expiresIn !== "number") return "";
  const time = new Date(Date.now() + expiresIn * 1000).toLocaleTimeString("en-GB", {
    hour: "2-digit",
    minute: "2-digit",
    timeZoneName: "short",
  });
  return ` It expires at ${time}.`;
}
