/** Creating users: their names, passwords and credit. */
import { randomUUID } from "node:crypto";
import { verdict } from "../../support/answer.ts";
import { expectProblem } from "../../support/expect-problem.ts";
import { expectReplayed, withKey } from "../../support/idempotency.ts";
import { goodPassword, newPerson, newUser, newUsername, signIn, userFields } from "../../support/people.ts";
import { inParallel, Portico, tally } from "../../support/portico.ts";
import { contentsOf } from "../../support/table.ts";
import { type Fields, userCalls } from "../../support/users.ts";
import { crowdTimeoutMs, inMixedCase, instant } from "../../support/values.ts";

const portico = Portico.forSuite();
const { call } = portico;
const { asRoot, change, create, remove } = userCalls(portico);

describe("creating a user", () => {
  test("returns 201 with the user, Location and ETag, but without the password", async () => {
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

  test("a new user can sign in and has only the role `user`", async () => {
    const user = await newUser(portico);
    const { status, body } = await signIn(portico, user);
    expect({ status, role: body.user.role }).toEqual({ status: 200, role: "user" });
    expectProblem(await call("GET", "/v1/users", { token: body.accessToken }), 403, "forbidden");
  });

  test("stores the password only as an argon2id hash with OWASP's parameters", async () => {
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
    ["a username with every allowed character", () => ({ username: `a-z_0.9-${randomUUID()}` })],
    ["a name of 1 character", () => ({ name: "x" })],
    ["a Persian name with a non-joiner", () => ({ name: "علی\u200cرضا" })],
    ["a name with an emoji of several characters", () => ({ name: "Ada 👩\u200d🚀" })],
    ["a name of 80 characters that take two UTF-16 units each", () => ({ name: "🚲".repeat(80) })],
    ["no credit", () => ({ credit: 0 })],
  ])("accepts %s", async (_what, fields) => {
    const sent = fields();
    const { status, body } = await create(sent);
    expect({ status, body }).toMatchObject({ status: 201, body: sent });
  });

  test.each<readonly [string, Fields, readonly string[]]>([
    ["a username of 2 characters", { username: "ab" }, ["/username"]],
    ["a username of 65 characters", { username: "a".repeat(65) }, ["/username"]],
    ["a username with a space", { username: "ada lovelace" }, ["/username"]],
    ["a username with an umlaut", { username: "adä" }, ["/username"]],
    ["a username with a look-alike of the letter k", { username: "\u212Aada" }, ["/username"]],
    ["a username with a trailing line break", { username: "adalove\n" }, ["/username"]],
    ["a username that is an e-mail address", { username: "ada@example.com" }, ["/username"]],
    ["no username", { username: undefined }, ["/username"]],
    ["null for a username", { username: null }, ["/username"]],
    ["an empty name", { name: "" }, ["/name"]],
    ["a blank name", { name: "  " }, ["/name"]],
    ["a name of 81 characters", { name: "x".repeat(81) }, ["/name"]],
    ["a name of two lines", { name: "Ada\nLovelace" }, ["/name"]],
    ["a name that reverses the text after it", { name: "Ada \u202eecalevoL" }, ["/name"]],
    ["a name with a zero-width space", { name: "A\u200bda" }, ["/name"]],
    ["a username with a zero-width space", { username: "ada\u200blove" }, ["/username"]],
    ["null for a name", { name: null }, ["/name"]],
    ["null for a password", { password: null }, ["/password"]],
    ["a number for a password", { password: 123456789012 }, ["/password"]],
    ["a negative credit", { credit: -1 }, ["/credit"]],
    ["a credit that is not whole", { credit: 1.5 }, ["/credit"]],
    ["a credit in text", { credit: "1" }, ["/credit"]],
    ["null for a credit", { credit: null }, ["/credit"]],
    ["an unknown field", { colour: "red" }, ["/colour"]],
    ["read-only fields", { role: "admin", status: "active", id: "x" }, ["/id", "/role", "/status"]],
    [
      "several invalid fields",
      { username: "", name: 1, password: "", x: 1 },
      ["/name", "/password", "/username", "/x"],
    ],
  ])("rejects %s and names each field", async (_what, fields, pointers) => {
    expectProblem(await create(fields), 422, "validation_failed", pointers);
  });

  test.each([[[]], ["text"], [null], [7]])("rejects a body that is not an object: %j", async (json) => {
    expectProblem(await asRoot("POST", "/v1/users", json), 422, "validation_failed", [""]);
  });
});

describe("a password", () => {
  test.each([
    ["12 characters", "twelve chars"],
    ["12 characters that take two UTF-16 units each", "🚲".repeat(12)],
    ["128 characters that take two UTF-16 units each", "🚲".repeat(128)],
    ["12 characters in two code points each, composed one each", "e\u0301".repeat(12)],
    ["leading and trailing spaces", "  a longer ride  "],
  ])("accepts a password with %s, and the user can sign in with it", async (_what, password) => {
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
    ["no characters", ""],
    ["half a surrogate pair", `eleven chars \ud83d`],
    ["a NUL character", "twelve chars\u0000"],
  ])("rejects a password with %s", async (_what, password) => {
    expectProblem(await create({ password }), 422, "validation_failed", ["/password"]);
    const { accessToken: token } = await newPerson(portico);
    const json = { currentPassword: goodPassword, newPassword: password };
    const answer = await call("POST", "/v1/users/me/password", { token, json });
    expectProblem(answer, 422, "validation_failed", ["/newPassword"]);
  });

  test("is normalised to one Unicode form and is case-sensitive", async () => {
    const user = await newUser(portico, { password: "cafe\u0301 au lait de Paris" });
    expect((await signIn(portico, { ...user, password: "caf\u00e9 au lait de Paris" })).status).toBe(200);
    const other = await signIn(portico, { ...user, password: "caf\u00e9 au lait de paris" });
    expectProblem(other, 401, "credentials_invalid");
  });

  test.each(["1qaz2wsx3edc", "1QAZ2wsx3EDC", "leavemealone", "123456qwerty"])(
    'rejects the common password "%s" at creation and at a change',
    async (password) => {
      expectProblem(await create({ password }), 422, "password_too_common");
      const { accessToken: token } = await newPerson(portico);
      const json = { currentPassword: goodPassword, newPassword: password };
      expectProblem(await call("POST", "/v1/users/me/password", { token, json }), 422, "password_too_common");
    },
  );

  test("accepts a password that only contains a common one", async () => {
    expect((await create({ password: "leavemealone, please" })).status).toBe(201);
  });
});

describe("a username", () => {
  test("rejects a taken username, regardless of case", async () => {
    const { username } = await newUser(portico);
    expectProblem(await create({ username }), 409, "username_taken");
    expectProblem(await create({ username: username.toUpperCase() }), 409, "username_taken");
    expectProblem(await create({ username: portico.host.rootSignIn!.username.toUpperCase() }), 409, "username_taken");
  });

  test("a deleted user's username stays taken, regardless of case", async () => {
    const { id, username } = await newUser(portico);
    expect((await remove(id)).status).toBe(204);
    expectProblem(await create({ username }), 409, "username_taken");
    expectProblem(await create({ username: username.toUpperCase() }), 409, "username_taken");
  });

  test("a rejected creation does not take the username", async () => {
    const username = newUsername();
    expectProblem(await create({ username, password: "leavemealone" }), 422, "password_too_common");
    expectProblem(await create({ username, name: "" }), 422, "validation_failed");
    expect((await create({ username })).status).toBe(201);
  });

  test(
    "of fifty parallel creations with one username in different case, one succeeds",
    async () => {
      const username = newUsername();
      const answers = await inParallel(50, (index) =>
        create({
          username: inMixedCase(username, index),
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

describe("a reserved username", () => {
  test.each(["deleted", "DELETED", "Deleted"])("rejects the reserved username %s", async (username) => {
    const token = await portico.rootToken();
    const answer = await call("POST", "/v1/users", { token, json: userFields({ username }) });
    expect(verdict(answer)).toBe("409 username_taken");
  });
});

describe("the initial credit", () => {
  test.each([
    [0, []],
    [250, [{ amount: 250, balance: 250 }]],
  ])("%d equals the sum of the ledger from the start", async (credit, expected) => {
    const { body } = await create({ credit });
    expect(body.credit).toBe(credit);
    const movements = await contentsOf(portico.host, `CREDIT#${body.id}`);
    expect(movements.map(({ amount, balance }) => ({ amount, balance }))).toEqual(expected);
    for (const { at, redemptionId } of movements)
      expect({ at, redemptionId }).toEqual({ at: body.createdAt, redemptionId: null });
  });

  test("defaults to 0", async () => {
    expect((await create()).body.credit).toBe(0);
  });
});

describe("Idempotency-Key", () => {
  test("a replay returns the first response and creates no second user", async () => {
    const [json, headers] = [userFields({ credit: 5 }), withKey()];
    const first = await asRoot("POST", "/v1/users", json, headers);
    expect(first.status).toBe(201);
    await change(first.body.id, { status: "suspended" });
    const again = await asRoot("POST", "/v1/users", json, headers);
    expectReplayed(again, first);
    expect(again.headers.get("location")).toBe(first.headers.get("location"));
    expect(again.text).not.toMatch(/argon2|password|correct horse/i);
  });

  test("the idempotency record holds nothing that reveals the password", async () => {
    const password = `kept by nobody ${randomUUID()}`;
    expect((await create({ password }, withKey())).status).toBe(201);
    expect(JSON.stringify(await contentsOf(portico.host))).not.toContain(password);
  });

  test("rejects the same key with a different body or a different password", async () => {
    const [json, headers] = [userFields(), withKey()];
    expect((await asRoot("POST", "/v1/users", json, headers)).status).toBe(201);
    const others = [userFields(), { ...json, password: `${goodPassword}!` }];
    for (const other of others) {
      expectProblem(await asRoot("POST", "/v1/users", other, headers), 422, "idempotency_key_reused");
    }
  });

  test("replays a rejection even if the request would now succeed", async () => {
    const [json, headers] = [userFields({ password: "leavemealone" }), withKey()];
    const first = await asRoot("POST", "/v1/users", json, headers);
    expectProblem(first, 422, "password_too_common");
    expectReplayed(await asRoot("POST", "/v1/users", json, headers), first);
  });

  test(
    "fifty parallel calls with one key create one user",
    async () => {
      const [json, headers] = [userFields({ credit: 9 }), withKey()];
      const answers = await inParallel(50, () => asRoot("POST", "/v1/users", json, headers));
      const made = answers.filter(({ status }) => status === 201);
      const waiting = answers.filter(({ body }) => body.code === "request_in_progress");
      expect(made.length + waiting.length).toBe(50);
      expect(new Set(made.map(({ text }) => text)).size).toBe(1);
      expect(made.filter(({ headers: sent }) => sent.get("idempotency-replayed") === null)).toHaveLength(1);
      const movements = await contentsOf(portico.host, `CREDIT#${made[0]!.body.id}`);
      expect(movements).toHaveLength(1);
    },
    crowdTimeoutMs,
  );
});
