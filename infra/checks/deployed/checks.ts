/**
 * The promises of the contract that a deployment is held against, in the order of a day: what everyone sees, sign-in, a
 * partner's day, refusals, revocation, and that nothing is left. Each check registers how to remove what it makes.
 */
import { randomBytes, randomUUID } from "node:crypto";
import { administrators } from "../../../shared/domain/access.ts";
import { cancel, extendAndRead, newToken, revoke, sell, type ProbePartner } from "../../../shared/probe/partner-day.ts";
import { expectPromise, textOf, type Visitor } from "../../../shared/probe/visitor.ts";

export interface SignIn {
  readonly username: string;
  readonly password: string;
}

/** What the checks share, and how it is removed again: the last one made goes first. */
export interface Visit {
  readonly visitor: Visitor;
  readonly signIn: SignIn;
  /** The release that has to answer; any where it is not named. */
  readonly release: string | undefined;
  /** Sets what later checks need. */
  readonly made: { admin?: string; refreshToken?: string; partner?: ProbePartner; token?: string; company?: string };
  readonly cleanUps: { readonly what: string; readonly run: () => Promise<unknown> }[];
}

export interface Check {
  readonly promise: string;
  readonly run: (visit: Visit) => Promise<unknown>;
}

const customer = "deployment-check";
const sale = { externalUserId: customer, userEmail: "reader@deployment-check.example", duration: "P1M" };

/** What an earlier check has made. */
function madeBefore<Name extends keyof Visit["made"]>({ made }: Visit, name: Name): NonNullable<Visit["made"][Name]> {
  const value = made[name];
  if (value === undefined) throw new Error(`no check has made ${name}`);
  return value;
}

async function tokenOf(visit: Visit): Promise<string> {
  return await newToken(visit.visitor, madeBefore(visit, "partner"));
}

const publicChecks: readonly Check[] = [
  {
    promise: "the health check answers, with the release",
    run: async ({ visitor, release }) => {
      const answer = await visitor.call("GET /health", { status: 200 });
      const version = textOf(answer, "version");
      expectPromise(
        release === undefined || version === release,
        `the release ${version} answers, not ${String(release)}`,
      );
    },
  },
  {
    promise: "the issuer is this URL, and its keys are public ones",
    run: async ({ visitor }) => {
      const metadata = await visitor.call("GET /.well-known/oauth-authorization-server", { status: 200 });
      expectPromise(textOf(metadata, "issuer") === visitor.url, "the issuer is another URL");
      const { body } = await visitor.call("GET /.well-known/jwks.json", { status: 200 });
      const keys = Array.isArray(body["keys"]) ? (body["keys"] as readonly object[]) : [];
      expectPromise(keys.length > 0, "there is no signing key: the bootstrap has not run");
      expectPromise(!keys.some((key) => "d" in key), "a signing key is published with its private part");
    },
  },
  {
    promise: "the contract is served",
    run: async ({ visitor }) => {
      const { body } = await visitor.call("GET /openapi.json", { status: 200 });
      expectPromise(String(body["openapi"]).startsWith("3."), "the contract is no OpenAPI document");
    },
  },
  {
    promise: "an unknown path is a problem with a page",
    run: async ({ visitor }) => {
      await visitor.call("GET /v1/there-is-no-such-path", { status: 404, code: "not_found" });
      const page = await visitor.call("GET /problems/not_found", { status: 200 });
      expectPromise(textOf(page, "code") === "not_found", "the page of not_found explains something else");
    },
  },
  {
    promise: "a protected operation refuses a caller without a token, and one with a forged token",
    run: async ({ visitor }) => {
      const missing = await visitor.call("GET /v1/users/me", { status: 401, code: "token_missing" });
      expectPromise(missing.headers.get("www-authenticate") !== null, "a 401 lacks WWW-Authenticate");
      const forged = [{ alg: "none" }, { sub: "root" }].map((part) =>
        Buffer.from(JSON.stringify(part)).toString("base64url"),
      );
      await visitor.call("GET /v1/users/me", { token: `${forged.join(".")}.`, status: 401, code: "token_invalid" });
    },
  },
];

const partnerChecks: readonly Check[] = [
  {
    promise: "an administrator signs in",
    run: async (visit) => {
      const { visitor, signIn, made, cleanUps } = visit;
      const session = await visitor.call("POST /v1/auth/login", { json: signIn, status: 200 });
      made.admin = textOf(session, "accessToken");
      made.refreshToken = textOf(session, "refreshToken");
      cleanUps.push({ what: "the session", run: () => endSession(visit) });
      const self = await visitor.call("GET /v1/users/me", { token: made.admin, status: 200 });
      expectPromise(
        administrators.some((role) => role === self.body["role"]),
        "the given user is no administrator",
      );
    },
  },
  {
    promise: "it registers a partner, which gets a token",
    run: async (visit) => {
      const { visitor, made, cleanUps } = visit;
      const answer = await visitor.call("POST /v1/partners", {
        token: madeBefore(visit, "admin"),
        json: {
          name: "Deployment check",
          websiteUrl: "https://deployment-check.example",
          email: `${randomBytes(8).toString("hex")}@deployment-check.example`,
        },
        status: 201,
      });
      made.partner = { id: textOf(answer, "id"), secret: textOf(answer, "clientSecret") };
      cleanUps.push({ what: "the partner", run: () => deletePartner(visit) });
      made.token = await tokenOf(visit);
      const form = { grant_type: "client_credentials", client_id: made.partner.id, client_secret: randomUUID() };
      await visitor.call("POST /oauth/token", { form, status: 401, code: "invalid_client" });
    },
  },
  {
    promise: "a sale that is repeated with its idempotency key is replayed",
    run: async (visit) => {
      const { visitor, cleanUps } = visit;
      const token = madeBefore(visit, "token");
      const headers = { "idempotency-key": randomUUID() };
      cleanUps.push({
        what: "the subscription",
        run: async () => await cancel(visitor, await tokenOf(visit), customer),
      });
      await sell(visitor, { token, sale, key: headers["idempotency-key"] });
      const other = { ...sale, duration: "P2M" };
      await visitor.call("POST /v1/subscriptions", {
        token,
        headers,
        json: other,
        status: 422,
        code: "idempotency_key_reused",
      });
      await visitor.call("POST /v1/subscriptions", { token, json: sale, status: 409, code: "subscription_exists" });
    },
  },
  {
    promise: "an extension is read at once, and the history has both changes",
    run: async (visit) => {
      await extendAndRead(visit.visitor, madeBefore(visit, "token"), customer);
    },
  },
  {
    promise: "a company keeps its money to the cent",
    run: async (visit) => {
      const { visitor, made, cleanUps } = visit;
      const json = { name: "Deployment check", phone: "551130001234", declaredBilling: "1234567890.1" };
      const company = await visitor.call("POST /v1/companies", {
        token: madeBefore(visit, "token"),
        json,
        status: 201,
      });
      made.company = textOf(company, "id");
      cleanUps.push({ what: "the company", run: () => deleteCompany(visit) });
      expectPromise(textOf(company, "declaredBilling") === "1234567890.10", "money is not shown with two places");
    },
  },
  {
    promise: "bad bodies, bad fields and missing rights are refused with their problem",
    run: async (visit) => {
      const { visitor } = visit;
      const token = madeBefore(visit, "token");
      await visitor.call("POST /v1/subscriptions", { token, raw: "{", status: 400, code: "body_malformed" });
      const empty = await visitor.call("POST /v1/subscriptions", {
        token,
        json: {},
        status: 422,
        code: "validation_failed",
      });
      expectPromise(Array.isArray(empty.body["errors"]), "a validation problem names no field");
      await visitor.call("GET /v1/users", { token, status: 403, code: "forbidden" });
      await visitor.call("GET /v1/subscriptions/nobody", { token, status: 404, code: "not_found" });
    },
  },
  {
    promise: "a revoked token is refused by the very next request",
    run: async (visit) => {
      await revoke(visit.visitor, madeBefore(visit, "partner"), { token: madeBefore(visit, "token"), customer });
    },
  },
];

/** Every check, in order. What they make is removed afterwards, and that is held against the contract as well. */
export const checks: readonly Check[] = [...publicChecks, ...partnerChecks];

async function deleteCompany(visit: Visit): Promise<void> {
  const token = await tokenOf(visit);
  await visit.visitor.call(`DELETE /v1/companies/${madeBefore(visit, "company")}`, { token, status: 204 });
}

async function deletePartner(visit: Visit): Promise<void> {
  const token = madeBefore(visit, "admin");
  const path = `/v1/partners/${madeBefore(visit, "partner").id}`;
  await visit.visitor.call(`DELETE ${path}`, { token, status: 204 });
  await visit.visitor.call(`GET ${path}`, { token, status: 404, code: "not_found" });
}

/** Ends this session alone: signing out would end every session of the administrator. */
async function endSession(visit: Visit): Promise<void> {
  const token = madeBefore(visit, "admin");
  const claims = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as { client_id?: string };
  const form = { token: madeBefore(visit, "refreshToken"), client_id: claims.client_id ?? "" };
  await visit.visitor.call("POST /oauth/revoke", { form, status: 200 });
  await visit.visitor.call("GET /v1/users/me", { token, status: 401, code: "token_revoked" });
}
