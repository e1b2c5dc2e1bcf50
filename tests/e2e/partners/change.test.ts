/** Changes of partners, and their effect on access tokens. */
import { randomUUID } from "node:crypto";
import { verdict } from "../../support/answer.ts";
import { expectProblem, expectTokenRefused } from "../../support/expect-problem.ts";
import { newEmail, partnerCalls } from "../../support/partners.ts";
import { inParallel, Portico, tally } from "../../support/portico.ts";
import { instant } from "../../support/values.ts";

const portico = Portico.forSuite();
const { acceptsSecret, change, partnerWithMany, read, register, self, verdicts } = partnerCalls(portico);

describe("changing a partner", () => {
  test.each([
    ["name", "Red Bicycle"],
    ["websiteUrl", "https://redbicycle.example/shop"],
    ["email", `${randomUUID()}@red.example`],
    ["tokenPolicy", "many"],
    ["dpopBoundAccessTokens", true],
    ["status", "suspended"],
  ])("changes only the field %s", async (field, value) => {
    const { id } = await portico.registerPartner();
    const { body: before } = await read(id);
    const answer = await change(id, { [field]: value });
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
      ...before,
      [field]: value,
      updatedAt: expect.stringMatching(instant),
      etag: expect.any(String),
    });
    expect(answer.body.etag).not.toBe(before.etag);
    expect(answer.headers.get("etag")).toBe(answer.body.etag);
    expect((await read(id)).body).toEqual(answer.body);
  });

  test("accepts the content type application/merge-patch+json", async () => {
    const { id } = await portico.registerPartner();
    const answer = await portico.call("PATCH", `/v1/partners/${id}`, {
      token: await portico.rootToken(),
      raw: JSON.stringify({ name: "Red Bicycle" }),
      headers: { "content-type": "application/merge-patch+json" },
    });
    expect({ status: answer.status, name: answer.body.name }).toEqual({ status: 200, name: "Red Bicycle" });
  });

  test("a no-op PATCH keeps the ETag", async () => {
    const { id } = await portico.registerPartner();
    const { body: before } = await read(id);
    const same = await change(id, { name: before.name, status: before.status });
    const empty = await change(id, {});
    expect([same, empty].map(({ status, body }) => ({ status, body }))).toEqual([
      { status: 200, body: before },
      { status: 200, body: before },
    ]);
  });

  test.each([
    ["null for a field", { name: null }, ["/name"]],
    [
      "null for every field",
      { websiteUrl: null, email: null, tokenPolicy: null, status: null },
      ["/email", "/status", "/tokenPolicy", "/websiteUrl"],
    ],
    ["an unknown status", { status: "deleted" }, ["/status"]],
    ["an unknown token policy", { tokenPolicy: "ten" }, ["/tokenPolicy"]],
    ["a blank name", { name: " " }, ["/name"]],
    ["an http URL", { websiteUrl: "http://redbicycle.example" }, ["/websiteUrl"]],
    ["a secret", { secret: "s".repeat(20) }, ["/secret"]],
    ["one right and one unknown field", { name: "Red Bicycle", colour: "red" }, ["/colour"]],
  ])("rejects %s and changes nothing", async (_what, patch, pointers) => {
    const { id } = await portico.registerPartner();
    const { body: before } = await read(id);
    expectProblem(await change(id, patch), 422, "validation_failed", pointers);
    expect((await read(id)).body).toEqual(before);
  });

  test("after a change of the e-mail address, only the new one works and the old one is free", async () => {
    const { id, secret, email } = await portico.registerPartner();
    const moved = newEmail();
    expect((await change(id, { email: moved })).status).toBe(200);
    expect(await acceptsSecret(moved.toUpperCase(), secret)).toBe(true);
    expect(await acceptsSecret(email, secret)).toBe(false);
    expectProblem(await register({ email: moved }), 409, "partner_email_taken");
    expect((await register({ email })).status).toBe(201);
  });

  test("accepts its own e-mail address in different case", async () => {
    const { id, email, secret } = await portico.registerPartner();
    const { status, body } = await change(id, { email: email.toUpperCase() });
    expect({ status, email: body.email }).toEqual({ status: 200, email: email.toUpperCase() });
    expect(await acceptsSecret(email, secret)).toBe(true);
    expectProblem(await register({ email }), 409, "partner_email_taken");
  });

  test("rejects another partner's e-mail address and changes no other field", async () => {
    const [one, other] = [await portico.registerPartner(), await portico.registerPartner()];
    const { body: before } = await read(one.id);
    const answer = await change(one.id, { name: "Red Bicycle", status: "suspended", email: other.email.toUpperCase() });
    expectProblem(answer, 409, "partner_email_taken");
    expect((await read(one.id)).body).toEqual(before);
    expect(await acceptsSecret(one.email, one.secret)).toBe(true);
  });

  test("of fifty partners that take one e-mail address in parallel, one succeeds", async () => {
    const partners = await inParallel(50, () => portico.registerPartner());
    const email = newEmail();
    const answers = await inParallel(50, (index) => change(partners[index]!.id, { email }));
    expect(tally(answers.map(verdict))).toEqual({ 200: 1, "409 partner_email_taken": 49 });
    const winner = partners[answers.findIndex(({ status }) => status === 200)]!;
    expect(await acceptsSecret(email, winner.secret)).toBe(true);
  });

  test("rejects a stale If-Match and accepts the current ETag and a wildcard", async () => {
    const { id } = await portico.registerPartner();
    const { body: first } = await read(id);
    const second = await change(id, { name: "Red Bicycle" }, { "if-match": first.etag });
    expect(second.status).toBe(200);
    expectProblem(await change(id, { name: "Green Bicycle" }, { "if-match": first.etag }), 412, "precondition_failed");
    expect((await read(id)).body).toEqual(second.body);
    expect((await change(id, { name: "Black Bicycle" }, { "if-match": `"other", ${second.body.etag}` })).status).toBe(
      200,
    );
    expect((await change(id, { name: "White Bicycle" }, { "if-match": "*" })).status).toBe(200);
  });

  test("of fifty parallel changes with the same If-Match, one succeeds", async () => {
    const { id } = await portico.registerPartner();
    const { body } = await read(id);
    const answers = await inParallel(50, (index) =>
      change(id, { name: `Bicycle ${index}` }, { "if-match": body.etag }),
    );
    expect(tally(answers.map(verdict))).toEqual({ 200: 1, "412 precondition_failed": 49 });
    const winner = answers.find(({ status }) => status === 200)!;
    expect((await read(id)).body).toEqual(winner.body);
  });

  test("parallel changes of different fields all take effect", async () => {
    const partners = await inParallel(13, () => portico.registerPartner());
    const wanted = partners.map((_, index) => ({
      name: `Bicycle ${index}`,
      websiteUrl: `https://bicycle${index}.example`,
      email: newEmail(),
      tokenPolicy: "many",
    }));
    const patches = wanted.flatMap((fields, index) =>
      Object.entries(fields).map(([field, value]) => ({ id: partners[index]!.id, patch: { [field]: value } })),
    );
    const answers = await Promise.all(patches.map(({ id, patch }) => change(id, patch)));
    expect(tally(answers.map(verdict))).toEqual({ 200: 52 });
    for (const [index, fields] of wanted.entries()) {
      expect((await read(partners[index]!.id)).body).toMatchObject(fields);
    }
  });
});

describe("the token policy", () => {
  test("a change back to `single` revokes all tokens", async () => {
    const partner = await partnerWithMany();
    const tokens = await inParallel(2, () => portico.partnerToken(partner));
    await change(partner.id, { tokenPolicy: "single" });
    expect(tally(await verdicts(tokens))).toEqual({ "401 token_revoked": 2 });
    const next = [await portico.partnerToken(partner), await portico.partnerToken(partner)];
    expect(await verdicts(next)).toEqual(["401 token_revoked", "valid"]);
  });

  test("a change to `many` revokes no token", async () => {
    const partner = await portico.partnerWithToken();
    await change(partner.id, { tokenPolicy: "many" });
    expect(await verdicts([partner.token, await portico.partnerToken(partner), partner.token])).toEqual([
      "valid",
      "valid",
      "valid",
    ]);
  });
});

describe("the access tokens of a changed partner", () => {
  test("suspension revokes them, and reactivation does not restore them", async () => {
    const partner = await portico.partnerWithToken();
    await change(partner.id, { status: "suspended" });
    expectTokenRefused(await self(partner.token), "token_revoked");
    await change(partner.id, { status: "active" });
    expectTokenRefused(await self(partner.token), "token_revoked");
    expect(await verdicts([await portico.partnerToken(partner)])).toEqual(["valid"]);
  });

  test("no other change and no new secret revokes them", async () => {
    const partner = await portico.partnerWithToken();
    await change(partner.id, { name: "Red Bicycle", websiteUrl: "https://redbicycle.example", status: "active" });
    const path = `/v1/partners/${partner.id}/secret`;
    const { status } = await portico.call("POST", path, { token: await portico.rootToken() });
    expect(status).toBe(200);
    expect(await verdicts([partner.token])).toEqual(["valid"]);
  });

  test("suspension also revokes tokens that are issued in parallel", async () => {
    const partner = await portico.registerPartner();
    const [, ...answers] = await Promise.all([
      change(partner.id, { status: "suspended" }),
      ...Array.from({ length: 50 }, () => portico.requestToken(partner)),
    ]);
    const issued = answers.filter(({ status }) => status === 200);
    const refused = answers.filter(({ body }) => body.error === "invalid_client");
    expect(issued.length + refused.length).toBe(50);
    const after = await verdicts(issued.map(({ body }) => body.access_token));
    expect(after.filter((verdict) => verdict !== "401 token_revoked")).toEqual([]);
  });
});
