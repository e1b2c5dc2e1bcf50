/**
 * A partner's day and a person's session that go on while the code changes under them: every step uses tokens and items that
 * the code before has made, and leaves some for the code after it.
 */
import { randomUUID } from "node:crypto";
import { expectPromise, textOf, Visitor, type Answer } from "../../shared/probe/visitor.ts";
import type { SignIn } from "../../infra/checks/deployed/checks.ts";

interface Session {
  accessToken: string;
  refreshToken: string;
}

const password = "a long ride on a blue bicycle";
const sessionOf = (answer: Answer, access: string, refresh: string): Session => ({
  accessToken: textOf(answer, access),
  refreshToken: textOf(answer, refresh),
});

export class Journey {
  readonly #visitor: Visitor;
  readonly #root: Session;
  readonly #person: Session;
  readonly #partner: { readonly id: string; readonly secret: string; token: string };
  readonly #made: { readonly company: string; readonly thread: string };
  #steps = 0;

  private constructor(visitor: Visitor, root: Session, parts: Pick<Begun, "person" | "partner" | "made">) {
    this.#visitor = visitor;
    this.#root = root;
    this.#person = parts.person;
    this.#partner = parts.partner;
    this.#made = parts.made;
  }

  /** Makes what the steps go on with: a session of root and of a person, a partner with its customers, a thread. */
  static async begin(url: string, signIn: SignIn): Promise<Journey> {
    const visitor = new Visitor(url);
    const login = async (json: SignIn): Promise<Session> =>
      sessionOf(await visitor.call("POST /v1/auth/login", { json, status: 200 }), "accessToken", "refreshToken");
    const root = await login(signIn);
    return new Journey(visitor, root, await begin(visitor, root.accessToken, login));
  }

  /** One more day, with what the day before has left. @throws BrokenPromise naming the call that is not answered as promised */
  async step(): Promise<void> {
    this.#steps++;
    await this.#partnerDay();
    await this.#personDay();
    await this.#refresh(this.#root);
    await this.#refresh(this.#person);
  }

  async #partnerDay(): Promise<void> {
    const visitor = this.#visitor;
    const { id, secret, token: earlier } = this.#partner;
    await visitor.call("GET /v1/partners/me", { token: earlier, status: 200 });
    const form = { grant_type: "client_credentials", client_id: id, client_secret: secret };
    const token = textOf(await visitor.call("POST /oauth/token", { form, status: 200 }), "access_token");
    // A partner has one active token: that of the code before has ended.
    await visitor.call("GET /v1/partners/me", { token: earlier, status: 401, code: "token_revoked" });
    this.#partner.token = token;

    await visitor.call("PUT /v1/subscriptions/reader", { token, json: { duration: "P1M" }, status: 200 });
    const { body } = await visitor.call("GET /v1/subscriptions/reader/history", { token, status: 200 });
    const changes = Array.isArray(body["items"]) ? body["items"].length : 0;
    expectPromise(changes === 1 + this.#steps, `the history has ${changes} changes, not ${1 + this.#steps}`);
    await visitor.call("GET /v1/subscriptions", { token, status: 200 });

    const path = `/v1/companies/${this.#made.company}`;
    const company = await visitor.call(`GET ${path}`, { token, status: 200 });
    const headers = { "if-match": company.headers.get("etag") ?? "" };
    await visitor.call(`PATCH ${path}`, { token, headers, json: { name: `Company ${this.#steps}` }, status: 200 });
    await visitor.call(`GET ${path}/bank-accounts`, { token, status: 200 });
  }

  async #personDay(): Promise<void> {
    const visitor = this.#visitor;
    const token = this.#person.accessToken;
    await visitor.call("PATCH /v1/users/me", { token, json: { name: `Ada ${this.#steps}` }, status: 200 });
    const path = `/v1/threads/${this.#made.thread}/messages`;
    await visitor.call(`POST ${path}`, { token, json: { message: "hello" }, status: 201 });
    const { body } = await visitor.call(`GET ${path}`, { token, status: 200 });
    const messages = Array.isArray(body["items"]) ? body["items"].length : 0;
    expectPromise(messages === this.#steps, `the thread has ${messages} messages, not ${this.#steps}`);

    const admin = { token: this.#root.accessToken };
    const code = randomUUID().slice(0, 18);
    const expiresAt = new Date(Date.now() + 86_400_000).toISOString();
    const coupon = { name: "Museum", value: 1, code, quantity: 5, expiresAt };
    await visitor.call("POST /v1/coupons", { ...admin, json: coupon, status: 201 });
    await visitor.call("POST /v1/coupons/redeem", { token, json: { code }, status: 201 });
    await visitor.call("GET /v1/users/me/credit", { token, status: 200 });
    await visitor.call("GET /v1/users", { ...admin, status: 200 });
  }

  async #refresh(session: Session): Promise<void> {
    const form = { grant_type: "refresh_token", refresh_token: session.refreshToken, client_id: "web" };
    const answer = await this.#visitor.call("POST /oauth/token", { form, status: 200 });
    Object.assign(session, sessionOf(answer, "access_token", "refresh_token"));
    await this.#visitor.call("GET /v1/users/me", { token: session.accessToken, status: 200 });
  }
}

interface Begun {
  readonly person: Session;
  readonly partner: { readonly id: string; readonly secret: string; token: string };
  readonly made: { readonly company: string; readonly thread: string };
}

async function begin(visitor: Visitor, admin: string, login: (json: SignIn) => Promise<Session>): Promise<Begun> {
  const newUser = async (username: string): Promise<SignIn> => {
    const json = { username, name: "Ada Lovelace", password, credit: 100 };
    await visitor.call("POST /v1/users", { token: admin, json, status: 201 });
    return { username, password };
  };
  const person = await login(await newUser("ada"));
  // The password that an administrator chose works for this call alone.
  await visitor.call("POST /v1/users/me/password", {
    token: person.accessToken,
    json: { currentPassword: password, newPassword: `${password}, my own` },
    status: 204,
  });
  await newUser("grace");
  const participants = ["grace"];
  const thread = await visitor.call("POST /v1/threads", {
    token: person.accessToken,
    json: { participants },
    status: 201,
  });

  const json = { name: "Blue Bicycle", websiteUrl: "https://bluebicycle.example", email: "day@partner.example" };
  const registered = await visitor.call("POST /v1/partners", { token: admin, json, status: 201 });
  const [id, secret] = [textOf(registered, "id"), textOf(registered, "clientSecret")];
  const form = { grant_type: "client_credentials", client_id: id, client_secret: secret };
  const token = textOf(await visitor.call("POST /oauth/token", { form, status: 200 }), "access_token");
  const sale = { externalUserId: "reader", userEmail: "reader@partner.example", duration: "P1M" };
  await visitor.call("POST /v1/subscriptions", { token, json: sale, status: 201 });
  const company = await visitor.call("POST /v1/companies", {
    token,
    json: { name: "Company 0", phone: "551130001234", declaredBilling: "10.00" },
    status: 201,
  });
  const made = { company: textOf(company, "id"), thread: textOf(thread, "id") };
  return { person, partner: { id, secret, token }, made };
}
