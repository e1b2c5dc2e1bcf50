/** What administrators do with users, and users with themselves. */
import { randomUUID } from "node:crypto";
import { conforming, pointersOf, verdict } from "../../support/conformance.ts";
import { expectProblem, expectTokenRefused } from "../../support/expect-problem.ts";
import { allPages } from "../../support/lists.ts";
import { goodPassword, newPerson, newUser, newUsername, sessionOf, signIn, userFields } from "../../support/people.ts";
import { inParallel, Portico, tally, type Answer } from "../../support/portico.ts";
import { contentsOf } from "../../support/table.ts";

/** Every creation computes argon2id, two at a time on a small machine. */
const crowdTimeoutMs = 120_000;

let portico: Portico;
const call = conforming(() => portico);
beforeAll(async () => {
  portico = await Portico.start();
});
afterAll(async () => {
  await portico.close();
});

type Headers = Readonly<Record<string, string>>;
type Fields = Readonly<Record<string, unknown>>;

/** A call of the root user. */
async function asRoot(method: string, path: string, json?: unknown, headers: Headers = {}): Promise<Answer> {
  return await call(method, path, { token: await portico.rootToken(), json, headers });
}

async function create(fields: Fields = {}, headers: Headers = {}): Promise<Answer> {
  return await asRoot("POST", "/v1/users", userFields(fields), headers);
}

async function read(id: string): Promise<Answer> {
  return await asRoot("GET", `/v1/users/${id}`);
}

async function change(id: string, json: unknown, headers: Headers = {}): Promise<Answer> {
  return await asRoot("PATCH", `/v1/users/${id}`, json, headers);
}

async function remove(id: string, headers: Headers = {}): Promise<Answer> {
  return await asRoot("DELETE", `/v1/users/${id}`, undefined, headers);
}

async function self(token: string): Promise<Answer> {
  return await call("GET", "/v1/users/me", { token });
}

async function changeSelf(token: string, json: unknown, headers: Headers = {}): Promise<Answer> {
  return await call("PATCH", "/v1/users/me", { token, json, headers });
}

async function rootId(): Promise<string> {
  return (await self(await portico.rootToken())).body.id as string;
}

const instant = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const unknownId = "usr_01JD3Y5W8Q4T6V2X9ZB7C1D3EF";
const malformedIds = ["usr_", "usr_1", unknownId.toLowerCase(), unknownId.replace("usr_", "ptr_"), `${unknownId}0`];

describe("creating a user", () => {
  test("answers 201 with the user, its place and its tag, and nothing of the password", async () => {
    const sent = userFields({ credit: 120 });
    const answer = await asRoot("POST", "/v1/users", sent);
    expect(answer.status).toBe(201);
    const { id, createdAt } = answer.body;
    expect(answer.body).toEqual({
      id: expect.stringMatching(/^usr_[0-9A-HJKMNP-TV-Z]{26}$/),
      username: sent["username"],
      name: "Ada Lovelace",
      role: "user",
      status: "active",
      credit: 120,
      birthDate: null,
      sex: null,
      createdAt: expect.stringMatching(instant),
      updatedAt: createdAt,
      etag: expect.stringMatching(/^"[^"]+"$/),
    });
    expect(answer.headers.get("location")).toBe(`/v1/users/${id}`);
    expect(answer.headers.get("etag")).toBe(answer.body.etag);
    expect(answer.headers.get("cache-control")).toBe("no-store");
  });

  test("makes one that can sign in, and has the role `user` only", async () => {
    const user = await newUser(portico);
    const { status, body } = await signIn(portico, user);
    expect({ status, role: body.user.role }).toEqual({ status: 200, role: "user" });
    expectProblem(await call("GET", "/v1/users", { token: body.accessToken }), 403, "forbidden");
  });

  test("keeps the password as argon2id with OWASP's parameters, and nowhere in clear", async () => {
    const password = `kept by nobody ${randomUUID()}`;
    const { id } = await newUser(portico, { password });
    const items = await contentsOf(portico.host);
    expect(JSON.stringify(items)).not.toContain(password);
    const credential = items.find(({ pk }) => pk === `CREDENTIAL#${id}`);
    expect(credential?.["passwordHash"]).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[^$]{22,}\$[^$]{43}$/);
  });

  test.each([
    ["a username of 3 characters", () => ({ username: randomUUID().slice(0, 3) })],
    ["a username of 64 characters", () => ({ username: `${randomUUID()}${randomUUID()}`.slice(0, 64) })],
    ["a username of all that it may have", () => ({ username: `a-z_0.9-${randomUUID()}` })],
    ["a name of 1 character", () => ({ name: "x" })],
    ["a name of 80 characters that take two UTF-16 units each", () => ({ name: "🚲".repeat(80) })],
    ["no credit", () => ({ credit: 0 })],
  ])("takes %s", async (_what, fields) => {
    const sent = fields();
    const { status, body } = await create(sent);
    expect({ status, body }).toMatchObject({ status: 201, body: sent });
  });

  test.each<readonly [string, Fields, readonly string[]]>([
    ["a username of 2 characters", { username: "ab" }, ["/username"]],
    ["a username of 65 characters", { username: "a".repeat(65) }, ["/username"]],
    ["a username with a blank", { username: "ada lovelace" }, ["/username"]],
    ["a username with an umlaut", { username: "adä" }, ["/username"]],
    ["a username whose letter only looks like a k", { username: "\u212Aada" }, ["/username"]],
    ["a username with a line break behind it", { username: "adalove\n" }, ["/username"]],
    ["a username that is an e-mail address", { username: "ada@example.com" }, ["/username"]],
    ["no username", { username: undefined }, ["/username"]],
    ["null for a username", { username: null }, ["/username"]],
    ["an empty name", { name: "" }, ["/name"]],
    ["a blank name", { name: "  " }, ["/name"]],
    ["a name of 81 characters", { name: "x".repeat(81) }, ["/name"]],
    ["a name of two lines", { name: "Ada\nLovelace" }, ["/name"]],
    ["null for a name", { name: null }, ["/name"]],
    ["no password", { password: undefined }, ["/password"]],
    ["null for a password", { password: null }, ["/password"]],
    ["a number for a password", { password: 123456789012 }, ["/password"]],
    ["a negative credit", { credit: -1 }, ["/credit"]],
    ["a credit that is not whole", { credit: 1.5 }, ["/credit"]],
    ["a credit in text", { credit: "1" }, ["/credit"]],
    ["null for a credit", { credit: null }, ["/credit"]],
    ["an unknown field", { colour: "red" }, ["/colour"]],
    [
      "fields that are not the caller's to set",
      { role: "admin", status: "active", id: "x" },
      ["/id", "/role", "/status"],
    ],
    ["much that is wrong", { username: "", name: 1, password: "", x: 1 }, ["/name", "/password", "/username", "/x"]],
  ])("refuses %s and names each field", async (_what, fields, pointers) => {
    expectProblem(await create(fields), 422, "validation_failed", pointers);
  });

  test.each([[[]], ["text"], [null], [7]])("refuses a body that is no object: %j", async (json) => {
    expectProblem(await asRoot("POST", "/v1/users", json), 422, "validation_failed", [""]);
  });
});

describe("a password", () => {
  test.each([
    ["12 characters", "twelve chars"],
    ["12 characters that take two UTF-16 units each", "🚲".repeat(12)],
    ["128 characters that take two UTF-16 units each", "🚲".repeat(128)],
    ["12 characters in two code points each, composed one each", "e\u0301".repeat(12)],
    ["blanks around it", "  a longer ride  "],
  ])("may have %s, and lets its user in", async (_what, password) => {
    const user = await newUser(portico, { password });
    expect((await signIn(portico, user)).status).toBe(200);
    if (password !== password.trim()) {
      expectProblem(await signIn(portico, { ...user, password: password.trim() }), 401, "credentials_invalid");
    }
  });

  test.each([
    ["11 characters", "eleven char"],
    ["11 characters that take two UTF-16 units each", "🚲".repeat(11)],
    ["11 characters in two code points each, composed one each", "e\u0301".repeat(11)],
    ["129 characters", "x1".repeat(64) + "x"],
    ["nothing in it", ""],
    ["half a character", `eleven chars \ud83d`],
    ["a NUL in it", "twelve chars\u0000"],
  ])("may not have %s", async (_what, password) => {
    expectProblem(await create({ password }), 422, "validation_failed", ["/password"]);
    const { accessToken: token } = await newPerson(portico);
    const json = { currentPassword: goodPassword, newPassword: password };
    const answer = await call("POST", "/v1/users/me/password", { token, json });
    expectProblem(answer, 422, "validation_failed", ["/newPassword"]);
  });

  test("is the same however a keyboard composes it, and another in another case", async () => {
    const user = await newUser(portico, { password: "cafe\u0301 au lait de Paris" });
    expect((await signIn(portico, { ...user, password: "caf\u00e9 au lait de Paris" })).status).toBe(200);
    const other = await signIn(portico, { ...user, password: "caf\u00e9 au lait de paris" });
    expectProblem(other, 401, "credentials_invalid");
  });

  test.each(["1qaz2wsx3edc", "1QAZ2wsx3EDC", "leavemealone", "123456qwerty"])(
    "may not be «%s», which is among the commonest, neither first nor later",
    async (password) => {
      expectProblem(await create({ password }), 422, "password_too_common");
      const { accessToken: token } = await newPerson(portico);
      const json = { currentPassword: goodPassword, newPassword: password };
      expectProblem(await call("POST", "/v1/users/me/password", { token, json }), 422, "password_too_common");
    },
  );

  test("may be one that only contains a common one", async () => {
    expect((await create({ password: "leavemealone, please" })).status).toBe(201);
  });
});

describe("a username", () => {
  test("that somebody has is refused, in any case", async () => {
    const { username } = await newUser(portico);
    expectProblem(await create({ username }), 409, "username_taken");
    expectProblem(await create({ username: username.toUpperCase() }), 409, "username_taken");
    expectProblem(await create({ username: portico.host.rootSignIn!.username.toUpperCase() }), 409, "username_taken");
  });

  test("is not given out again when its user is gone, to nobody, in no case", async () => {
    const { id, username } = await newUser(portico);
    expect((await remove(id)).status).toBe(204);
    expectProblem(await create({ username }), 409, "username_taken");
    expectProblem(await create({ username: username.toUpperCase() }), 409, "username_taken");
  });

  test("is not used up by a creation that was refused", async () => {
    const username = newUsername();
    expectProblem(await create({ username, password: "leavemealone" }), 422, "password_too_common");
    expectProblem(await create({ username, name: "" }), 422, "validation_failed");
    expect((await create({ username })).status).toBe(201);
  });

  test(
    "fifty times at the same moment in different case makes exactly one user, and it can sign in",
    async () => {
      const username = newUsername();
      const answers = await inParallel(50, (index) =>
        create({
          username: [...username]
            .map((letter, at) => ((index >> (at % 6)) & 1 ? letter.toUpperCase() : letter))
            .join(""),
          password: `${goodPassword} ${index}`,
        }),
      );
      expect(tally(answers.map(verdict))).toEqual({ 201: 1, "409 username_taken": 49 });
      const winner = answers.findIndex(({ status }) => status === 201);
      const session = await signIn(portico, { username, password: `${goodPassword} ${winner}` });
      expect({ status: session.status, id: session.body.user.id }).toEqual({
        status: 200,
        id: answers[winner]!.body.id,
      });
    },
    crowdTimeoutMs,
  );
});

describe("the credit that a user begins with", () => {
  test.each([
    [0, []],
    [250, [{ amount: 250, balance: 250 }]],
  ])("of %d is the sum of its ledger from the first moment", async (credit, expected) => {
    const { body } = await create({ credit });
    expect(body.credit).toBe(credit);
    const movements = (await contentsOf(portico.host)).filter(({ pk }) => pk === `CREDIT#${body.id}`);
    expect(movements.map(({ amount, balance }) => ({ amount, balance }))).toEqual(expected);
    for (const { at, redemptionId } of movements)
      expect({ at, redemptionId }).toEqual({ at: body.createdAt, redemptionId: null });
  });

  test("is 0 when nobody says anything of it", async () => {
    expect((await create()).body.credit).toBe(0);
  });
});

describe("reading users", () => {
  test("one by its id gives what creating gave", async () => {
    const { body } = await create({ credit: 7 });
    const answer = await read(body.id);
    expect({ status: answer.status, body: answer.body }).toEqual({ status: 200, body });
    expect(answer.headers.get("etag")).toBe(body.etag);
    expect(answer.headers.get("cache-control")).toBe("no-store");
  });

  test("a user reads itself, and so do administrators and root", async () => {
    const [user, admin] = [await newPerson(portico), await newPerson(portico, "admin")];
    const answers = [
      await self(user.accessToken),
      await self(admin.accessToken),
      await self(await portico.rootToken()),
    ];
    expect(answers.map(({ body }) => body.role)).toEqual(["user", "admin", "root"]);
    expect(answers[0]!.body).toEqual((await read(user.id)).body);
    expect(answers[0]!.headers.get("etag")).toBe(answers[0]!.body.etag);
  });

  test.each([unknownId, ...malformedIds, "%20", "nobody"])("%s finds nothing", async (id) => {
    const answers = [await read(id), await change(id, { status: "suspended" }), await remove(id)];
    for (const answer of answers) expectProblem(answer, 404, "not_found");
  });
});

describe("the list of users", () => {
  async function pagesOf(limit: number): Promise<any[][]> {
    return await allPages(async (cursor) =>
      asRoot("GET", `/v1/users?${new URLSearchParams({ limit: String(limit), ...(cursor && { cursor }) }).toString()}`),
    );
  }

  test("has every user exactly once, newest first, root among them, whatever the size of its pages", async () => {
    const made: string[] = [];
    for (let index = 0; index < 5; index++) made.push((await newUser(portico)).id);
    const [one, other] = [await pagesOf(3), await pagesOf(100)];
    const ids = one.flat().map(({ id }) => id as string);
    expect(other.flat().map(({ id }) => id)).toEqual(ids);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.slice(0, 5)).toEqual(made.toReversed());
    expect(ids).toContain(await rootId());
    expect(one.slice(0, -1).every((items) => items.length === 3)).toBe(true);
  });

  test("shows users as reading shows them, and no longer those that are gone", async () => {
    const [stays, goes] = [await newUser(portico), await newUser(portico)];
    expect((await remove(goes.id)).status).toBe(204);
    const items = (await pagesOf(100)).flat();
    expect(items.find(({ id }) => id === stays.id)).toEqual((await read(stays.id)).body);
    expect(items.map(({ id }) => id)).not.toContain(goes.id);
  });

  test("loses nobody and repeats nobody while users are created between its pages", async () => {
    const before = (await pagesOf(100)).flat().map(({ id }) => id as string);
    const first = await asRoot("GET", "/v1/users?limit=2");
    await newUser(portico);
    const rest = await allPages(async (cursor) => {
      const query = new URLSearchParams({ limit: "100", cursor: cursor ?? first.body.nextCursor });
      return await asRoot("GET", `/v1/users?${query.toString()}`);
    });
    expect([...first.body.items, ...rest.flat()].map(({ id }) => id)).toEqual(before);
  });

  test("refuses a cursor that was bent, or given to somebody else", async () => {
    await newUser(portico);
    await newUser(portico);
    const { body } = await asRoot("GET", "/v1/users?limit=1");
    const cursor = String(body.nextCursor);
    const bent = `${cursor.startsWith("A") ? "B" : "A"}${cursor.slice(1)}`;
    expectProblem(await asRoot("GET", `/v1/users?cursor=${bent}`), 400, "cursor_invalid");
    const { accessToken: token } = await newPerson(portico, "admin");
    expectProblem(await call("GET", `/v1/users?cursor=${cursor}`, { token }), 400, "cursor_invalid");
    expectProblem(await asRoot("GET", `/v1/partners?cursor=${cursor}`), 400, "cursor_invalid");
  });

  test.each(["limit=0", "limit=101", "limit=x", "role=root"])("refuses ?%s", async (query) => {
    expectProblem(await asRoot("GET", `/v1/users?${query}`), 422, "validation_failed");
  });
});

describe("changing oneself", () => {
  test("changes the given fields, keeps the others, and gives another tag", async () => {
    const { accessToken } = await newPerson(portico);
    const before = await self(accessToken);
    const answer = await changeSelf(accessToken, { birthDate: "1915-12-10", sex: "female" });
    expect({ status: answer.status, body: answer.body }).toEqual({
      status: 200,
      body: {
        ...before.body,
        birthDate: "1915-12-10",
        sex: "female",
        updatedAt: expect.stringMatching(instant),
        etag: answer.body.etag,
      },
    });
    expect(answer.body.etag).not.toBe(before.body.etag);
    expect((await self(accessToken)).body).toEqual(answer.body);
    const renamed = await changeSelf(accessToken, { name: "Augusta Ada King" });
    expect(renamed.body).toMatchObject({ name: "Augusta Ada King", birthDate: "1915-12-10", sex: "female" });
  });

  test("leaves the session as it is", async () => {
    const { accessToken } = await newPerson(portico);
    await changeSelf(accessToken, { name: "Augusta Ada King" });
    expect((await self(accessToken)).status).toBe(200);
  });

  test("with null clears what may be unknown (RFC 7396)", async () => {
    const { accessToken } = await newPerson(portico);
    await changeSelf(accessToken, { birthDate: "1915-12-10", sex: "other" });
    const { status, body } = await changeSelf(accessToken, { birthDate: null, sex: null });
    expect({ status, birthDate: body.birthDate, sex: body.sex }).toEqual({ status: 200, birthDate: null, sex: null });
  });

  test.each([
    ["nothing", {}],
    ["what is so already", { name: "Ada Lovelace", birthDate: null }],
  ])("with %s changes neither tag nor time", async (_what, json) => {
    const { accessToken } = await newPerson(portico);
    const before = await self(accessToken);
    const answer = await changeSelf(accessToken, json);
    expect({ status: answer.status, body: answer.body }).toEqual({ status: 200, body: before.body });
  });

  test.each(["male", "female", "other"])("takes the sex %s", async (sex) => {
    const { accessToken } = await newPerson(portico);
    expect((await changeSelf(accessToken, { sex })).body.sex).toBe(sex);
  });

  test.each(["2000-02-29", "2024-02-29", "1900-02-28", "1999-12-31"])("takes the birth date %s", async (birthDate) => {
    const { accessToken } = await newPerson(portico);
    expect((await changeSelf(accessToken, { birthDate })).body.birthDate).toBe(birthDate);
  });

  test("refuses whatever is wrong and names each field", async () => {
    const { accessToken } = await newPerson(portico);
    const before = await self(accessToken);
    const wrong: readonly (readonly [unknown, string])[] = [
      ...["2023-02-29", "1900-02-29", "2024-02-30", "2024-04-31", "2024-13-01", "2024-00-10", "2024-01-00"].map(
        (birthDate) => [{ birthDate }, "/birthDate"] as const,
      ),
      ...["", "10.12.1915", "1915-12-10T00:00:00Z", "19151210", "1915-12-1", 1915, {}].map(
        (birthDate) => [{ birthDate }, "/birthDate"] as const,
      ),
      ...["", "Female", "f", "unknown", 1].map((sex) => [{ sex }, "/sex"] as const),
      ...["", " ", "x".repeat(81), "two\nlines", null, 7].map((name) => [{ name }, "/name"] as const),
      ...["username", "password", "credit", "role", "status", "id", "etag", "createdAt"].map(
        (field) => [{ name: "x", [field]: "admin" }, `/${field}`] as const,
      ),
    ];
    const verdicts: unknown[] = [];
    for (const [json] of wrong) {
      const answer = await changeSelf(accessToken, json);
      verdicts.push([json, verdict(answer), [...new Set(pointersOf(answer))]]);
    }
    expect(verdicts).toEqual(wrong.map(([json, pointer]) => [json, "422 validation_failed", [pointer]]));
    expect((await self(accessToken)).body).toEqual(before.body);
  });

  test("with If-Match only as it was read", async () => {
    const { accessToken } = await newPerson(portico);
    const { body } = await self(accessToken);
    const first = await changeSelf(accessToken, { sex: "female" }, { "if-match": body.etag });
    expect(first.status).toBe(200);
    const late = await changeSelf(accessToken, { sex: "male" }, { "if-match": body.etag });
    expectProblem(late, 412, "precondition_failed");
    expect((await changeSelf(accessToken, { sex: "other" }, { "if-match": first.body.etag })).body.sex).toBe("other");
  });

  test("in three fields and the status at the same moment: all hold", async () => {
    const { id, accessToken } = await newPerson(portico, "admin");
    const { accessToken: admin } = await newPerson(portico, "admin");
    const answers = await Promise.all([
      changeSelf(accessToken, { name: "Augusta Ada King" }),
      changeSelf(accessToken, { birthDate: "1915-12-10" }),
      changeSelf(accessToken, { sex: "female" }),
      call("PATCH", `/v1/users/${id}`, { token: admin, json: { status: "active" } }),
    ]);
    expect(tally(answers.map(verdict))).toEqual({ 200: 4 });
    expect((await read(id)).body).toMatchObject({
      name: "Augusta Ada King",
      birthDate: "1915-12-10",
      sex: "female",
      status: "active",
    });
  });

  test("fifty times at the same moment with one tag is done exactly once", async () => {
    const { accessToken } = await newPerson(portico);
    const { body } = await self(accessToken);
    const answers = await inParallel(50, (index) =>
      changeSelf(accessToken, { name: `Ada ${index}` }, { "if-match": body.etag }),
    );
    expect(tally(answers.map(verdict))).toEqual({ 200: 1, "412 precondition_failed": 49 });
    const winner = answers.findIndex(({ status }) => status === 200);
    expect((await self(accessToken)).body.name).toBe(`Ada ${winner}`);
  });

  test("beside a suspension at the same moment loses neither", async () => {
    const { id, accessToken } = await newPerson(portico);
    const [changed, suspended] = await Promise.all([
      changeSelf(accessToken, { name: "Augusta Ada King" }),
      change(id, { status: "suspended" }),
    ]);
    expect(suspended.status).toBe(200);
    expect(["200", "401 token_revoked"]).toContain(verdict(changed));
    const { body } = await read(id);
    expect(body.status).toBe("suspended");
    expect(body.name).toBe(changed.status === 200 ? "Augusta Ada King" : "Ada Lovelace");
  });
});

describe("changing a user", () => {
  test("an administrator suspends and resumes, and sees the user as it is now", async () => {
    const { accessToken: token } = await newPerson(portico, "admin");
    const { body } = await create();
    const suspended = await call("PATCH", `/v1/users/${body.id}`, { token, json: { status: "suspended" } });
    expect(suspended.body).toEqual({
      ...body,
      status: "suspended",
      updatedAt: suspended.body.updatedAt,
      etag: suspended.body.etag,
    });
    const resumed = await call("PATCH", `/v1/users/${body.id}`, { token, json: { status: "active" } });
    expect({ status: resumed.status, shown: resumed.body.status }).toEqual({ status: 200, shown: "active" });
  });

  test("only root gives and takes the role `admin`; an administrator may not, not even its own or the one it is", async () => {
    const admin = await newPerson(portico, "admin");
    const user = await newUser(portico);
    const refused = [
      [user.id, { role: "admin" }],
      [user.id, { role: "user" }],
      [user.id, { role: "admin", status: "suspended" }],
      [admin.id, { role: "user" }],
    ] as const;
    for (const [id, json] of refused) {
      expectProblem(await call("PATCH", `/v1/users/${id}`, { token: admin.accessToken, json }), 403, "forbidden");
    }
    expect((await read(user.id)).body).toMatchObject({ role: "user", status: "active" });
    expect((await change(user.id, { role: "admin" })).body.role).toBe("admin");
    expect((await change(user.id, { role: "user" })).body.role).toBe("user");
  });

  test("nobody suspends, demotes or deletes root: no administrator and not root itself", async () => {
    const admin = await newPerson(portico, "admin");
    const id = await rootId();
    const changes = [{ status: "suspended" }, { role: "user" }, { role: "admin" }, { role: "admin", status: "active" }];
    for (const token of [admin.accessToken, await portico.rootToken()]) {
      for (const json of changes)
        expectProblem(await call("PATCH", `/v1/users/${id}`, { token, json }), 403, "forbidden");
      expectProblem(await call("DELETE", `/v1/users/${id}`, { token }), 403, "forbidden");
    }
    const { body } = await self(await portico.rootToken());
    expect(body).toMatchObject({ id, role: "root", status: "active" });
  });

  test.each<readonly [string, unknown, readonly string[]]>([
    ["nobody is made root", { role: "root" }, ["/role"]],
    ["a role that there is not", { role: "emperor" }, ["/role"]],
    ["a status that there is not", { status: "deleted" }, ["/status"]],
    ["null for a status", { status: null }, ["/status"]],
    ["null for a role", { role: null }, ["/role"]],
    ["what is the user's own", { name: "x", sex: "male", birthDate: null }, ["/birthDate", "/name", "/sex"]],
    [
      "what is nobody's to set",
      { credit: 1, password: goodPassword, username: "x" },
      ["/credit", "/password", "/username"],
    ],
    ["no object", [], [""]],
  ])("refuses: %s", async (_what, json, pointers) => {
    const { id } = await newUser(portico);
    expectProblem(await change(id, json), 422, "validation_failed", pointers);
  });

  test("with If-Match only as it was read, and never while it is refused anyway", async () => {
    const { body } = await create();
    expect((await change(body.id, { status: "suspended" }, { "if-match": body.etag })).status).toBe(200);
    const late = await change(body.id, { status: "active" }, { "if-match": body.etag });
    expectProblem(late, 412, "precondition_failed");
    expect((await change(body.id, { status: "active" }, { "if-match": "*" })).body.status).toBe("active");
  });

  test("in role and status at the same moment: both hold", async () => {
    const { id } = await newUser(portico);
    const answers = await Promise.all([change(id, { role: "admin" }), change(id, { status: "suspended" })]);
    expect(answers.map(verdict)).toEqual(["200", "200"]);
    expect((await read(id)).body).toMatchObject({ role: "admin", status: "suspended" });
  });
});

describe("deleting a user", () => {
  test("answers 204, then it is gone for everyone and everything", async () => {
    const { id, username, password, accessToken } = await newPerson(portico);
    const answer = await remove(id);
    expect({ status: answer.status, text: answer.text }).toEqual({ status: 204, text: "" });
    for (const gone of [await read(id), await change(id, { status: "active" }), await remove(id)]) {
      expectProblem(gone, 404, "not_found");
    }
    expectTokenRefused(await self(accessToken), "token_revoked");
    expectProblem(await signIn(portico, { username, password }), 401, "credentials_invalid");
  });

  test("leaves nothing of its password behind", async () => {
    const { id } = await newUser(portico);
    await remove(id);
    const left = (await contentsOf(portico.host)).filter((item) => JSON.stringify(item).includes(id));
    expect(left.map(({ pk }) => pk).filter((pk) => /^(CREDENTIAL|USER#|SESSIONS)/.test(String(pk)))).toEqual([]);
  });

  test("with If-Match only as it was read", async () => {
    const { body } = await create();
    const { body: changed } = await change(body.id, { status: "suspended" });
    expectProblem(await remove(body.id, { "if-match": body.etag }), 412, "precondition_failed");
    expect((await remove(body.id, { "if-match": changed.etag })).status).toBe(204);
  });

  test("fifty times at the same moment: it is gone, and nobody is told anything else", async () => {
    const { id } = await newUser(portico);
    const verdicts = tally((await inParallel(50, () => remove(id))).map(verdict));
    expect(Object.keys(verdicts).filter((each) => each !== "204" && each !== "404 not_found")).toEqual([]);
    expect(verdicts["204"]).toBeGreaterThanOrEqual(1);
  });

  test("an administrator deletes users and other administrators", async () => {
    const admin = await newPerson(portico, "admin");
    const [user, other] = [await newUser(portico), await newUser(portico, {}, "admin")];
    for (const { id } of [user, other]) {
      expect((await call("DELETE", `/v1/users/${id}`, { token: admin.accessToken })).status).toBe(204);
    }
  });
});

describe("who may not", () => {
  const administration = [
    ["POST", "/v1/users"],
    ["GET", "/v1/users"],
    ["GET", `/v1/users/${unknownId}`],
    ["PATCH", `/v1/users/${unknownId}`],
    ["DELETE", `/v1/users/${unknownId}`],
  ] as const;
  const ownership = [
    ["GET", "/v1/users/me"],
    ["PATCH", "/v1/users/me"],
    ["POST", "/v1/users/me/password"],
    ["POST", "/v1/auth/logout"],
  ] as const;

  test.each(administration)("users and partners may not %s %s, whatever the body", async (method, path) => {
    const { accessToken } = await newPerson(portico);
    const { token: partner } = await portico.partnerWithToken();
    for (const token of [accessToken, partner]) {
      expectProblem(await call(method, path, { token }), 403, "forbidden");
      if (method === "GET" || method === "DELETE") continue;
      expectProblem(await call(method, path, { token, json: { colour: "red" } }), 403, "forbidden");
    }
  });

  test("users may not administer themselves either", async () => {
    const { id, accessToken: token } = await newPerson(portico);
    const answers = [
      await call("GET", `/v1/users/${id}`, { token }),
      await call("PATCH", `/v1/users/${id}`, { token, json: { role: "admin" } }),
      await call("DELETE", `/v1/users/${id}`, { token }),
    ];
    for (const answer of answers) expectProblem(answer, 403, "forbidden");
  });

  test.each(ownership)("partners may not %s %s", async (method, path) => {
    const { token } = await portico.partnerWithToken();
    expectProblem(await call(method, path, { token }), 403, "forbidden");
  });

  test.each([...administration, ...ownership])("nobody without a token may %s %s", async (method, path) => {
    expectProblem(await call(method, path, { json: method === "GET" ? undefined : {} }), 401, "token_missing");
  });

  test("nobody deletes «me», not even root: that is no id", async () => {
    const token = await portico.rootToken();
    expectProblem(await portico.call("DELETE", "/v1/users/me", { token }), 404, "not_found");
  });
});

describe("an idempotency key", () => {
  const withKey = (key: string = randomUUID()): { readonly "idempotency-key": string } => ({ "idempotency-key": key });

  function expectReplayed(answer: Answer, first: Answer): void {
    expect(answer.headers.get("idempotency-replayed")).toBe("true");
    expect(first.headers.get("idempotency-replayed")).toBeNull();
    expect({ status: answer.status, text: answer.text }).toEqual({ status: first.status, text: first.text });
  }

  test("gives the first answer to a creation again, and makes no second user", async () => {
    const [json, headers] = [userFields({ credit: 5 }), withKey()];
    const first = await asRoot("POST", "/v1/users", json, headers);
    expect(first.status).toBe(201);
    await change(first.body.id, { status: "suspended" });
    const again = await asRoot("POST", "/v1/users", json, headers);
    expectReplayed(again, first);
    expect(again.headers.get("location")).toBe(first.headers.get("location"));
    expect(again.text).not.toMatch(/argon2|password|correct horse/i);
  });

  test("keeps nothing from which the password could be had", async () => {
    const password = `kept by nobody ${randomUUID()}`;
    expect((await create({ password }, withKey())).status).toBe(201);
    expect(JSON.stringify(await contentsOf(portico.host))).not.toContain(password);
  });

  test("cannot be used again for another body, nor only for another password", async () => {
    const [json, headers] = [userFields(), withKey()];
    expect((await asRoot("POST", "/v1/users", json, headers)).status).toBe(201);
    const others = [userFields(), { ...json, password: `${goodPassword}!` }];
    for (const other of others) {
      expectProblem(await asRoot("POST", "/v1/users", other, headers), 422, "idempotency_key_reused");
    }
  });

  test("gives a refusal again, although nothing would refuse any more", async () => {
    const [json, headers] = [userFields({ password: "leavemealone" }), withKey()];
    const first = await asRoot("POST", "/v1/users", json, headers);
    expectProblem(first, 422, "password_too_common");
    expectReplayed(await asRoot("POST", "/v1/users", json, headers), first);
  });

  test(
    "fifty times at the same moment makes exactly one user",
    async () => {
      const [json, headers] = [userFields({ credit: 9 }), withKey()];
      const answers = await inParallel(50, () => asRoot("POST", "/v1/users", json, headers));
      const made = answers.filter(({ status }) => status === 201);
      const waiting = answers.filter(({ body }) => body.code === "request_in_progress");
      expect(made.length + waiting.length).toBe(50);
      expect(new Set(made.map(({ text }) => text)).size).toBe(1);
      expect(made.filter(({ headers: sent }) => sent.get("idempotency-replayed") === null)).toHaveLength(1);
      const movements = (await contentsOf(portico.host)).filter(({ pk }) => pk === `CREDIT#${made[0]!.body.id}`);
      expect(movements).toHaveLength(1);
    },
    crowdTimeoutMs,
  );

  test("gives the first answer to a change of the password again, and the password is not changed twice", async () => {
    const user = await newPerson(portico);
    const [headers, newPassword] = [withKey(), "a longer ride on a blue bicycle"];
    const send = async (json: unknown): Promise<Answer> =>
      await call("POST", "/v1/users/me/password", { token: user.accessToken, json, headers });
    const first = await send({ currentPassword: user.password, newPassword });
    expect(first.status).toBe(204);
    expectReplayed(await send({ currentPassword: user.password, newPassword }), first);
    const { refreshToken } = await sessionOf(portico, { ...user, password: newPassword });
    expect(refreshToken).toEqual(expect.any(String));
    const other = await send({ currentPassword: user.password, newPassword: `${newPassword}!` });
    expectProblem(other, 422, "idempotency_key_reused");
  });
});
