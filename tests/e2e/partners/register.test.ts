/** What administrators do with partners, and partners with themselves. */
import { randomUUID } from "node:crypto";
import type { Interceptor } from "../../../infra/local/services/service-proxy.ts";
import { expectProblem, expectTokenRefused } from "../../support/expect-problem.ts";
import { inParallel, Portico, tally, type Answer, type TestPartner } from "../../support/portico.ts";

let portico: Portico;
beforeAll(async () => {
  portico = await Portico.start();
});
afterAll(async () => {
  await portico.close();
});

type Headers = Readonly<Record<string, string>>;

/** A call of the root user. */
async function asRoot(method: string, path: string, json?: unknown, headers: Headers = {}): Promise<Answer> {
  return await portico.call(method, path, { token: await portico.rootToken(), json, headers });
}

function newEmail(): string {
  return `${randomUUID()}@partner.example`;
}

function registration(fields: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return { name: "Blue Bicycle", websiteUrl: "https://bluebicycle.example", email: newEmail(), ...fields };
}

async function register(fields: Readonly<Record<string, unknown>> = {}, headers: Headers = {}): Promise<Answer> {
  return await asRoot("POST", "/v1/partners", registration(fields), headers);
}

async function read(id: string): Promise<Answer> {
  return await asRoot("GET", `/v1/partners/${id}`);
}

async function change(id: string, json: unknown, headers: Headers = {}): Promise<Answer> {
  return await asRoot("PATCH", `/v1/partners/${id}`, json, headers);
}

async function subscribe(token: string, externalUserId = "u1", host = portico): Promise<Answer> {
  const json = { externalUserId, userEmail: "u1@example.com", duration: "P1M" };
  return await host.call("POST", "/v1/subscriptions", { token, json });
}

async function createCompany(token: string, host = portico): Promise<Answer> {
  const json = { name: "Padaria Aurora", phone: "551130001234", declaredBilling: "5.00" };
  return await host.call("POST", "/v1/companies", { token, json });
}

/** What keeps a partner from being deleted, by how the one of a number begins. */
const uses = {
  subscriptions: (token: string, index: number, host?: Portico) => subscribe(token, `u${index}`, host),
  companies: (token: string, _index: number, host?: Portico) => createCompany(token, host),
} as const;

/** Status and code in one word, for tallies. */
function verdict({ status, body }: Answer): string {
  const code = body?.code ?? body?.error;
  return code === undefined ? String(status) : `${status} ${code}`;
}

async function acceptsSecret(id: string, secret: string): Promise<boolean> {
  const answer = await portico.requestToken({ id, secret });
  expect(["200", "401 invalid_client"]).toContain(verdict(answer));
  return answer.status === 200;
}

const instant = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const unknownId = "ptr_01JD3Y5W8Q4T6V2X9ZB7C1D3EF";
const malformedIds = [
  "ptr_",
  "ptr_1",
  unknownId.toLowerCase(),
  unknownId.replace("ptr_", "usr_"),
  `${unknownId}0`,
  "%20",
  "nobody",
];

describe("registering a partner", () => {
  test("answers 201 with the partner, its place, its tag and its client secret", async () => {
    const sent = registration();
    const answer = await asRoot("POST", "/v1/partners", sent);
    expect(answer.status).toBe(201);
    const { id, etag } = answer.body;
    expect(answer.body).toEqual({
      ...sent,
      id: expect.stringMatching(/^ptr_[0-9A-HJKMNP-TV-Z]{26}$/),
      status: "active",
      tokenPolicy: "single",
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

  test("generates a secret of 256 bits, another one each time, that works", async () => {
    const [one, other] = [await register(), await register()];
    for (const { body } of [one, other]) {
      expect(Buffer.from(body.clientSecret, "base64url")).toHaveLength(32);
      expect(await acceptsSecret(body.id, body.clientSecret)).toBe(true);
    }
    expect(one.body.clientSecret).not.toBe(other.body.clientSecret);
  });

  test.each([16, 128])("takes a chosen secret of %d characters, and it works", async (length) => {
    const secret = "s".repeat(length);
    const { status, body } = await register({ secret });
    expect({ status, secret: body.clientSecret }).toEqual({ status: 201, secret });
    expect(await acceptsSecret(body.id, secret)).toBe(true);
  });

  test("shows the secret this once: no later answer has it", async () => {
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
  ])("takes %s", async (_what, fields) => {
    const { status, body } = await register(fields);
    expect({ status, body }).toMatchObject({ status: 201, body: fields });
  });

  test("takes an e-mail address of 254 characters", async () => {
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
    ["null for a secret", { secret: null }, ["/secret"]],
    ["an unknown field", { colour: "red" }, ["/colour"]],
    ["fields that are not the caller's to set", { status: "active", id: unknownId }, ["/id", "/status"]],
    [
      "much that is wrong",
      { name: "", email: 1, secret: "", colour: "red" },
      ["/colour", "/email", "/name", "/secret"],
    ],
  ])("refuses %s and names each field", async (_what, fields, pointers) => {
    expectProblem(await register(fields), 422, "validation_failed", pointers);
  });

  test.each([[[]], ["text"], [null], [7]])("refuses a body that is no object: %j", async (json) => {
    expectProblem(await asRoot("POST", "/v1/partners", json), 422, "validation_failed", [""]);
  });

  test("refuses an e-mail address that another partner has, in any case", async () => {
    const { body } = await register();
    expectProblem(await register({ email: body.email }), 409, "partner_email_taken");
    expectProblem(await register({ email: body.email.toUpperCase() }), 409, "partner_email_taken");
  });

  test("fifty times at the same moment with one e-mail address in different case makes exactly one partner", async () => {
    const email = newEmail();
    const answers = await inParallel(50, (index) =>
      register({
        email: [...email].map((letter, at) => ((index >> (at % 6)) & 1 ? letter.toUpperCase() : letter)).join(""),
      }),
    );
    expect(tally(answers.map(verdict))).toEqual({ 201: 1, "409 partner_email_taken": 49 });
    const { body } = answers.find(({ status }) => status === 201)!;
    expect(await acceptsSecret(email, body.clientSecret)).toBe(true);
  });
});

describe("reading partners", () => {
  test("one by its id gives what registering gave, without the secret", async () => {
    const { body } = await register();
    const answer = await read(body.id);
    const { clientId: _clientId, clientSecret: _clientSecret, ...partner } = body;
    expect({ status: answer.status, body: answer.body }).toEqual({ status: 200, body: partner });
    expect(answer.headers.get("etag")).toBe(partner.etag);
    expect(answer.headers.get("cache-control")).toBe("no-store");
  });

  test("a partner reads itself, and no other", async () => {
    const { id, token } = await portico.partnerWithToken();
    const self = await portico.call("GET", "/v1/partners/me", { token });
    expect({ status: self.status, body: self.body }).toEqual({ status: 200, body: (await read(id)).body });
    expect(self.headers.get("etag")).toBe(self.body.etag);
    const other = await portico.registerPartner();
    expectProblem(await portico.call("GET", `/v1/partners/${other.id}`, { token }), 403, "forbidden");
  });

  test.each([unknownId, ...malformedIds])("%s finds nothing", async (id) => {
    const answers = [
      await read(id),
      await change(id, { name: "x" }),
      await asRoot("DELETE", `/v1/partners/${id}`),
      await asRoot("POST", `/v1/partners/${id}/secret`),
      await asRoot("POST", `/v1/partners/${id}/revoke-tokens`),
    ];
    for (const answer of answers) expectProblem(answer, 404, "not_found");
  });
});

describe("the list of partners", () => {
  interface Page {
    readonly items: readonly { readonly id: string; readonly createdAt: string }[];
    readonly nextCursor: string | null;
  }

  async function page(query: Readonly<Record<string, string>>): Promise<Page> {
    const { status, body } = await asRoot("GET", `/v1/partners?${new URLSearchParams(query).toString()}`);
    expect(status).toBe(200);
    return body;
  }

  async function allPages(limit: number): Promise<readonly Page[]> {
    const pages = [await page({ limit: String(limit) })];
    for (let cursor = pages[0]!.nextCursor; cursor !== null; cursor = pages.at(-1)!.nextCursor) {
      pages.push(await page({ limit: String(limit), cursor }));
    }
    return pages;
  }

  test("has every partner exactly once, newest first, whatever the size of its pages", async () => {
    const made: string[] = [];
    for (let index = 0; index < 5; index++) made.push((await portico.registerPartner()).id);
    const [one, other] = [await allPages(2), await allPages(7)];
    const [ids, otherIds] = [one, other].map((pages) => pages.flatMap(({ items }) => items.map(({ id }) => id)));
    expect(ids).toEqual(otherIds);
    expect(new Set(ids).size).toBe(ids!.length);
    expect(ids!.slice(0, 5)).toEqual(made.reverse());
    expect(one.slice(0, -1).every(({ items }) => items.length === 2)).toBe(true);
    const times = one.flatMap(({ items }) => items.map(({ createdAt }) => createdAt));
    expect(times).toEqual([...times].sort().reverse());
  });

  test("loses nobody and repeats nobody while partners are registered between its pages", async () => {
    const before = new Set((await allPages(100)).flatMap(({ items }) => items.map(({ id }) => id)));
    const first = await page({ limit: "3" });
    await portico.registerPartner();
    const seen = first.items.map(({ id }) => id);
    for (let cursor = first.nextCursor; cursor !== null;) {
      const next = await page({ limit: "50", cursor });
      seen.push(...next.items.map(({ id }) => id));
      cursor = next.nextCursor;
    }
    expect(new Set(seen)).toEqual(before);
    expect(seen).toHaveLength(before.size);
  });

  test("has pages of 20 unless asked otherwise, of 1 and of 100 if asked", async () => {
    await inParallel(22, () => portico.registerPartner());
    expect((await page({})).items).toHaveLength(20);
    expect((await page({ limit: "1" })).items).toHaveLength(1);
    expect((await page({ limit: "100" })).items.length).toBeGreaterThan(20);
  });

  test("shows a partner as it shows itself alone", async () => {
    const { id } = await portico.registerPartner();
    const { items } = await page({ limit: "5" });
    expect(items.find((item) => item.id === id)).toEqual((await read(id)).body);
  });

  test.each(["0", "101", "-1", "abc", "", "1.5", "1e2", "01", "+5", " 5"])("has no pages of %j", async (limit) => {
    const answer = await asRoot("GET", `/v1/partners?${new URLSearchParams({ limit }).toString()}`);
    expectProblem(answer, 422, "validation_failed", ["/limit"]);
  });

  test("knows no other parameters, and each of its own once", async () => {
    expectProblem(await asRoot("GET", "/v1/partners?order=oldest"), 422, "validation_failed", ["/order"]);
    expectProblem(await asRoot("GET", "/v1/partners?limit=5&limit=6"), 422, "validation_failed", ["/limit"]);
  });

  test("takes no cursor but its own, unbent", async () => {
    await inParallel(2, () => portico.registerPartner());
    const { nextCursor } = await page({ limit: "1" });
    const cursor = nextCursor!;
    const middle = Math.floor(cursor.length / 2);
    const bentAt = (at: number): string =>
      `${cursor.slice(0, at)}${cursor[at] === "A" ? "B" : "A"}${cursor.slice(at + 1)}`;
    const bent = [
      bentAt(0),
      bentAt(middle),
      cursor.slice(0, -4),
      `${cursor}AAAA`,
      `${cursor}=`,
      "garbage",
      "",
      "e30",
      unknownId,
    ];
    for (const wrong of bent) {
      const answer = await asRoot("GET", `/v1/partners?${new URLSearchParams({ cursor: wrong }).toString()}`);
      expectProblem(answer, 400, "cursor_invalid");
    }
    expect((await page({ cursor, limit: "100" })).items.length).toBeGreaterThan(0);
  });

  test("tells nothing of its places by its cursors", async () => {
    await inParallel(2, () => portico.registerPartner());
    const { items, nextCursor } = await page({ limit: "1" });
    const decoded = Buffer.from(nextCursor!, "base64url").toString("latin1");
    expect(nextCursor).not.toContain(items[0]!.id);
    expect(decoded).not.toContain(items[0]!.id.slice(4, 14));
    expect((await page({ limit: "1" })).nextCursor).not.toBe(nextCursor);
  });

  test("and every other list: a cursor is bound to its list, its filters and its caller", async () => {
    const [one, other] = [await portico.partnerWithToken(), await portico.partnerWithToken()];
    for (const { token } of [one, other]) {
      for (const user of ["u1", "u2", "u3"]) expect((await subscribe(token, user)).status).toBe(201);
    }
    const list = async (token: string, query: string): Promise<Answer> =>
      await portico.call("GET", `/v1/subscriptions?${query}`, { token });
    const { body } = await list(one.token, "limit=1&status=active");
    const cursor = encodeURIComponent(body.nextCursor);
    expect((await list(one.token, `limit=2&status=active&cursor=${cursor}`)).status).toBe(200);
    expectProblem(await list(one.token, `limit=1&status=scheduled&cursor=${cursor}`), 400, "cursor_invalid");
    expectProblem(await list(one.token, `limit=1&cursor=${cursor}`), 400, "cursor_invalid");
    expectProblem(await list(other.token, `limit=1&status=active&cursor=${cursor}`), 400, "cursor_invalid");
    expectProblem(await asRoot("GET", `/v1/partners?cursor=${cursor}`), 400, "cursor_invalid");
  });
});

describe("changing a partner", () => {
  test.each([
    ["name", "Red Bicycle"],
    ["websiteUrl", "https://redbicycle.example/shop"],
    ["email", `${randomUUID()}@red.example`],
    ["tokenPolicy", "many"],
    ["status", "suspended"],
  ])("changes its %s and nothing else", async (field, value) => {
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

  test("takes a JSON merge patch by its own content type, too", async () => {
    const { id } = await portico.registerPartner();
    const answer = await portico.call("PATCH", `/v1/partners/${id}`, {
      token: await portico.rootToken(),
      raw: JSON.stringify({ name: "Red Bicycle" }),
      headers: { "content-type": "application/merge-patch+json" },
    });
    expect({ status: answer.status, name: answer.body.name }).toEqual({ status: 200, name: "Red Bicycle" });
  });

  test("to what it is already changes nothing, its tag included", async () => {
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
  ])("refuses %s, and changes nothing", async (_what, patch, pointers) => {
    const { id } = await portico.registerPartner();
    const { body: before } = await read(id);
    expectProblem(await change(id, patch), 422, "validation_failed", pointers);
    expect((await read(id)).body).toEqual(before);
  });

  test("moves its e-mail address: it signs in by the new one, and the old is free again", async () => {
    const { id, secret, email } = await portico.registerPartner();
    const moved = newEmail();
    expect((await change(id, { email: moved })).status).toBe(200);
    expect(await acceptsSecret(moved.toUpperCase(), secret)).toBe(true);
    expect(await acceptsSecret(email, secret)).toBe(false);
    expectProblem(await register({ email: moved }), 409, "partner_email_taken");
    expect((await register({ email })).status).toBe(201);
  });

  test("may write its own e-mail address in another case", async () => {
    const { id, email, secret } = await portico.registerPartner();
    const { status, body } = await change(id, { email: email.toUpperCase() });
    expect({ status, email: body.email }).toEqual({ status: 200, email: email.toUpperCase() });
    expect(await acceptsSecret(email, secret)).toBe(true);
    expectProblem(await register({ email }), 409, "partner_email_taken");
  });

  test("to the e-mail address of another is refused, and changes nothing else either", async () => {
    const [one, other] = [await portico.registerPartner(), await portico.registerPartner()];
    const { body: before } = await read(one.id);
    const answer = await change(one.id, { name: "Red Bicycle", status: "suspended", email: other.email.toUpperCase() });
    expectProblem(answer, 409, "partner_email_taken");
    expect((await read(one.id)).body).toEqual(before);
    expect(await acceptsSecret(one.email, one.secret)).toBe(true);
  });

  test("fifty partners to one e-mail address at the same moment: exactly one gets it", async () => {
    const partners = await inParallel(50, () => portico.registerPartner());
    const email = newEmail();
    const answers = await inParallel(50, (index) => change(partners[index]!.id, { email }));
    expect(tally(answers.map(verdict))).toEqual({ 200: 1, "409 partner_email_taken": 49 });
    const winner = partners[answers.findIndex(({ status }) => status === 200)]!;
    expect(await acceptsSecret(email, winner.secret)).toBe(true);
  });

  test("with If-Match only as it was read: a stale tag is refused, the current one and * pass", async () => {
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

  test("fifty times at the same moment with one tag succeeds once", async () => {
    const { id } = await portico.registerPartner();
    const { body } = await read(id);
    const answers = await inParallel(50, (index) =>
      change(id, { name: `Bicycle ${index}` }, { "if-match": body.etag }),
    );
    expect(tally(answers.map(verdict))).toEqual({ 200: 1, "412 precondition_failed": 49 });
    const winner = answers.find(({ status }) => status === 200)!;
    expect((await read(id)).body).toEqual(winner.body);
  });

  test("in different fields at the same moment, by fifty-two callers, loses no field's change", async () => {
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

describe("a new client secret", () => {
  async function renew(id: string, json?: unknown, headers?: Headers): Promise<Answer> {
    return await asRoot("POST", `/v1/partners/${id}/secret`, json, headers);
  }

  test("is shown this once, and the old one ends at once unless asked otherwise", async () => {
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
  ])("leaves the old one working for %s, and the one before that not", async (gracePeriod, milliseconds) => {
    const { id, secret: first } = await portico.registerPartner();
    const second = await renew(id, { gracePeriod });
    expect([await acceptsSecret(id, first), await acceptsSecret(id, second.body.clientSecret)]).toEqual([true, true]);
    const third = await renew(id, { gracePeriod });
    const works = [first, second.body.clientSecret, third.body.clientSecret].map((secret) => acceptsSecret(id, secret));
    expect(await Promise.all(works)).toEqual([false, true, true]);
    const date = Date.parse(third.headers.get("date")!);
    const until = Date.parse(third.body.previousValidUntil);
    // The Date header has whole seconds, and the answer came a moment after the call's own time.
    expect(Math.abs(until - date - milliseconds)).toBeLessThan(60_000);
  });

  test.each(["P8D", "PT169H", "P7DT1S", "P1M", "P1Y", "P", "PT", "", "-P1D", "1 day", "P1.5D", "p1d", "P2W", 7, null])(
    "has no grace period of %j",
    async (gracePeriod) => {
      const { id, secret } = await portico.registerPartner();
      expectProblem(await renew(id, { gracePeriod }), 422, "validation_failed", ["/gracePeriod"]);
      expect(await acceptsSecret(id, secret)).toBe(true);
    },
  );

  test("knows no other fields", async () => {
    const { id } = await portico.registerPartner();
    expectProblem(await renew(id, { grace: "P1D" }), 422, "validation_failed", ["/grace"]);
  });

  test("can be made by the partner itself, but not for another, which it cannot even find", async () => {
    const partner = await portico.partnerWithToken();
    const other = await portico.registerPartner();
    const make = async (id: string): Promise<Answer> =>
      await portico.call("POST", `/v1/partners/${id}/secret`, { token: partner.token });
    const own = await make(partner.id);
    expect(own.status).toBe(200);
    expect(await acceptsSecret(partner.id, own.body.clientSecret)).toBe(true);
    const token = await portico.partnerToken({ id: partner.id, secret: own.body.clientSecret });
    const hidden = await portico.call("POST", `/v1/partners/${other.id}/secret`, { token });
    const missing = await portico.call("POST", `/v1/partners/${unknownId}/secret`, { token });
    for (const answer of [hidden, missing]) expectProblem(answer, 404, "not_found");
    expect(hidden.body.detail).toBe(missing.body.detail);
    expect(await acceptsSecret(other.id, other.secret)).toBe(true);
  });

  test("fifty times at the same moment: every call gets one, and exactly one works", async () => {
    const { id } = await portico.registerPartner();
    const answers = await inParallel(50, () => renew(id));
    expect(tally(answers.map(verdict))).toEqual({ 200: 50 });
    const works: boolean[] = [];
    for (const { body } of answers) works.push(await acceptsSecret(id, body.clientSecret));
    expect(tally(works.map(String))).toEqual({ true: 1, false: 49 });
  });
});

describe("revoking all tokens of a partner", () => {
  async function expectRevoked(token: string): Promise<void> {
    expectTokenRefused(await portico.call("GET", "/v1/partners/me", { token }), "token_revoked");
  }

  test("by an administrator acts on the very next request, and says so with 204", async () => {
    const { id, secret, token } = await portico.partnerWithToken();
    const answer = await asRoot("POST", `/v1/partners/${id}/revoke-tokens`);
    expect({ status: answer.status, text: answer.text }).toEqual({ status: 204, text: "" });
    await expectRevoked(token);
    expect(await acceptsSecret(id, secret)).toBe(true);
  });

  test("by the partner itself ends the very token that asked", async () => {
    const { id, token } = await portico.partnerWithToken();
    const { status } = await portico.call("POST", `/v1/partners/${id}/revoke-tokens`, { token, json: {} });
    expect(status).toBe(204);
    await expectRevoked(token);
  });

  test("by another partner finds nothing and ends nothing", async () => {
    const [one, other] = [await portico.partnerWithToken(), await portico.partnerWithToken()];
    const path = `/v1/partners/${other.id}/revoke-tokens`;
    expectProblem(await portico.call("POST", path, { token: one.token }), 404, "not_found");
    expect((await portico.call("GET", "/v1/partners/me", { token: other.token })).status).toBe(200);
  });

  test("takes no fields", async () => {
    const { id } = await portico.registerPartner();
    const answer = await asRoot("POST", `/v1/partners/${id}/revoke-tokens`, { all: true });
    expectProblem(answer, 422, "validation_failed", ["/all"]);
  });
});

describe("deleting a partner", () => {
  async function remove(id: string, headers?: Headers): Promise<Answer> {
    return await asRoot("DELETE", `/v1/partners/${id}`, undefined, headers);
  }

  test("answers 204, then it is gone for everyone and everything", async () => {
    const { id, email, secret, token } = await portico.partnerWithToken();
    const answer = await remove(id);
    expect({ status: answer.status, text: answer.text }).toEqual({ status: 204, text: "" });
    const after = [
      await read(id),
      await change(id, { name: "x" }),
      await asRoot("POST", `/v1/partners/${id}/secret`),
      await asRoot("POST", `/v1/partners/${id}/revoke-tokens`),
      await remove(id),
    ];
    for (const gone of after) expectProblem(gone, 404, "not_found");
    expectTokenRefused(await portico.call("GET", "/v1/partners/me", { token }), "token_revoked");
    expect([await acceptsSecret(id, secret), await acceptsSecret(email, secret)]).toEqual([false, false]);
    const { body } = await asRoot("GET", "/v1/partners?limit=100");
    expect(body.items.map((item: TestPartner) => item.id)).not.toContain(id);
  });

  test("makes its e-mail address free again, for a partner that is another one", async () => {
    const { id, email, secret } = await portico.registerPartner();
    expect((await remove(id)).status).toBe(204);
    const next = await register({ email });
    expect(next.status).toBe(201);
    expect(next.body.id).not.toBe(id);
    expect(await acceptsSecret(email, secret)).toBe(false);
    expect(await acceptsSecret(email, next.body.clientSecret)).toBe(true);
  });

  test("is refused while it has a live subscription, and harms nothing; once that is cancelled it is not", async () => {
    const { id, token } = await portico.partnerWithToken();
    expect((await subscribe(token)).status).toBe(201);
    expectProblem(await remove(id), 409, "partner_in_use");
    expect((await portico.call("GET", "/v1/subscriptions/u1", { token })).status).toBe(200);
    expect((await subscribe(token, "u2")).status).toBe(201);
    for (const user of ["u1", "u2"]) {
      expect((await portico.call("DELETE", `/v1/subscriptions/${user}`, { token })).status).toBe(204);
    }
    expect((await remove(id)).status).toBe(204);
    expectProblem(await read(id), 404, "not_found");
  });

  test("is refused while it has a company, and harms nothing; once that is deleted it is not", async () => {
    const { id, token } = await portico.partnerWithToken();
    const { body, headers } = await createCompany(token);
    const path = headers.get("location")!;
    expectProblem(await remove(id), 409, "partner_in_use");
    expect((await portico.call("GET", path, { token })).body).toEqual(body);
    expect((await createCompany(token)).status).toBe(201);
    expect((await portico.call("DELETE", path, { token })).status).toBe(204);
    expectProblem(await remove(id), 409, "partner_in_use");
    const { items } = (await portico.call("GET", "/v1/companies", { token })).body;
    expect((await portico.call("DELETE", `/v1/companies/${items[0].id}`, { token })).status).toBe(204);
    expect((await remove(id)).status).toBe(204);
  });

  test("with If-Match only as it was read", async () => {
    const { id } = await portico.registerPartner();
    const { body } = await read(id);
    expect((await change(id, { name: "Red Bicycle" })).status).toBe(200);
    expectProblem(await remove(id, { "if-match": body.etag }), 412, "precondition_failed");
    const { body: current } = await read(id);
    expect((await remove(id, { "if-match": current.etag })).status).toBe(204);
  });

  test("is possible while it is suspended", async () => {
    const { id } = await portico.registerPartner();
    expect((await change(id, { status: "suspended" })).status).toBe(200);
    expect((await remove(id)).status).toBe(204);
  });

  test("fifty times at the same moment: it is gone, and nobody is told anything else", async () => {
    const { id } = await portico.registerPartner();
    const answers = await inParallel(50, () => remove(id));
    const verdicts = tally(answers.map(verdict));
    expect(Object.keys(verdicts).filter((each) => each !== "204" && each !== "404 not_found")).toEqual([]);
    expect(verdicts["204"]).toBeGreaterThanOrEqual(1);
    expectProblem(await read(id), 404, "not_found");
  });

  test("among fifty changes at the same moment comes through, and nobody has to wait for it", async () => {
    const { id } = await portico.registerPartner();
    const [removed, ...changed] = await inParallel(51, (index) =>
      index === 0 ? remove(id) : change(id, { name: `Bicycle ${index}` }),
    );
    expect(removed?.status).toBe(204);
    expect(changed.map(verdict).filter((each) => each !== "200" && each !== "404 not_found")).toEqual([]);
    expectProblem(await read(id), 404, "not_found");
  });

  test.each([
    ["subscriptions", 0],
    ["subscriptions", 25],
    ["companies", 0],
    ["companies", 25],
  ] as const)(
    "beside fifty %s that begin at the same moment, as call %d of them: all of them live, or none and no partner",
    async (kind, place) => {
      const { id, token } = await portico.partnerWithToken();
      const answers = await inParallel(51, (index) => (index === place ? remove(id) : uses[kind](token, index)));
      const removed = verdict(answers[place]!);
      const created = tally(answers.filter((_, index) => index !== place).map(verdict));
      expect(["204", "409 partner_in_use"]).toContain(removed);
      if (removed === "204") {
        expect(created).toEqual({ "401 token_revoked": 50 });
        expectProblem(await read(id), 404, "not_found");
      } else {
        expect(created).toEqual({ 201: 50 });
        expect((await read(id)).status).toBe(200);
        expect((await uses[kind](token, 51)).status).toBe(201);
      }
    },
  );
});

describe("deleting a partner between whose look and end others begin", () => {
  /** One look for subscriptions, one for companies. */
  const looksOfDeletion = 2;

  /** Creations wait until the deletion has seen that nothing is there; the deletion then waits until one has tried. */
  function interleaving(): Interceptor {
    const looked = Promise.withResolvers<undefined>();
    const tried = Promise.withResolvers<undefined>();
    let looks = 0;
    return async ({ functionId, action }, next) => {
      const creates = /(subscriptions|companies)-create/.test(functionId) && action === "TransactWriteItems";
      const deletes = functionId.includes("partners-delete");
      if (creates) await looked.promise;
      if (deletes && looks >= looksOfDeletion) await tried.promise;
      const answer = await next();
      if (creates) tried.resolve(undefined);
      if (deletes && action === "Query" && ++looks === looksOfDeletion) looked.resolve(undefined);
      return answer;
    };
  }

  let interceptor = interleaving();
  let host: Portico;
  beforeAll(async () => {
    host = await Portico.start({ interceptors: [(call, next) => interceptor(call, next)] });
  });
  beforeEach(() => {
    interceptor = interleaving();
  });
  afterAll(async () => {
    await host.close();
  });

  test.each(["subscriptions", "companies"] as const)("lets none of fifty %s begin", async (kind) => {
    const { id, token } = await host.partnerWithToken();
    const root = await host.rootToken();
    const [removed, ...created] = await inParallel(51, (index) =>
      index === 0 ? host.call("DELETE", `/v1/partners/${id}`, { token: root }) : uses[kind](token, index, host),
    );
    expect(removed?.status).toBe(204);
    expect(tally(created.map(verdict))).toEqual({ "401 token_revoked": 50 });
    expectProblem(await host.call("GET", `/v1/partners/${id}`, { token: root }), 404, "not_found");
  });
});

describe("an idempotency key", () => {
  const withKey = (key: string = randomUUID()): { readonly "idempotency-key": string } => ({ "idempotency-key": key });

  function expectReplayed(answer: Answer, first: Answer): void {
    expect(answer.headers.get("idempotency-replayed")).toBe("true");
    expect(first.headers.get("idempotency-replayed")).toBeNull();
    const { clientSecret: _clientSecret, ...open } = first.body ?? {};
    expect({ status: answer.status, body: answer.body }).toEqual({
      status: first.status,
      body: first.text === "" ? undefined : open,
    });
  }

  test("gives the first answer to a registration again, without its secret, and makes no second partner", async () => {
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

  test("gives it again although the partner has changed or gone since", async () => {
    const [json, headers] = [registration(), withKey()];
    const first = await asRoot("POST", "/v1/partners", json, headers);
    await change(first.body.id, { name: "Red Bicycle" });
    expectReplayed(await asRoot("POST", "/v1/partners", json, headers), first);
    expect((await asRoot("DELETE", `/v1/partners/${first.body.id}`)).status).toBe(204);
    expectReplayed(await asRoot("POST", "/v1/partners", json, headers), first);
  });

  test("does not show a chosen secret again either", async () => {
    const [json, headers] = [registration({ secret: "chosen-by-the-partner" }), withKey()];
    const first = await asRoot("POST", "/v1/partners", json, headers);
    const second = await asRoot("POST", "/v1/partners", json, headers);
    expectReplayed(second, first);
    expect(second.text).not.toContain("chosen-by-the-partner");
  });

  test("gives the first answer to a new secret again, without it, and the secret stays", async () => {
    const { id } = await portico.registerPartner();
    const headers = withKey();
    const path = `/v1/partners/${id}/secret`;
    const first = await asRoot("POST", path, { gracePeriod: "P1D" }, headers);
    expectReplayed(await asRoot("POST", path, { gracePeriod: "P1D" }, headers), first);
    expect(await acceptsSecret(id, first.body.clientSecret)).toBe(true);
  });

  test("gives the first answer to a revocation again, and revokes nothing issued since", async () => {
    const partner = await portico.registerPartner();
    const headers = withKey();
    const path = `/v1/partners/${partner.id}/revoke-tokens`;
    const first = await asRoot("POST", path, undefined, headers);
    const token = await portico.partnerToken(partner);
    expectReplayed(await asRoot("POST", path, undefined, headers), first);
    expect((await portico.call("GET", "/v1/partners/me", { token })).status).toBe(200);
  });

  test("gives a refusal again, although nothing would refuse any more", async () => {
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

  test("is not used up by a request that was not valid", async () => {
    const headers = withKey();
    expectProblem(await register({ name: "" }, headers), 422, "validation_failed", ["/name"]);
    expect((await register({}, headers)).status).toBe(201);
  });

  test("cannot be used again for another body, nor for another partner", async () => {
    const headers = withKey();
    expect((await register({}, headers)).status).toBe(201);
    expectProblem(await register({}, headers), 422, "idempotency_key_reused");
    const [one, other] = [await portico.registerPartner(), await portico.registerPartner()];
    const revoke = async (id: string): Promise<Answer> =>
      await asRoot("POST", `/v1/partners/${id}/revoke-tokens`, undefined, headers);
    expect((await revoke(one.id)).status).toBe(204);
    expectProblem(await revoke(other.id), 422, "idempotency_key_reused");
  });

  test("belongs to one operation and one caller", async () => {
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

  test("is understood whatever the order and spacing of the members", async () => {
    const headers = { ...withKey(), "content-type": "application/json" };
    const { name, websiteUrl, email } = registration();
    const send = async (raw: string): Promise<Answer> =>
      await portico.call("POST", "/v1/partners", { token: await portico.rootToken(), raw, headers });
    const first = await send(JSON.stringify({ name, websiteUrl, email }));
    expectReplayed(await send(JSON.stringify({ email, name, websiteUrl }, null, 2)), first);
  });

  test("fifty times at the same moment makes exactly one partner, and shows its secret to one caller", async () => {
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

  test("fifty times at the same moment makes exactly one new secret", async () => {
    const { id } = await portico.registerPartner();
    const headers = withKey();
    const answers = await inParallel(50, () => asRoot("POST", `/v1/partners/${id}/secret`, {}, headers));
    const shown = answers.filter(({ body }) => body.clientSecret !== undefined);
    expect(shown).toHaveLength(1);
    const others = answers.filter((answer) => answer !== shown[0] && answer.body.code !== "request_in_progress");
    for (const answer of others) expectReplayed(answer, shown[0]!);
    expect(await acceptsSecret(id, shown[0]!.body.clientSecret)).toBe(true);
  });

  test.each([
    ["256 characters", "k".repeat(256)],
    ["a blank in it", "a b"],
    ["nothing in it", ""],
    ["a letter beyond ASCII", "schlüssel"],
  ])("cannot have %s", async (_what, key) => {
    expectProblem(await register({}, withKey(key)), 422, "validation_failed", ["/Idempotency-Key"]);
  });

  test.each(["k", "k".repeat(255), "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"])("can be %s", async (key) => {
    expect((await register({}, withKey(key))).status).toBe(201);
  });
});
