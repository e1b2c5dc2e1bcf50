/** A function that is killed at any point, or times out, leaves no partial effect. */
import { randomUUID } from "node:crypto";
import { DynamoDBClient, UpdateItemCommand } from "@aws-sdk/client-dynamodb";
import { engineAccessKey } from "../../infra/local/services/dynamodb-engine.ts";
import { expectProblem } from "../support/expect-problem.ts";
import type { Answer } from "../support/answer.ts";
import type { CallOptions } from "../support/portico.ts";
import { contentsOf } from "../support/table.ts";
import { World } from "./kit.ts";

/** An upper bound on the AWS calls of one operation. */
const maxCalls = 80;

let world: World;

beforeAll(async () => {
  world = await World.start(2);
});

afterAll(async () => {
  await world.close();
});

/** A call that is interrupted and then sent again. */
interface Subject {
  readonly request: readonly [method: string, path: string, options: CallOptions];
  /** Verifies that the call took effect once and completely; `again` is the response to the retry. */
  readonly verify: (again: Answer) => Promise<void>;
  /** What has to happen between the crash and the retry. */
  readonly between?: () => Promise<void>;
}

const keyed = () => ({ "idempotency-key": randomUUID() });
const newEmail = () => `${randomUUID()}@shop.example`;

async function historyTypes(token: string, externalUserId: string): Promise<string[]> {
  const { body } = await world.call("GET", `/v1/subscriptions/${externalUserId}/history`, { token });
  return body.items.map(({ type }: { readonly type: string }) => type);
}

async function threadIds(token: string): Promise<string[]> {
  const { body } = await world.call("GET", "/v1/threads?limit=100", { token });
  return body.items.map(({ id }: { readonly id: string }) => id);
}

async function subscribed(token: string): Promise<string> {
  const externalUserId = randomUUID();
  const json = { externalUserId, userEmail: "customer@a.example", duration: "P1M" };
  expect((await world.call("POST", "/v1/subscriptions", { token, json })).status).toBe(201);
  return externalUserId;
}

/** All items of a partner except the idempotency records. */
async function itemsAbout(partnerId: string) {
  const items = await contentsOf(world.portico.host);
  return items.filter((item) => {
    const isRecord = String(item.pk).startsWith("IDEMPOTENCY#");
    return !isRecord && JSON.stringify(item).includes(partnerId);
  });
}

const company = {
  name: "Padaria Aurora",
  phone: "551130001234",
  declaredBilling: "5.00",
  bankAccounts: [{ agency: "0001", accountNumber: "A", bankCode: "341" }],
};

const kindsOf = (items: readonly Record<string, any>[]) => items.map(({ pk }) => String(pk).split("#")[0]).sort();

/** A live partner whose sandbox has a subscription, a company and a webhook endpoint. */
async function sandboxed() {
  const live = await world.partner();
  const json = { time: "2030-01-01T00:00:00.000Z" };
  const { body } = await world.call("POST", "/v1/sandbox", { token: live.token, json });
  const sandbox = { id: body.clientId as string, secret: body.clientSecret as string };
  const token = await world.portico.partnerToken(sandbox);
  const externalUserId = await subscribed(token);
  for (const [path, fields] of [
    ["/v1/companies", company],
    ["/v1/webhook-endpoints", { url: "https://shop.example/webhooks" }],
  ] as const) {
    expect((await world.call("POST", path, { token, json: fields })).status).toBe(201);
  }
  return { live, sandbox, token, externalUserId };
}

/** What a partner's items are about, without those of its creation lock, which expire by themselves. */
const lastingKinds = (items: readonly Record<string, any>[]) =>
  kindsOf(items).filter((kind) => kind !== "CREATION-LOCK");

/** Of a partner that is deleted its audit records stay, and its events until they expire. One record says what deleted it. */
async function expectOnlyTraces(partnerId: string, deletions: readonly string[]): Promise<void> {
  const items = await itemsAbout(partnerId);
  expect(lastingKinds(items).filter((kind) => kind !== "AUDIT" && kind !== "EVENTS")).toEqual([]);
  const operations = items.map((item) => String(item.operation));
  expect(operations.filter((operation) => operation.endsWith(".delete"))).toEqual(deletions);
}

const subjects: Readonly<Record<string, () => Promise<Subject>>> = {
  "subscriptions.create": async () => {
    const { token } = await world.partner();
    const externalUserId = randomUUID();
    const json = { externalUserId, userEmail: "customer@a.example", duration: "P1M" };
    return {
      request: ["POST", "/v1/subscriptions", { token, json, headers: keyed() }],
      verify: async ({ status }) => {
        expect(status).toBe(201);
        expect(await historyTypes(token, externalUserId)).toEqual(["created"]);
      },
    };
  },
  "subscriptions.extend": async () => {
    const { token } = await world.partner();
    const externalUserId = await subscribed(token);
    const path = `/v1/subscriptions/${externalUserId}`;
    return {
      request: ["PUT", path, { token, json: { duration: "P1D" }, headers: keyed() }],
      verify: async ({ status, body }) => {
        expect(status).toBe(200);
        expect(await historyTypes(token, externalUserId)).toEqual(["created", "extended"]);
        expect((await world.call("GET", path, { token })).body).toMatchObject({ expiresAt: body.expiresAt });
      },
    };
  },
  "subscriptions.cancel": async () => {
    const { token } = await world.partner();
    const externalUserId = await subscribed(token);
    return {
      request: ["DELETE", `/v1/subscriptions/${externalUserId}`, { token }],
      verify: async ({ status }) => {
        expect(status).toBe(204);
        expect(await historyTypes(token, externalUserId)).toEqual(["created", "cancelled"]);
      },
    };
  },
  "companies.create": async () => {
    const { id, token } = await world.partner();
    return {
      request: ["POST", "/v1/companies", { token, json: company, headers: keyed() }],
      verify: async ({ status, body }) => {
        expect(status).toBe(201);
        expect((await world.call("GET", "/v1/companies", { token })).body.items).toEqual([body]);
        expect(kindsOf(await itemsAbout(id))).toContain("COMPANIES");
      },
    };
  },
  "companies.add-account": async () => {
    const { token } = await world.partner();
    const { body } = await world.call("POST", "/v1/companies", { token, json: company });
    const path = `/v1/companies/${body.id}`;
    const json = { agency: "0001", accountNumber: "1", bankCode: "341" };
    return {
      request: ["POST", `${path}/bank-accounts`, { token, json, headers: keyed() }],
      verify: async (again) => {
        expect(again.status).toBe(201);
        expect((await world.call("GET", path, { token })).body).toMatchObject({
          bankAccounts: [...body.bankAccounts, again.body],
          etag: '"2"',
        });
      },
    };
  },
  "companies.delete": async () => {
    const { id, token } = await world.partner();
    const { body } = await world.call("POST", "/v1/companies", { token, json: company });
    return {
      request: ["DELETE", `/v1/companies/${body.id}`, { token }],
      verify: async ({ status }) => {
        // The crash may have come after the commit.
        expect([204, 404]).toContain(status);
        expect(kindsOf(await itemsAbout(id))).not.toContain("COMPANIES");
      },
    };
  },
  "partners.register": async () => {
    const token = await world.rootToken();
    const json = { name: "Shop", websiteUrl: "https://shop.example", email: newEmail() };
    return {
      request: ["POST", "/v1/partners", { token, json, headers: keyed() }],
      verify: async ({ status, body }) => {
        expect(status).toBe(201);
        const items = await itemsAbout(body.id);
        expect(kindsOf(items)).toEqual(["AUDIT", "CREDENTIAL", "EVENTS", "PARTNER-EMAIL", "PARTNERS", "PRINCIPAL"]);
      },
    };
  },
  "partners.change": async () => {
    const { id } = await world.partner();
    const token = await world.rootToken();
    const json = { email: newEmail(), status: "suspended" };
    return {
      request: ["PATCH", `/v1/partners/${id}`, { token, json }],
      verify: async ({ status }) => {
        expect(status).toBe(200);
        const items = await itemsAbout(id);
        // One record and one event of the registration, and one of each of the change.
        const records = ["AUDIT", "AUDIT", "EVENTS", "EVENTS"];
        const kinds = ["CREDENTIAL", "PARTNER-EMAIL", "PARTNERS", "PRINCIPAL", ...records];
        expect(lastingKinds(items)).toEqual(kinds.sort());
        expect(items.find(({ pk }) => pk === "PARTNERS")).toMatchObject(json);
        expect(items.find(({ pk }) => pk === `PRINCIPAL#${id}`)).toMatchObject({ status: "suspended" });
      },
    };
  },
  "partners.new-secret": async () => {
    const { id, token } = await world.partner();
    return {
      request: ["POST", `/v1/partners/${id}/secret`, { token, json: {}, headers: keyed() }],
      verify: async ({ status }) => {
        expect(status).toBe(200);
        const items = await itemsAbout(id);
        expect(items.find(({ pk }) => pk === `CREDENTIAL#${id}`)).toMatchObject({ revision: 2 });
      },
    };
  },
  "oauth.token": async () => {
    const { id, secret } = await world.partner();
    const form = { grant_type: "client_credentials", client_id: id, client_secret: secret };
    return {
      request: ["POST", "/oauth/token", { form }],
      verify: async ({ status, body }) => {
        expect(status).toBe(200);
        const own = await world.call("GET", "/v1/partners/me", { token: body.access_token });
        expect(own.status).toBe(200);
      },
    };
  },
  "threads.create": async () => {
    const token = await world.rootToken();
    const json = { participants: [await world.colleague()] };
    const before = await threadIds(token);
    return {
      request: ["POST", "/v1/threads", { token, json, headers: keyed() }],
      verify: async ({ status, body }) => {
        expect(status).toBe(201);
        expect(await threadIds(token)).toEqual([body.id, ...before]);
      },
    };
  },
  "threads.post": async () => {
    const token = await world.rootToken();
    const thread = await world.call("POST", "/v1/threads", {
      token,
      json: { participants: [await world.colleague()] },
    });
    const path = `/v1/threads/${thread.body.id as string}/messages`;
    return {
      request: ["POST", path, { token, json: { message: "hello" }, headers: keyed() }],
      verify: async ({ status, body }) => {
        expect(status).toBe(201);
        expect((await world.call("GET", path, { token })).body.items).toEqual([{ ...body, sequence: 1 }]);
      },
    };
  },
  "partners.delete": async () => {
    const { live, sandbox } = await sandboxed();
    const former = await subscribed(live.token);
    await world.call("DELETE", `/v1/subscriptions/${former}`, { token: live.token });
    return {
      request: ["DELETE", `/v1/partners/${live.id}`, { token: await world.rootToken() }],
      between: () => endHold(live.id),
      verify: async ({ status }) => {
        // The crash may have come after the last commit.
        expect([204, 404]).toContain(status);
        await expectOnlyTraces(live.id, ["partners.delete"]);
        await expectOnlyTraces(sandbox.id, []);
      },
    };
  },
  "sandbox.delete": async () => {
    const { live, sandbox } = await sandboxed();
    return {
      request: ["DELETE", "/v1/sandbox", { token: live.token }],
      verify: async ({ status }) => {
        expect([204, 404]).toContain(status);
        // The live partner has forgotten it as well.
        await expectOnlyTraces(sandbox.id, ["sandbox.delete"]);
        const next = await world.call("POST", "/v1/sandbox", { token: live.token });
        expect([next.status, next.body.id === sandbox.id]).toEqual([201, false]);
      },
    };
  },
  "test-clock.advance": async () => {
    const { token, externalUserId } = await sandboxed();
    return {
      request: ["POST", "/v1/test-clock/advance", { token, json: { by: "P2M" }, headers: keyed() }],
      verify: async ({ status, body }) => {
        const clock = { time: "2030-03-01T00:00:00.000Z", status: "ready" };
        expect([status, body]).toEqual([200, clock]);
        expect((await world.call("GET", "/v1/test-clock", { token })).body).toEqual(clock);
        const path = `/v1/subscriptions/${externalUserId}`;
        expect((await world.call("GET", path, { token })).body).toMatchObject({ status: "expired" });
        const { items } = (await world.call("GET", "/v1/events?limit=100", { token })).body;
        const types = items.filter(({ request }: any) => request === null).map(({ type }: any) => type);
        expect(types).toEqual(["subscription.expired", "subscription.expiring"]);
      },
    };
  },
};

/** A deletion locks its partner for a minute; this ends the minute. */
async function endHold(partnerId: string): Promise<void> {
  const { engineEndpoint: endpoint, model } = world.portico.host;
  const credentials = { accessKeyId: engineAccessKey, secretAccessKey: "none" };
  const client = new DynamoDBClient({ endpoint, region: model.region, credentials });
  const command = new UpdateItemCommand({
    TableName: model.tables[0]!.name,
    Key: { pk: { S: `PRINCIPAL#${partnerId}` }, sk: { S: "PRINCIPAL" } },
    UpdateExpression: "SET deletionUntil = :past",
    ConditionExpression: "attribute_exists(deletionUntil)",
    ExpressionAttributeValues: { ":past": { S: "2000-01-01T00:00:00.000Z" } },
  });
  await client.send(command).catch((error: unknown) => {
    if ((error as Error).name !== "ConditionalCheckFailedException") throw error;
  });
  client.destroy();
}

describe("an operation whose process is killed after any of its calls", () => {
  test.each(Object.keys(subjects))(
    "%s takes effect once and completely after a retry",
    async (operation) => {
      let crashes = 0;
      for (let nth = 1; nth <= maxCalls; nth++) {
        const { request, verify, between } = await subjects[operation]!();
        world.faults.replace([{ fault: { kind: "kill", done: true }, functions: [operation], nth }]);
        const first = await world.call(...request);
        const [{ fired } = { fired: 0 }] = world.faults.clear();
        if (fired === 0) {
          await verify(first);
          break;
        }
        crashes++;
        expectProblem(first, 503, "unavailable");
        expect(first.headers.get("retry-after")).toMatch(/^\d+$/);
        await between?.();
        await verify(await world.call(...request));
      }
      expect(crashes).toBeGreaterThan(0);
      expect(crashes).toBeLessThan(maxCalls);
      expect(world.takeTrouble({ killing: true })).toEqual([]);
      // The deletion of a partner with a sandbox makes dozens of calls, and each round starts processes anew.
    },
    300_000,
  );
});

test("a sandbox whose deletion was interrupted does not hinder its live partner, and is no sandbox any more", async () => {
  const { live, sandbox, token } = await sandboxed();
  const rule = { functions: ["sandbox.delete"], actions: ["TransactWriteItems"], nth: 1 };
  world.faults.replace([{ fault: { kind: "kill", done: true }, ...rule }]);
  expectProblem(await world.call("DELETE", "/v1/sandbox", { token: live.token }), 503, "unavailable");
  world.faults.clear();
  const refusals = [
    await world.call("POST", "/v1/companies", { token, json: company }),
    await world.call("GET", "/v1/sandbox", { token: live.token }),
    await world.call("POST", "/v1/sandbox", { token: live.token }),
  ];
  expect(refusals.map(({ status, body }) => `${status} ${body.code}`)).toEqual([
    "401 token_revoked",
    "404 not_found",
    "409 sandbox_exists",
  ]);
  const root = await world.rootToken();
  for (const status of ["suspended", "active"]) {
    const json = { status };
    expect((await world.call("PATCH", `/v1/partners/${live.id}`, { token: root, json })).status).toBe(200);
  }
  const renewed = await world.portico.partnerToken(live);
  expect((await world.call("DELETE", "/v1/sandbox", { token: renewed })).status).toBe(204);
  await expectOnlyTraces(sandbox.id, ["sandbox.delete"]);
  expect(world.takeTrouble({ killing: true })).toEqual([]);
});

describe("the time limit", () => {
  test("returns 503 with Retry-After if the engine is silent, and a retry takes effect once", async () => {
    const partner = await world.partner();
    const silenced = await world.partner();
    const { token } = partner;
    const extended = await subscribed(token);
    const extension = { token, json: { duration: "P1D" }, headers: keyed() };
    const json = { externalUserId: "silent", userEmail: "customer@a.example", duration: "P1M" };
    const creation = { token, json, headers: keyed() };
    const calls: readonly (readonly [method: string, path: string, options: CallOptions])[] = [
      ["PUT", `/v1/subscriptions/${extended}`, extension],
      ["POST", "/v1/subscriptions", creation],
      ["GET", "/v1/partners/me", { token: silenced.token }],
    ];
    world.faults.replace([
      { fault: { kind: "silence", done: true }, functions: ["subscriptions.extend"], actions: ["TransactWriteItems"] },
      { fault: { kind: "silence", done: false }, functions: ["subscriptions.create"], actions: ["TransactWriteItems"] },
      { fault: { kind: "silence", done: false }, functions: ["authorizer"], keyPrefix: `PRINCIPAL#${silenced.id}` },
    ]);
    const interrupted = await Promise.all(calls.map((call) => world.call(...call)));
    const counts = world.faults.clear();
    for (const answer of interrupted) {
      expectProblem(answer, 503, "unavailable");
      expect(answer.headers.get("retry-after")).toMatch(/^\d+$/);
    }
    // One silent connection does not use up the whole time.
    for (const { fired } of counts) expect(fired).toBeGreaterThan(2);
    const [extendedAgain, createdAgain, readAgain] = await Promise.all(calls.map((call) => world.call(...call)));
    expect(extendedAgain!.status).toBe(200);
    expect(extendedAgain!.headers.get("idempotency-replayed")).toBe("true");
    expect(await historyTypes(token, extended)).toEqual(["created", "extended"]);
    expect(createdAgain!.status).toBe(201);
    expect(createdAgain!.headers.get("idempotency-replayed")).toBeNull();
    expect(await historyTypes(token, "silent")).toEqual(["created"]);
    expect(readAgain!.status).toBe(200);
    expect(world.takeTrouble({ killing: false })).toEqual([]);
  });
});
