/** Creations that were let in before their partner was suspended or deleted. */
import type { Interceptor, ServiceCall } from "../../../infra/local/services/service-proxy.ts";
import { verdict } from "../../support/answer.ts";
import { companyFields } from "../../support/companies.ts";
import { expectProblem } from "../../support/expect-problem.ts";
import { newEmail } from "../../support/partners.ts";
import { inParallel, Portico, tally } from "../../support/portico.ts";

let interceptor: Interceptor = (_call, next) => next();
const portico = Portico.forSuite({ interceptors: [(call, next) => interceptor(call, next)] });

const change = async (id: string, json: object) => await portico.callAsRoot("PATCH", `/v1/partners/${id}`, json);

const creations = {
  subscriptions: (token: string, index: number) =>
    portico.call("POST", "/v1/subscriptions", {
      token,
      json: { externalUserId: `u${index}`, userEmail: "u@a.example", duration: "P1M" },
    }),
  companies: (token: string, _index: number) => portico.call("POST", "/v1/companies", { token, json: companyFields }),
  webhooks: (token: string, _index: number) =>
    portico.call("POST", "/v1/webhook-endpoints", { token, json: { url: "https://shop.example/webhooks" } }),
} as const;

type Kind = keyof typeof creations;
const kinds = Object.keys(creations) as Kind[];

const isCreation = ({ functionId, action }: ServiceCall) =>
  /(subscriptions|companies|webhooks)-create/.test(functionId) && action === "TransactWriteItems";

afterEach(() => {
  interceptor = (_call, next) => next();
});

describe("a deletion", () => {
  /** The deletion queries subscriptions and companies. */
  const looksOfDeletion = 2;

  /** Creations wait until the deletion has found nothing; then the deletion waits until one creation has tried. */
  function interleaving(): Interceptor {
    const looked = Promise.withResolvers<undefined>();
    const tried = Promise.withResolvers<undefined>();
    let looks = 0;
    return async (call, next) => {
      const creates = isCreation(call);
      const deletes = call.functionId.includes("partners-delete");
      if (creates) await looked.promise;
      if (deletes && looks >= looksOfDeletion) await tried.promise;
      const answer = await next();
      if (creates) tried.resolve(undefined);
      if (deletes && call.action === "Query" && ++looks === looksOfDeletion) looked.resolve(undefined);
      return answer;
    };
  }

  test.each(["subscriptions", "companies"] as const)("lets none of fifty %s be created", async (kind) => {
    const { id, token } = await portico.partnerWithToken();
    const root = await portico.rootToken();
    interceptor = interleaving();
    const [removed, ...created] = await inParallel(51, (index) =>
      index === 0 ? portico.call("DELETE", `/v1/partners/${id}`, { token: root }) : creations[kind](token, index),
    );
    expect(removed?.status).toBe(204);
    expect(tally(created.map(verdict))).toEqual({ "401 token_revoked": 50 });
    expectProblem(await portico.call("GET", `/v1/partners/${id}`, { token: root }), 404, "not_found");
  });
});

describe("a suspension", () => {
  test.each(kinds)("lets none of eight %s be created that were let in before", async (kind) => {
    const { id, token } = await portico.partnerWithToken();
    await portico.rootToken();
    const [waiting, suspended] = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()];
    interceptor = async (call, next) => {
      if (isCreation(call)) {
        waiting.resolve(undefined);
        await suspended.promise;
      }
      return await next();
    };
    const created = inParallel(8, (index) => creations[kind](token, index));
    await waiting.promise;
    expect((await change(id, { status: "suspended" })).status).toBe(200);
    suspended.resolve(undefined);
    expect(tally((await created).map(verdict))).toEqual({ "401 token_revoked": 8 });
    for (const path of ["subscriptions", "companies", "webhook-endpoints"]) {
      expect((await portico.callAsRoot("GET", `/v1/partners/${id}/${path}`)).body.items).toEqual([]);
    }
  });

  test("ends without delay: the partner creates as soon as it is active again", async () => {
    const partner = await portico.partnerWithToken();
    expect((await change(partner.id, { status: "suspended" })).status).toBe(200);
    expect((await change(partner.id, { status: "active" })).status).toBe(200);
    const token = await portico.partnerToken(partner);
    const created = await Promise.all(kinds.map((kind) => creations[kind](token, 1)));
    expect(created.map(({ status }) => status)).toEqual([201, 201, 201]);
  });

  test("that is refused does not hinder creations", async () => {
    const [{ id, token }, other] = [await portico.partnerWithToken(), await portico.registerPartner()];
    expectProblem(await change(id, { status: "suspended", email: other.email }), 409, "partner_email_taken");
    expect((await creations.subscriptions(token, 1)).status).toBe(201);
    expect((await change(id, { status: "suspended", email: newEmail() })).status).toBe(200);
  });
});
