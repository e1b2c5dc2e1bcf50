/** Plays the events of the identity model against a running Portico. */
import { randomBytes, randomUUID } from "node:crypto";
import { decodeJwt } from "jose";
import type { Answer } from "./answer.ts";
import { dpopCalls, newProof, type ProofKey } from "./dpop.ts";
import type { EventAnswer, IdentityEvent, IdentityState } from "./identity-model.ts";
import { exchange, identityProviderOf } from "./oauth-answers.ts";
import type { Portico } from "./portico.ts";

interface KnownToken {
  readonly value: string;
  readonly owner: "partner" | "user";
  readonly isBound: boolean;
}

/** One partner and one person, with all that they were ever given. */
export class IdentityDriver {
  readonly tokens = new Map<string, KnownToken>();
  /** The latest refresh token of each session. */
  readonly sessions = new Map<string, string>();
  readonly secrets = new Map<string, string>();
  readonly #portico: Portico;
  readonly #key: ProofKey;
  readonly #subject = `subject-${randomUUID()}`;
  #partnerId = "";
  #userId = "";

  constructor(portico: Portico, key: ProofKey) {
    this.#portico = portico;
    this.#key = key;
  }

  async begin(): Promise<IdentityState> {
    const { id, secret } = await this.#portico.registerPartner();
    this.#partnerId = id;
    this.secrets.set("first secret", secret);
    await this.answerOf({ kind: "signIn", session: "first session", token: "first token" });
    this.#userId = decodeJwt(this.tokens.get("first token")?.value ?? "").sub ?? "";
    return {
      partner: { status: "active", tokenPolicy: "single", requiresBound: false, secrets: ["first secret"] },
      user: { status: "active", role: "user" },
      sessions: ["first session"],
      tokens: [{ label: "first token", session: "first session" }],
    };
  }

  async answerOf(event: IdentityEvent): Promise<EventAnswer> {
    const answer = await this.#send(event);
    if (answer.status < 300) return "done";
    if (![400, 401, 404].includes(answer.status)) throw new Error(`${event.kind}: ${answer.status} ${answer.text}`);
    // Deleting what is gone already: it is gone.
    return event.kind === "deletePartner" || event.kind === "deleteUser" ? "done" : "refused";
  }

  async #send(event: IdentityEvent): Promise<Answer> {
    const partner = `/v1/partners/${this.#partnerId}`;
    const user = `/v1/users/${this.#userId}`;
    switch (event.kind) {
      case "issue":
        return await this.#issue(event);
      case "revokeTokens":
        return await this.#portico.callAsRoot("POST", `${partner}/revoke-tokens`);
      case "changePartner": {
        const { requiresBound, ...patch } = event.patch;
        const bound = requiresBound === undefined ? {} : { dpopBoundAccessTokens: requiresBound };
        return await this.#portico.callAsRoot("PATCH", partner, { ...patch, ...bound });
      }
      case "renewSecret": {
        const secret = randomBytes(24).toString("base64url");
        this.secrets.set(event.secret, secret);
        const gracePeriod = event.keepsPrevious ? "P1D" : "PT0S";
        return await this.#portico.callAsRoot("POST", `${partner}/secret`, { secret, gracePeriod });
      }
      case "deletePartner":
        return await this.#portico.callAsRoot("DELETE", partner);
      case "changeUser":
        return await this.#portico.callAsRoot("PATCH", user, event.patch);
      case "deleteUser":
        return await this.#portico.callAsRoot("DELETE", user);
      case "present":
        return await this.#present(event.token);
      case "endSessions":
        throw new Error("it is a part of a sign-out");
      default:
        return await this.#sendOfSession(event);
    }
  }

  async #sendOfSession(
    event: Extract<IdentityEvent, { kind: "signIn" | "refresh" | "revokeSession" | "signOut" }>,
  ): Promise<Answer> {
    const { call } = this.#portico;
    switch (event.kind) {
      case "signIn": {
        const token = await identityProviderOf(this.#portico).token(this.#subject, { jti: randomUUID() });
        return this.#keep(await exchange(this.#portico, token), event);
      }
      case "refresh": {
        const refreshToken = this.sessions.get(event.session) ?? "";
        const form = { grant_type: "refresh_token", client_id: "web", refresh_token: refreshToken };
        return this.#keep(await call("POST", "/oauth/token", { form }), event);
      }
      case "revokeSession": {
        const form = { token: this.sessions.get(event.session) ?? "", client_id: "web" };
        return await call("POST", "/oauth/revoke", { form });
      }
      case "signOut":
        return await call("POST", "/v1/auth/logout", { token: this.tokens.get(event.token)?.value ?? "" });
    }
  }

  #keep(answer: Answer, { session, token }: { readonly session: string; readonly token: string }): Answer {
    if (answer.status !== 200) return answer;
    this.sessions.set(session, answer.body.refresh_token as string);
    this.tokens.set(token, { value: answer.body.access_token as string, owner: "user", isBound: false });
    return answer;
  }

  async #issue({ secret, isBound, token }: Extract<IdentityEvent, { kind: "issue" }>): Promise<Answer> {
    const client = { id: this.#partnerId, secret: this.secrets.get(secret) ?? "" };
    const answer = isBound
      ? await dpopCalls(this.#portico).requestBoundToken(client, this.#key)
      : await this.#portico.requestToken(client);
    if (answer.status === 200) {
      this.tokens.set(token, { value: answer.body.access_token as string, owner: "partner", isBound });
    }
    return answer;
  }

  async #present(label: string): Promise<Answer> {
    const { value = "", owner = "user", isBound = false } = this.tokens.get(label) ?? {};
    const path = owner === "partner" ? "/v1/partners/me" : "/v1/users/me";
    const proof = { method: "GET", url: `${this.#portico.url}${path}`, token: value };
    const headers = {
      authorization: `${isBound ? "DPoP" : "Bearer"} ${value}`,
      ...(isBound && { dpop: await newProof(this.#key, proof) }),
    };
    return await this.#portico.call("GET", path, { headers });
  }
}
