/** Also the tests of `events/read` and `events/list-of-partner`. */
import { companyPartitions } from "../../../shared/companies/keys.ts";
import { newId } from "../../../shared/domain/ids.ts";
import { operations } from "../../../shared/operations.ts";
import { partnerPartitions } from "../../../shared/partners/keys.ts";
import { subscriptionPartitions } from "../../../shared/subscriptions/keys.ts";
import { eventKey } from "../../../shared/events/keys.ts";
import { forgottenFrom } from "../../../shared/events/model.ts";
import { accountFields, companyCalls } from "../../support/companies.ts";
import { expectProblem } from "../../support/expect-problem.ts";
import { allPages } from "../../support/lists.ts";
import { partnerCalls } from "../../support/partners.ts";
import { inParallel, Portico, tally } from "../../support/portico.ts";
import { subscriptionCalls } from "../../support/subscriptions.ts";
import { plantItem } from "../../support/table.ts";
import { dayMs, unknownPartnerId } from "../../support/values.ts";

const portico = Portico.forSuite();
const { call } = portico;
const { asRoot, change, remove } = partnerCalls(portico);
const subscriptions = subscriptionCalls(portico);
const companies = companyCalls(portico);

const pageOf = (token: string, query = "") => call("GET", `/v1/events${query}`, { token });

async function eventsOf(token: string, query = ""): Promise<any[]> {
  const place = (cursor: string | undefined) => (cursor === undefined ? "" : `&cursor=${cursor}`);
  return (await allPages((cursor) => pageOf(token, `?limit=100${query}${place(cursor)}`))).flat();
}

/** All events of a partner as administrators see them, oldest first, as text. */
async function typesOf(partnerId: string): Promise<string[]> {
  const pages = await allPages((cursor) =>
    asRoot("GET", `/v1/partners/${partnerId}/events?limit=5${cursor === undefined ? "" : `&cursor=${cursor}`}`),
  );
  return pages
    .flat()
    .map(({ type }: any) => String(type))
    .reverse();
}

const written: readonly string[] = [
  subscriptionPartitions.subscriptions,
  companyPartitions.companies,
  partnerPartitions.partners,
];
const writing: readonly string[] = ["PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem"];

/** Every operation that may write a subscription, a company or a partner, with the events of a call that does. */
const changes: Readonly<Record<string, (partner: { id: string; token: string }) => Promise<readonly string[]>>> = {
  "subscriptions.create": async ({ token }) => {
    await subscriptions.create(token);
    return ["subscription.created"];
  },
  "subscriptions.extend": async ({ token }) => {
    await subscriptions.create(token);
    await subscriptions.extend(token);
    return ["subscription.created", "subscription.extended"];
  },
  "subscriptions.cancel": async ({ token }) => {
    await subscriptions.create(token);
    await subscriptions.cancel(token);
    await subscriptions.cancel(token);
    return ["subscription.created", "subscription.cancelled"];
  },
  "subscriptions.erase-personal-data": async ({ token }) => {
    await subscriptions.create(token);
    await call("DELETE", "/v1/subscriptions/u1/personal-data", { token });
    return ["subscription.created", "subscription.personal_data_erased"];
  },
  "companies.create": async ({ token }) => {
    await companies.create(token);
    return ["company.created"];
  },
  "companies.change": async ({ token }) => {
    const { body } = await companies.create(token);
    for (let count = 0; count < 2; count++)
      await companies.change(token, `/v1/companies/${body.id}`, { name: "Aurora" });
    return ["company.created", "company.changed"];
  },
  "companies.delete": async ({ token }) => {
    const { body } = await companies.create(token);
    await companies.remove(token, `/v1/companies/${body.id}`);
    return ["company.created", "company.deleted"];
  },
  "companies.add-account": async ({ token }) => {
    const { body } = await companies.create(token);
    await companies.add(token, `/v1/companies/${body.id}/bank-accounts`);
    return ["company.created", "company.changed"];
  },
  "companies.change-account": async ({ token }) => {
    const { body } = await companies.create(token, { bankAccounts: [accountFields()] });
    const account = `/v1/companies/${body.id}/bank-accounts/${body.bankAccounts[0].id}`;
    await call("PATCH", account, { token, json: { agency: "0002" } });
    return ["company.created", "company.changed"];
  },
  "companies.remove-account": async ({ token }) => {
    const { body } = await companies.create(token, { bankAccounts: [accountFields()] });
    await call("DELETE", `/v1/companies/${body.id}/bank-accounts/${body.bankAccounts[0].id}`, { token });
    return ["company.created", "company.changed"];
  },
  "subscriptions.cancel-of-partner": async ({ id, token }) => {
    await subscriptions.create(token);
    await asRoot("DELETE", `/v1/partners/${id}/subscriptions/u1`);
    return ["subscription.created", "subscription.cancelled"];
  },
  "subscriptions.erase-personal-data-of-partner": async ({ id, token }) => {
    await subscriptions.create(token);
    await asRoot("DELETE", `/v1/partners/${id}/subscriptions/u1/personal-data`);
    return ["subscription.created", "subscription.personal_data_erased"];
  },
  "companies.delete-of-partner": async ({ id, token }) => {
    const { body } = await companies.create(token);
    await asRoot("DELETE", `/v1/partners/${id}/companies/${body.id}`);
    return ["company.created", "company.deleted"];
  },
  "partners.register": async () => [],
  "sandbox.create": async ({ token }) => {
    for (let count = 0; count < 2; count++) await call("POST", "/v1/sandbox", { token });
    return ["partner.changed"];
  },
  "sandbox.delete": async ({ token }) => {
    await call("POST", "/v1/sandbox", { token });
    for (let count = 0; count < 2; count++) await call("DELETE", "/v1/sandbox", { token });
    return ["partner.changed", "partner.changed"];
  },
  "test-clock.advance": async ({ token: live }) => {
    const { body } = await call("POST", "/v1/sandbox", { token: live });
    const token = await portico.partnerToken({ id: body.id, secret: body.clientSecret });
    await subscriptions.create(token);
    const { body: clock } = await call("POST", "/v1/test-clock/advance", { token, json: { by: "P1M" } });
    await call("POST", "/v1/test-clock/advance", { token, json: { to: clock.time } });
    const own = ["partner.created", "subscription.created", "subscription.expired", "subscription.expiring"];
    expect((await typesOf(body.id)).sort()).toEqual(own);
    return ["partner.changed"];
  },
  "partners.change": async ({ id }) => {
    for (let count = 0; count < 2; count++) await change(id, { name: "Red Bicycle" });
    return ["partner.changed"];
  },
  "partners.off-board": async ({ id, token }) => {
    await subscriptions.create(token);
    await companies.create(token);
    await asRoot("POST", `/v1/partners/${id}/off-board`);
    return ["subscription.created", "company.created", "partner.changed", "subscription.cancelled", "company.deleted"];
  },
  "partners.delete": async ({ id, token }) => {
    await subscriptions.createExpired(token);
    await remove(id);
    return ["subscription.created", "partner.deleted"];
  },
};

test("every operation that writes a subscription, a company or a partner is known here", () => {
  const changing = operations.filter(({ table }) =>
    table.some(
      ({ actions, leadingKeys }) =>
        actions.some((action) => writing.includes(action)) && leadingKeys.some((key) => written.includes(key)),
    ),
  );
  expect(changing.map(({ id }) => id).sort()).toEqual(Object.keys(changes).sort());
});

test.each(Object.entries(changes))("%s writes one event for each change, and none for a no-op", async (_id, make) => {
  const partner = await portico.partnerWithToken();
  const expected = await make(partner);
  // Two changes in one millisecond have no order.
  expect((await typesOf(partner.id)).sort()).toEqual(["partner.created", ...expected].sort());
});

describe("an event", () => {
  test("has the object after the change, without its contact data, and names the request", async () => {
    const { token } = await portico.partnerWithToken();
    const created = await subscriptions.create(token, {}, { headers: { "idempotency-key": "order-1" } });
    const [event] = await eventsOf(token, "&type=subscription.created");
    const { userEmail: _address, ...shown } = created.body;
    expect(event).toEqual({
      id: expect.stringMatching(/^evt_/),
      type: "subscription.created",
      createdAt: created.body.updatedAt,
      request: { id: created.headers.get("x-request-id"), idempotencyKey: "order-1" },
      data: shown,
    });
    expect((await call("GET", `/v1/events/${event.id}`, { token })).body).toEqual(event);
  });

  test("is written once for a repeated request, and not for a refused one", async () => {
    const { token } = await portico.partnerWithToken();
    const headers = { "idempotency-key": "order-2" };
    for (let count = 0; count < 3; count++) await subscriptions.create(token, {}, { headers });
    await subscriptions.create(token);
    await subscriptions.extend(token, { expiresAt: "2001-01-01T00:00:00Z" });
    expect(await eventsOf(token, "&type=subscription.created")).toHaveLength(1);
    expect(await eventsOf(token, "&type=subscription.extended")).toEqual([]);
  });

  test("of a change by an administrator does not show the administrator's key", async () => {
    const { id, token } = await portico.partnerWithToken();
    await change(id, { name: "Red Bicycle" }, { "idempotency-key": "mine" });
    const [event] = await eventsOf(token, "&type=partner.changed");
    expect(event.request.idempotencyKey).toBeNull();
    expect(event.data).toMatchObject({ id, name: "Red Bicycle" });
    expect(JSON.stringify(event)).not.toContain("@");
  });

  test("of another partner is not found", async () => {
    const [one, other] = [await portico.partnerWithToken(), await portico.partnerWithToken()];
    const [event] = await eventsOf(one.token);
    expectProblem(await call("GET", `/v1/events/${event.id}`, { token: other.token }), 404, "not_found");
    expectProblem(await asRoot("GET", `/v1/partners/${unknownPartnerId}/events`), 404, "not_found");
  });
});

describe("the list", () => {
  test("has every event once, newest first, at any size of its pages", async () => {
    const { token } = await portico.partnerWithToken();
    for (let user = 0; user < 11; user++) await subscriptions.create(token, {}, { user: `u${user}` });
    const whole = await eventsOf(token);
    expect(whole).toHaveLength(12);
    expect(whole.map(({ id }) => id)).toEqual(
      whole
        .map(({ id }) => id)
        .sort()
        .reverse(),
    );
    for (const limit of [1, 3, 5]) {
      const pages = await allPages((cursor) =>
        pageOf(token, `?limit=${limit}${cursor === undefined ? "" : `&cursor=${cursor}`}`),
      );
      expect(pages.flat()).toEqual(whole);
      expect(pages.every((page) => page.length <= limit)).toBe(true);
    }
  });

  test("is filtered by type and by time, the start included and the end not", async () => {
    const { token } = await portico.partnerWithToken();
    await subscriptions.create(token);
    const [{ createdAt: middle }] = await eventsOf(token);
    await new Promise((resolve) => setTimeout(resolve, 2));
    await subscriptions.extend(token);
    expect((await eventsOf(token, `&createdFrom=${middle}`)).map(({ type }) => type)).toEqual([
      "subscription.extended",
      "subscription.created",
    ]);
    expect((await eventsOf(token, `&createdBefore=${middle}`)).map(({ type }) => type)).toEqual(["partner.created"]);
    expect((await eventsOf(token, `&type=subscription.extended&createdBefore=${middle}`)).length).toBe(0);
    expectProblem(await pageOf(token, "?type=nothing"), 422, "validation_failed");
    expectProblem(await pageOf(token, "?cursor=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), 400, "cursor_invalid");
  });

  test("has events of thirty days, although older ones are still in the table", async () => {
    const { id, token } = await portico.partnerWithToken();
    const [{ data }] = await eventsOf(token);
    const ids: string[] = [];
    for (const ageMs of [31 * dayMs, 30 * dayMs + 1000, 30 * dayMs - 60_000]) {
      const at = new Date(Date.now() - ageMs);
      const event = {
        id: newId("evt_", at),
        type: "partner.changed",
        createdAt: at.toISOString(),
        request: null,
        data,
      };
      await plantItem(portico.host, { ...eventKey.event(id, event.id), ...event, ttl: forgottenFrom(at) });
      ids.push(event.id);
    }
    expect((await eventsOf(token, "&type=partner.changed")).map((event) => event.id)).toEqual(ids.slice(2));
    expectProblem(await call("GET", `/v1/events/${ids[1]}`, { token }), 404, "not_found");
    expect((await call("GET", `/v1/events/${ids[2]}`, { token })).status).toBe(200);
  });

  test("needs the scope events:read", async () => {
    const partner = await portico.registerPartner();
    const token = await portico.partnerToken(partner, "subscriptions:read");
    expectProblem(await pageOf(token), 403, "insufficient_scope");
    expect((await pageOf(await portico.partnerToken(partner, "events:read"))).status).toBe(200);
  });
});

test("among fifty changes in parallel, every acknowledged change has its event and every event its change", async () => {
  const { token } = await portico.partnerWithToken();
  await subscriptions.create(token);
  const answers = await inParallel(50, (index) => {
    if (index % 5 === 4) return subscriptions.create(token, {}, { user: `u${index % 10}` });
    return index % 5 === 3 ? companies.create(token) : subscriptions.extend(token, { duration: "P1D" });
  });
  const acknowledged = (method: (index: number) => boolean) =>
    answers.filter(({ status }, index) => method(index) && status < 300).length;
  const events = await eventsOf(token);
  const extended = events.filter(({ type }) => type === "subscription.extended");
  expect(tally(events.map(({ type }) => type))).toEqual({
    "company.created": acknowledged((index) => index % 5 === 3),
    "partner.created": 1,
    "subscription.created": 1 + acknowledged((index) => index % 5 === 4),
    "subscription.extended": acknowledged((index) => index % 5 < 3),
  });
  expect(acknowledged((index) => index % 5 < 3)).toBe(30);
  const terms = (await subscriptions.history(token)).slice(1).map(({ to }) => to.expiresAt);
  expect(extended.map(({ data }) => data.expiresAt).sort()).toEqual(terms.sort());
});
