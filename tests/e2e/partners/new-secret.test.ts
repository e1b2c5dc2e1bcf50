/** New client secrets, and their age. Covers `partners/secret-state`. */
import { expectProblem } from "../../support/expect-problem.ts";
import { expectReplayed, withKey } from "../../support/idempotency.ts";
import { partnerCalls } from "../../support/partners.ts";
import { verdict, type Answer } from "../../support/answer.ts";
import { inParallel, Portico, tally } from "../../support/portico.ts";
import { instant, unknownPartnerId } from "../../support/values.ts";

const portico = Portico.forSuite();
const { acceptsSecret, asRoot, renew } = partnerCalls(portico);

describe("a new client secret", () => {
  test("is shown once, and by default the old secret stops working at once", async () => {
    const { id, secret } = await portico.registerPartner();
    for (const json of [undefined, {}, { gracePeriod: "PT0S" }]) {
      const answer = await renew(id, json);
      expect(answer.status).toBe(200);
      expect(answer.body).toEqual({
        clientId: id,
        clientSecret: expect.any(String),
        previousValidUntil: expect.stringMatching(instant),
      });
      expect(answer.headers.get("cache-control")).toBe("no-store");
      expect(Buffer.from(answer.body.clientSecret, "base64url")).toHaveLength(32);
      expect(await acceptsSecret(id, answer.body.clientSecret)).toBe(true);
      expect(await acceptsSecret(id, secret)).toBe(false);
    }
  });

  test.each([
    ["PT1H", 3_600_000],
    ["P1D", 86_400_000],
    ["P1DT12H30M", 131_400_000],
    ["P1W", 604_800_000],
    ["P7D", 604_800_000],
  ])("with a grace period of %s, only the previous secret stays valid", async (gracePeriod, milliseconds) => {
    const { id, secret: first } = await portico.registerPartner();
    const second = await renew(id, { gracePeriod });
    expect([await acceptsSecret(id, first), await acceptsSecret(id, second.body.clientSecret)]).toEqual([true, true]);
    const third = await renew(id, { gracePeriod });
    const works = [first, second.body.clientSecret, third.body.clientSecret].map((secret) => acceptsSecret(id, secret));
    expect(await Promise.all(works)).toEqual([false, true, true]);
    const date = Date.parse(third.headers.get("date")!);
    const until = Date.parse(third.body.previousValidUntil);
    // The Date header has whole seconds and is later than the time of the call.
    expect(Math.abs(until - date - milliseconds)).toBeLessThan(60_000);
  });

  test.each(["P8D", "PT169H", "P7DT1S", "P1M", "P1Y", "P", "PT", "", "-P1D", "1 day", "P1.5D", "p1d", "P2W", 7, null])(
    "rejects a grace period of %j",
    async (gracePeriod) => {
      const { id, secret } = await portico.registerPartner();
      expectProblem(await renew(id, { gracePeriod }), 422, "validation_failed", ["/gracePeriod"]);
      expect(await acceptsSecret(id, secret)).toBe(true);
    },
  );

  test("rejects a chosen secret that is easy to guess, and the old one stays valid", async () => {
    const { id, secret } = await portico.registerPartner();
    for (const weak of ["a".repeat(16), "1234567812345678", "passwordpassword"]) {
      expectProblem(await renew(id, { secret: weak }), 422, "validation_failed", ["/secret"]);
    }
    expect(await acceptsSecret(id, secret)).toBe(true);
    const chosen = "0f8e3b7c29d14a65";
    expect((await renew(id, { secret: chosen })).body.clientSecret).toBe(chosen);
  });

  test("rejects unknown fields", async () => {
    const { id } = await portico.registerPartner();
    expectProblem(await renew(id, { grace: "P1D" }), 422, "validation_failed", ["/grace"]);
  });

  test("a partner can renew its own secret, and another partner is not found", async () => {
    const partner = await portico.partnerWithToken();
    const other = await portico.registerPartner();
    const make = async (id: string): Promise<Answer> =>
      await portico.call("POST", `/v1/partners/${id}/secret`, { token: partner.token });
    const own = await make(partner.id);
    expect(own.status).toBe(200);
    expect(await acceptsSecret(partner.id, own.body.clientSecret)).toBe(true);
    const token = await portico.partnerToken({ id: partner.id, secret: own.body.clientSecret });
    const hidden = await portico.call("POST", `/v1/partners/${other.id}/secret`, { token });
    const missing = await portico.call("POST", `/v1/partners/${unknownPartnerId}/secret`, { token });
    for (const answer of [hidden, missing]) expectProblem(answer, 404, "not_found");
    expect(hidden.body.detail).toBe(missing.body.detail);
    expect(await acceptsSecret(other.id, other.secret)).toBe(true);
  });

  test("fifty parallel renewals return fifty secrets, of which one works", async () => {
    const { id } = await portico.registerPartner();
    const answers = await inParallel(50, () => renew(id));
    expect(tally(answers.map(verdict))).toEqual({ 200: 50 });
    const works: boolean[] = [];
    for (const { body } of answers) works.push(await acceptsSecret(id, body.clientSecret));
    expect(tally(works.map(String))).toEqual({ true: 1, false: 49 });
  });
});

describe("Idempotency-Key", () => {
  test("a replay returns the first response without the secret, which stays valid", async () => {
    const { id } = await portico.registerPartner();
    const headers = withKey();
    const path = `/v1/partners/${id}/secret`;
    const first = await asRoot("POST", path, { gracePeriod: "P1D" }, headers);
    expectReplayed(await asRoot("POST", path, { gracePeriod: "P1D" }, headers), first);
    expect(await acceptsSecret(id, first.body.clientSecret)).toBe(true);
  });

  test("fifty parallel calls with one key create one new secret", async () => {
    const { id } = await portico.registerPartner();
    const headers = withKey();
    const answers = await inParallel(50, () => asRoot("POST", `/v1/partners/${id}/secret`, {}, headers));
    const shown = answers.filter(({ body }) => body.clientSecret !== undefined);
    expect(shown).toHaveLength(1);
    const others = answers.filter((answer) => answer !== shown[0] && answer.body.code !== "request_in_progress");
    for (const answer of others) expectReplayed(answer, shown[0]!);
    expect(await acceptsSecret(id, shown[0]!.body.clientSecret)).toBe(true);
  });
});

test("administrators and the partner see how old the secret is, and nobody sees the secret", async () => {
  const partner = await portico.partnerWithToken();
  const path = `/v1/partners/${partner.id}/secret`;
  const { body: registered } = await portico.callAsRoot("GET", `/v1/partners/${partner.id}`);
  const first = await portico.callAsRoot("GET", path);
  const lastTokenIssuedAt = expect.stringMatching(/Z$/);
  expect(first.body).toEqual({ issuedAt: registered.createdAt, previousValidUntil: null, lastTokenIssuedAt });
  expect(first.body.lastTokenIssuedAt > registered.createdAt).toBe(true);
  const { body: replaced } = await portico.callAsRoot("POST", path, { gracePeriod: "P1D" });
  const second = await portico.call("GET", path, { token: partner.token });
  expect(second.body.issuedAt > first.body.issuedAt).toBe(true);
  expect(second.body.previousValidUntil).toBe(replaced.previousValidUntil);
  await portico.callAsRoot("POST", path, { gracePeriod: "PT0S" });
  expect((await portico.callAsRoot("GET", path)).body.previousValidUntil).toBeNull();
  const other = await portico.registerPartner();
  const answer = await portico.call("GET", `/v1/partners/${other.id}/secret`, { token: partner.token });
  expectProblem(answer, 404, "not_found");
  expectProblem(await portico.callAsRoot("GET", `/v1/partners/${unknownPartnerId}/secret`), 404, "not_found");
});

test("the last issued token has its time; a partner with many tokens, or without any, has none", async () => {
  const partner = await portico.registerPartner();
  const path = `/v1/partners/${partner.id}/secret`;
  const lastToken = async () => (await portico.callAsRoot("GET", path)).body.lastTokenIssuedAt as string | null;
  expect(await lastToken()).toBeNull();
  await portico.partnerToken(partner);
  const first = await lastToken();
  await portico.partnerToken(partner);
  const second = await lastToken();
  expect(String(second) > String(first)).toBe(true);
  await portico.callAsRoot("PATCH", `/v1/partners/${partner.id}`, { tokenPolicy: "many" });
  await portico.partnerToken(partner);
  expect(await lastToken()).toBeNull();
});
