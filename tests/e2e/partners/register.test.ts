import { randomBytes, randomUUID } from "node:crypto";
import { expectProblem } from "../../support/expect-problem.ts";
import { expectReplayed, withKey } from "../../support/idempotency.ts";
import { newEmail, partnerCalls, registration } from "../../support/partners.ts";
import { verdict, type Answer } from "../../support/answer.ts";
import { inParallel, Portico, tally } from "../../support/portico.ts";
import { inMixedCase, instant, unknownPartnerId } from "../../support/values.ts";

const portico = Portico.forSuite();
const { acceptsSecret, asRoot, change, read, register } = partnerCalls(portico);

describe("registering a partner", () => {
  test("returns 201 with the partner, Location, ETag and the client secret", async () => {
    const sent = registration();
    const answer = await asRoot("POST", "/v1/partners", sent);
    expect(answer.status).toBe(201);
    const { id, etag } = answer.body;
    expect(answer.body).toEqual({
      ...sent,
      id: expect.stringMatching(/^ptr_[0-9A-HJKMNP-TV-Z]{26}$/),
      status: "active",
      hasOwnLimits: false,
      limits: { requestsPerSecond: 5000, burst: 50_000, requestsPerMonth: 999_999_999 },
      tokenPolicy: "single",
      dpopBoundAccessTokens: false,
      expiryNotice: "P7D",
      sandboxId: null,
      sandboxOf: null,
      createdAt: expect.stringMatching(instant),
      updatedAt: answer.body.createdAt,
      etag: expect.stringMatching(/^"[^"]+"$/),
      clientId: id,
      clientSecret: expect.any(String),
    });
    expect(answer.headers.get("location")).toBe(`/v1/partners/${id}`);
    expect(answer.headers.get("etag")).toBe(etag);
    expect(answer.headers.get("cache-control")).toBe("no-store");
  });

  test("generates a different working secret of 256 bits each time", async () => {
    const [one, other] = [await register(), await register()];
    for (const { body } of [one, other]) {
      expect(Buffer.from(body.clientSecret, "base64url")).toHaveLength(32);
      expect(await acceptsSecret(body.id, body.clientSecret)).toBe(true);
    }
    expect(one.body.clientSecret).not.toBe(other.body.clientSecret);
  });

  test.each([16, 128])("accepts a chosen secret of %d characters, and it works", async (length) => {
    const secret = randomBytes(96).toString("base64url").slice(0, length);
    const { status, body } = await register({ secret });
    expect({ status, secret: body.clientSecret }).toEqual({ status: 201, secret });
    expect(await acceptsSecret(body.id, secret)).toBe(true);
  });

  test("shows the secret once and in no later response", async () => {
    const { body } = await register();
    const token = await portico.partnerToken({ id: body.id, secret: body.clientSecret });
    const answers = [
      await read(body.id),
      await asRoot("GET", "/v1/partners?limit=100"),
      await portico.call("GET", "/v1/partners/me", { token }),
      await change(body.id, { name: "Red Bicycle" }),
    ];
    for (const { status, text } of answers) {
      expect(status).toBe(200);
      expect(text).not.toContain(body.clientSecret);
      expect(text).not.toMatch(/secret/i);
    }
  });

  const maxEmailLength = `${"a".repeat(64)}@${`${"b".repeat(61)}.`.repeat(3)}example`.slice(0, 254);

  test.each([
    ["a name of 1 character", { name: "x" }],
    ["a name of 100 characters that take two UTF-16 units each", { name: "🚲".repeat(100) }],
    ["a path and a query in its URL", { websiteUrl: "https://bicycle.example:8443/shop?of=blue#now" }],
  ])("accepts %s", async (_what, fields) => {
    const { status, body } = await register(fields);
    expect({ status, body }).toMatchObject({ status: 201, body: fields });
  });

  test("accepts an e-mail address of 254 characters", async () => {
    const email = `${randomUUID()}${maxEmailLength.slice(36)}`;
    expect(email).toHaveLength(254);
    const { status, body } = await register({ email });
    expect({ status, email: body.email }).toEqual({ status: 201, email });
  });

  test.each([
    ["an empty name", { name: "" }, ["/name"]],
    ["a blank name", { name: "   " }, ["/name"]],
    ["a name of 101 characters", { name: "x".repeat(101) }, ["/name"]],
    ["a name of two lines", { name: "Blue\nBicycle" }, ["/name"]],
    ["a number for a name", { name: 7 }, ["/name"]],
    ["null for a name", { name: null }, ["/name"]],
    ["no name", { name: undefined }, ["/name"]],
    ["an http URL", { websiteUrl: "http://bluebicycle.example" }, ["/websiteUrl"]],
    ["a script for a URL", { websiteUrl: "javascript:alert(1)" }, ["/websiteUrl"]],
    ["a URL without a host", { websiteUrl: "https://" }, ["/websiteUrl"]],
    ["a URL with a password", { websiteUrl: "https://user:word@bluebicycle.example" }, ["/websiteUrl"]],
    ["a relative URL", { websiteUrl: "/shop" }, ["/websiteUrl"]],
    ["no e-mail address", { email: undefined }, ["/email"]],
    ["an e-mail address without a host", { email: "somebody" }, ["/email"]],
    ["an e-mail address of 255 characters", { email: `a${maxEmailLength}` }, ["/email"]],
    ["two e-mail addresses", { email: "a@partner.example, b@partner.example" }, ["/email"]],
    ["a secret of 15 characters", { secret: "s".repeat(15) }, ["/secret"]],
    ["a secret of 129 characters", { secret: "s".repeat(129) }, ["/secret"]],
    ["a secret of one character", { secret: "a".repeat(16) }, ["/secret"]],
    ["a secret of consecutive characters", { secret: "abcdefghijklmnop" }, ["/secret"]],
    ["null for a secret", { secret: null }, ["/secret"]],
    ["an unknown field", { colour: "red" }, ["/colour"]],
    ["read-only fields", { status: "active", id: unknownPartnerId }, ["/id", "/status"]],
    [
      "several invalid fields",
      { name: "", email: 1, secret: "", colour: "red" },
      ["/colour", "/email", "/name", "/secret"],
    ],
  ])("rejects %s and names each field", async (_what, fields, pointers) => {
    expectProblem(await register(fields), 422, "validation_failed", pointers);
  });

  test.each([[[]], ["text"], [null], [7]])("rejects a body that is not an object: %j", async (json) => {
    expectProblem(await asRoot("POST", "/v1/partners", json), 422, "validation_failed", [""]);
  });

  test("rejects another partner's e-mail address, regardless of case", async () => {
    const { body } = await register();
    expectProblem(await register({ email: body.email }), 409, "partner_email_taken");
    expectProblem(await register({ email: body.email.toUpperCase() }), 409, "partner_email_taken");
  });

  test("of fifty parallel registrations with one e-mail address in different case, one succeeds", async () => {
    const email = newEmail();
    const answers = await inParallel(50, (index) =>
      register({
        email: inMixedCase(email, index),
      }),
    );
    expect(tally(answers.map(verdict))).toEqual({ 201: 1, "409 partner_email_taken": 49 });
    const { body } = answers.find(({ status }) => status === 201)!;
    expect(await acceptsSecret(email, body.clientSecret)).toBe(true);
  });
});

describe("Idempotency-Key", () => {
  test("a replay returns the first response without the secret and creates no second partner", async () => {
    const [json, headers] = [registration(), withKey()];
    const answers = [
      await asRoot("POST", "/v1/partners", json, headers),
      await asRoot("POST", "/v1/partners", json, headers),
      await asRoot("POST", "/v1/partners", json, headers),
    ];
    const [first, ...others] = answers;
    expect(first!.status).toBe(201);
    for (const answer of others) {
      expectReplayed(answer, first!);
      expect(answer.headers.get("location")).toBe(first!.headers.get("location"));
      expect(answer.headers.get("etag")).toBe(first!.headers.get("etag"));
      expect(answer.text).not.toContain(first!.body.clientSecret);
    }
    expect(await acceptsSecret(first!.body.id, first!.body.clientSecret)).toBe(true);
  });

  test("replays the first response even if the partner was changed or deleted since", async () => {
    const [json, headers] = [registration(), withKey()];
    const first = await asRoot("POST", "/v1/partners", json, headers);
    await change(first.body.id, { name: "Red Bicycle" });
    expectReplayed(await asRoot("POST", "/v1/partners", json, headers), first);
    expect((await asRoot("DELETE", `/v1/partners/${first.body.id}`)).status).toBe(204);
    expectReplayed(await asRoot("POST", "/v1/partners", json, headers), first);
  });

  test("a replay does not show a chosen secret", async () => {
    const [json, headers] = [registration({ secret: "chosen-by-the-partner" }), withKey()];
    const first = await asRoot("POST", "/v1/partners", json, headers);
    const second = await asRoot("POST", "/v1/partners", json, headers);
    expectReplayed(second, first);
    expect(second.text).not.toContain("chosen-by-the-partner");
  });

  test("replays a rejection even if the request would now succeed", async () => {
    const holder = await portico.registerPartner();
    const [json, headers] = [registration({ email: holder.email }), withKey()];
    const first = await asRoot("POST", "/v1/partners", json, headers);
    expectProblem(first, 409, "partner_email_taken");
    expect((await asRoot("DELETE", `/v1/partners/${holder.id}`)).status).toBe(204);
    const second = await asRoot("POST", "/v1/partners", json, headers);
    expectProblem(second, 409, "partner_email_taken");
    expectReplayed(second, first);
    expect((await asRoot("POST", "/v1/partners", json, withKey())).status).toBe(201);
  });

  test("an invalid request does not use up its key", async () => {
    const headers = withKey();
    expectProblem(await register({ name: "" }, headers), 422, "validation_failed", ["/name"]);
    expect((await register({}, headers)).status).toBe(201);
  });

  test("rejects the same key with a different body or a different partner", async () => {
    const headers = withKey();
    expect((await register({}, headers)).status).toBe(201);
    expectProblem(await register({}, headers), 422, "idempotency_key_reused");
    const [one, other] = [await portico.registerPartner(), await portico.registerPartner()];
    const revoke = async (id: string): Promise<Answer> =>
      await asRoot("POST", `/v1/partners/${id}/revoke-tokens`, undefined, headers);
    expect((await revoke(one.id)).status).toBe(204);
    expectProblem(await revoke(other.id), 422, "idempotency_key_reused");
  });

  test("a key is scoped to one operation and one caller", async () => {
    const partner = await portico.partnerWithToken();
    const headers = withKey();
    const path = `/v1/partners/${partner.id}/secret`;
    const answers = [
      await register({}, headers),
      await asRoot("POST", path, {}, headers),
      await portico.call("POST", path, { token: partner.token, json: {}, headers }),
      await portico.call("POST", `/v1/partners/${partner.id}/revoke-tokens`, {
        token: partner.token,
        json: {},
        headers,
      }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([201, 200, 200, 204]);
    expect(answers.map((answer) => answer.headers.get("idempotency-replayed"))).toEqual([null, null, null, null]);
  });

  test("order and spacing of the members make no difference", async () => {
    const headers = { ...withKey(), "content-type": "application/json" };
    const { name, websiteUrl, email } = registration();
    const send = async (raw: string): Promise<Answer> =>
      await portico.call("POST", "/v1/partners", { token: await portico.rootToken(), raw, headers });
    const first = await send(JSON.stringify({ name, websiteUrl, email }));
    expectReplayed(await send(JSON.stringify({ email, name, websiteUrl }, null, 2)), first);
  });

  test("fifty parallel calls with one key create one partner and show its secret once", async () => {
    const [json, headers] = [registration(), withKey()];
    const answers = await inParallel(50, () => asRoot("POST", "/v1/partners", json, headers));
    const made = answers.filter(({ status }) => status === 201);
    const waiting = answers.filter(({ body }) => body.code === "request_in_progress");
    expect(made.length + waiting.length).toBe(50);
    expect(new Set(made.map(({ body }) => body.id)).size).toBe(1);
    expect(made.filter(({ body }) => body.clientSecret !== undefined)).toHaveLength(1);
    const first = made.find(({ body }) => body.clientSecret !== undefined)!;
    for (const answer of made.filter((each) => each !== first)) expectReplayed(answer, first);
    expect(await acceptsSecret(json["email"] as string, first.body.clientSecret)).toBe(true);
  });

  test.each([
    ["256 characters", "k".repeat(256)],
    ["a space", "a b"],
    ["no characters", ""],
    ["a character outside ASCII", "schlüssel"],
  ])("rejects a key with %s", async (_what, key) => {
    expectProblem(await register({}, withKey(key)), 422, "validation_failed", ["/Idempotency-Key"]);
  });

  test.each(["k", "k".repeat(255), "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"])("accepts the key %s", async (key) => {
    expect((await register({}, withKey(key))).status).toBe(201);
  });
});
