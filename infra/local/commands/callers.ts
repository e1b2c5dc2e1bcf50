/** Access tokens for development: of the root user, of a person and of a partner that is registered for the purpose. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { LocalHostError } from "../support/errors.ts";
import { writeJsonFile } from "../support/json-file.ts";
import { readState, type LocalState } from "../support/state.ts";
import { giveOrder, type RunnableFunction } from "./control.ts";
import type { CallerKind } from "./example-request.ts";
import { projectRoot } from "./synthesise.ts";

/** The data folder of the host, which only its owner can read. */
export const dataFolder = join(projectRoot, ".portico");
const partnerFile = join(dataFolder, "development-partner.json");

interface PartnerCredentials {
  readonly clientId: string;
  readonly clientSecret: string;
}
type Answer = Readonly<Record<string, string>>;

/** @throws LocalHostError when no host runs */
export function runningHost(): LocalState {
  const state = readState(dataFolder);
  if (state === undefined) throw new LocalHostError("no local host runs here: start one with `npm start`");
  return state;
}

/** Gets access tokens from the running host. */
export class DevelopmentCallers {
  readonly #state: LocalState;
  readonly #client: string;
  readonly #tokens = new Map<CallerKind, Promise<string>>();

  /** @param functions of the running host; the variables of one of them name the public clients */
  constructor(state: LocalState, functions: readonly RunnableFunction[]) {
    this.#state = state;
    const clients = functions.map(({ environment }) => environment["PUBLIC_CLIENTS"]).find((value) => value);
    this.#client = clients?.split(" ")[0] ?? "";
  }

  /** @throws LocalHostError when the host refuses to issue the token */
  async token(kind: CallerKind): Promise<string> {
    const issue = { partner: () => this.#partner(), user: () => this.#user(), admin: () => this.#admin() }[kind];
    const known = this.#tokens.get(kind) ?? issue();
    this.#tokens.set(kind, known);
    return await known;
  }

  async #admin(): Promise<string> {
    const { root } = this.#state;
    if (root === undefined) throw new LocalHostError("the template has no secret with a sign-in of root");
    const { accessToken } = await this.#post("/v1/auth/login", JSON.stringify(root), {});
    return accessToken ?? "";
  }

  async #user(): Promise<string> {
    const { token } = await giveOrder("idp-token", { subject: "developer", name: "Developer" });
    const form = {
      grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
      client_id: this.#client,
      subject_token: token,
      subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
    };
    return (await this.#form(form)).access_token ?? "";
  }

  /** The partner is kept, so that the next call finds what this one has made. */
  async #partner(): Promise<string> {
    const kept = readPartner();
    const usable = kept && (await this.#clientCredentials(kept).catch(() => undefined));
    if (usable !== undefined) return usable;
    const fields = {
      name: "Development",
      websiteUrl: "https://development.example",
      email: `development-${Date.now()}@development.example`,
    };
    const authorization = { authorization: `Bearer ${await this.token("admin")}` };
    const { clientId = "", clientSecret = "" } = await this.#post(
      "/v1/partners",
      JSON.stringify(fields),
      authorization,
    );
    writeJsonFile(partnerFile, { clientId, clientSecret });
    return await this.#clientCredentials({ clientId, clientSecret });
  }

  async #clientCredentials({ clientId, clientSecret }: PartnerCredentials): Promise<string> {
    const form = { grant_type: "client_credentials", client_id: clientId, client_secret: clientSecret };
    return (await this.#form(form)).access_token ?? "";
  }

  async #form(fields: Readonly<Record<string, string>>): Promise<Answer> {
    const type = { "content-type": "application/x-www-form-urlencoded" };
    return await this.#post("/oauth/token", new URLSearchParams(fields).toString(), type);
  }

  async #post(path: string, body: string, headers: Readonly<Record<string, string>>): Promise<Answer> {
    const response = await fetch(`${this.#state.url}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body,
    });
    if (response.ok) return (await response.json()) as Answer;
    // The answer may repeat what it was given, so only the status is shown.
    throw new LocalHostError(`POST ${path} answers ${response.status}: see .portico/functions.log`);
  }
}

function readPartner(): PartnerCredentials | undefined {
  return existsSync(partnerFile) ? (JSON.parse(readFileSync(partnerFile, "utf8")) as PartnerCredentials) : undefined;
}
