/** The write stop. What becomes of each operation is in `every-operation`. */
import { identityPartitions } from "../../../shared/identity/keys.ts";
import { operations } from "../../../shared/operations.ts";
import { expectProblem } from "../../support/expect-problem.ts";
import { Portico } from "../../support/portico.ts";

const portico = Portico.alone();
afterEach(() => portico.host.setReadOnly(false));

test("the operations that go on although they write are those that callers need to read, or to give up access", () => {
  const goOn = operations.filter(({ servedWhenReadOnly }) => servedWhenReadOnly === true).map(({ id }) => id);
  expect(goOn).toEqual(
    expect.arrayContaining(["auth.login", "auth.logout", "oauth.introspect", "oauth.revoke", "oauth.token"]),
  );
  expect(operations.filter(({ id }) => goOn.includes(id) && !/^(auth|oauth)\./.test(id))).toEqual([]);
});

test("no operation that goes on without being declared writes anything but failed attempts", () => {
  const writes = operations
    .filter(({ method, table }) => method === "GET" && table.length > 0)
    .flatMap(({ id, table }) =>
      table
        .filter(({ actions }) =>
          actions.some((action) => !/^(GetItem|BatchGetItem|Query|ConditionCheckItem)$/.test(action)),
        )
        .flatMap(({ leadingKeys }) => leadingKeys)
        .filter((key) => key !== identityPartitions.attempts)
        .map((key) => `${id} ${key}`),
    );
  expect(writes).toEqual([]);
});

describe("a read-only stage", () => {
  const sale = { externalUserId: "customer-1", userEmail: "ada@example.com", duration: "P1M" };

  test("issues tokens, with which a partner reads", async () => {
    const partner = await portico.registerPartner();
    portico.host.setReadOnly(true);
    const token = await portico.partnerToken(partner);
    expect(await portico.call("GET", "/v1/subscriptions", { token })).toMatchObject({ status: 200 });
  });

  test("records no answer under an idempotency key, so the same request succeeds later", async () => {
    const { token } = await portico.partnerWithToken();
    const headers = { "idempotency-key": "order-1" };
    portico.host.setReadOnly(true);
    expectProblem(await portico.call("POST", "/v1/subscriptions", { token, json: sale, headers }), 503, "read_only");
    portico.host.setReadOnly(false);
    const answer = await portico.call("POST", "/v1/subscriptions", { token, json: sale, headers });
    expect(answer.status).toBe(201);
    expect(answer.headers.get("idempotency-replayed")).toBeNull();
  });

  test("signs known people in by token exchange, and creates no user", async () => {
    const { idp } = portico.host;
    const exchange = async (subject: string) =>
      await portico.call("POST", "/oauth/token", {
        form: {
          grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
          client_id: "web",
          subject_token: (await idp?.token(subject)) ?? "",
          subject_token_type: "urn:ietf:params:oauth:token-type:id_token",
        },
      });
    expect((await exchange("known")).status).toBe(200);
    portico.host.setReadOnly(true);
    expect((await exchange("known")).status).toBe(200);
    expect(await exchange("stranger")).toMatchObject({ status: 503, body: { error: "temporarily_unavailable" } });
  });

  test("rings no alarm for its refusals", async () => {
    const { token } = await portico.partnerWithToken();
    portico.host.setReadOnly(true);
    const { headers } = await portico.call("POST", "/v1/subscriptions", { token, json: sale });
    const lines = portico.logs.filter((line) => line.includes(headers.get("x-request-id") ?? "none"));
    const served = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(served).toEqual([expect.objectContaining({ code: "request_served", status: 503, problem: "read_only" })]);
    expect(served[0]).not.toHaveProperty("unavailable");
  });
});
