import { randomUUID } from "node:crypto";
import { newId } from "../../../shared/domain/ids.ts";
import type { Message, Thread } from "../../../shared/threads/rules.ts";
import { messageCreation, threadCreation } from "../../../shared/threads/store.ts";
import { conforming, pointersOf, verdict } from "../../support/conformance.ts";
import { expectTokenRefused } from "../../support/expect-problem.ts";
import { allPages } from "../../support/lists.ts";
import {
  changeUser,
  newPerson,
  newUser,
  newUsername,
  plantUsers,
  sessionOf,
  userFields,
  type TestSession,
  type TestUser,
} from "../../support/people.ts";
import { inParallel, Portico, tally, type Answer, type CallOptions } from "../../support/portico.ts";
import { contentsOf, plantChanges } from "../../support/table.ts";

type Person = TestUser & TestSession;

let portico: Portico;
let ada: Person;
let bob: Person;
let eve: Person;
beforeAll(async () => {
  // More than one process, so that posts really meet.
  portico = await Portico.start({ processesPerFunction: 4 });
  [ada, bob, eve] = [await newPerson(portico), await newPerson(portico), await newPerson(portico)];
});
afterAll(async () => {
  await portico.close();
});

const call = conforming(() => portico);
const as = ({ accessToken: token }: TestSession, options: CallOptions = {}): CallOptions => ({ token, ...options });
const keyed = (key: string = randomUUID()) => ({ headers: { "idempotency-key": key } });

const begin = (person: TestSession, participants: unknown, options: CallOptions = {}) =>
  call("POST", "/v1/threads", as(person, { json: { participants }, ...options }));
const post = (person: TestSession, threadId: string, message: unknown = "hello", options: CallOptions = {}) =>
  call("POST", `/v1/threads/${threadId}/messages`, as(person, { json: { message }, ...options }));
const read = (person: TestSession, threadId: string) => call("GET", `/v1/threads/${threadId}`, as(person));
const messages = (person: TestSession, threadId: string, query = "") =>
  call("GET", `/v1/threads/${threadId}/messages${query}`, as(person));
const mine = (person: TestSession, query = "") => call("GET", `/v1/threads${query}`, as(person));

/** A thread of Ada's with the named ones, Bob where none is. */
async function newThread(participants: readonly string[] = [bob.username]): Promise<string> {
  const { status, text, body } = await begin(ada, participants);
  if (status !== 201) throw new Error(`no thread begun: ${text}`);
  return body.id;
}

const numbersOf = ({ body }: Answer): number[] => body.items.map(({ sequence }: { sequence: number }) => sequence);
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

/** All threads of somebody, page by page. */
async function threadsOf(person: TestSession, limit: number): Promise<any[][]> {
  return await allPages((cursor) => mine(person, `?limit=${limit}${cursor === undefined ? "" : `&cursor=${cursor}`}`));
}

/** Everything in the table but the answers that are kept under idempotency keys. */
async function contents() {
  return (await contentsOf(portico.host)).filter(({ pk }) => !String(pk).startsWith("IDEMPOTENCY#"));
}

describe("beginning a thread", () => {
  test("makes one of those who are named, and the caller, who need not name itself", async () => {
    const { status, headers, body } = await begin(ada, [bob.username]);
    expect(status).toBe(201);
    expect(headers.get("location")).toBe(`/v1/threads/${body.id}`);
    expect(body).toEqual({
      id: expect.stringMatching(/^thr_/),
      participants: [ada.username, bob.username],
      createdBy: ada.username,
      createdAt: expect.stringMatching(/Z$/),
      lastMessageAt: null,
      lastSequence: 0,
    });
    for (const person of [ada, bob]) {
      expect((await read(person, body.id)).body).toEqual(body);
      expect((await mine(person, "?limit=1")).body.items).toEqual([body]);
    }
  });

  test("shows the participants in the order in which they are named, by the names that they have, whatever the case", async () => {
    const named = [bob, ada, eve].map(({ username }) => username);
    const { body } = await begin(
      ada,
      named.map((username) => username.toUpperCase()),
    );
    expect(body.participants).toEqual(named);
    expect((await begin(ada, [eve.username, bob.username])).body.participants).toEqual([
      ada.username,
      eve.username,
      bob.username,
    ]);
  });

  test.each<[string, () => readonly unknown[], readonly string[]]>([
    ["nobody", () => [], ["/participants"]],
    ["the caller alone", () => [ada.username], ["/participants"]],
    ["somebody twice", () => [bob.username, eve.username, bob.username], ["/participants/2"]],
    ["somebody twice in another case", () => [bob.username, bob.username.toUpperCase()], ["/participants/1"]],
    [
      "the caller twice in another case",
      () => [ada.username, bob.username, ada.username.toUpperCase()],
      ["/participants/2"],
    ],
    [
      "what is no username",
      () => [bob.username, "a b", "x", "é".repeat(5)],
      ["/participants/1", "/participants/2", "/participants/3"],
    ],
    ["what is no text", () => [bob.username, 7], ["/participants/1"]],
    ["a hundred and one", () => upTo(101).map((number) => `somebody-${number}`), ["/participants"]],
  ])("naming %s is not valid", async (_whom, participants, pointers) => {
    const answer = await begin(ada, participants());
    expect(verdict(answer)).toBe("422 validation_failed");
    expect(pointersOf(answer)).toEqual(pointers);
  });

  test("with a name that is unknown, or of somebody who was deleted or suspended, says whose, and makes nothing", async () => {
    const [deleted, suspended] = await plantUsers(portico, 2);
    await call("DELETE", `/v1/users/${deleted!.id}`, { token: await portico.rootToken() });
    await changeUser(portico, suspended!.id, { status: "suspended" });
    const unknown = newUsername();
    const before = await contents();
    const named = [bob.username, unknown, suspended!.username, eve.username, deleted!.username];
    const answer = await begin(ada, named, keyed());
    expect(verdict(answer)).toBe("422 participants_unknown");
    expect(pointersOf(answer)).toEqual(["/participants/1", "/participants/2", "/participants/4"]);
    for (const username of [unknown, suspended!.username, deleted!.username]) {
      expect(answer.body.detail).toContain(username);
      expect(answer.text).not.toContain(eve.username);
    }
    expect(await contents()).toEqual(before);
  });

  test("with a hundred people is all or nothing, the idempotency key included", async () => {
    const others = (await plantUsers(portico, 98)).map(({ username }) => username);
    const before = await contents();
    const unknown = newUsername();
    const refused = await begin(ada, [...others, unknown], keyed());
    expect(verdict(refused)).toBe("422 participants_unknown");
    expect(pointersOf(refused)).toEqual(["/participants/98"]);
    expect(verdict(await begin(ada, [...others, bob.username, eve.username]))).toBe("422 validation_failed");
    expect(await contents()).toEqual(before);

    const key = keyed();
    const named = [...others, bob.username];
    const { status, body } = await begin(ada, named, key);
    expect(status).toBe(201);
    expect(body.participants).toEqual([ada.username, ...named]);
    const again = await begin(ada, named, key);
    expect(again.headers.get("idempotency-replayed")).toBe("true");
    expect(again.body).toEqual(body);
    // Everybody has it among their threads: half of them by the table, half by the index.
    const places = (await contents()).filter(({ sk }) => sk === body.id);
    const having = places.flatMap(({ pk, gsi1pk }) => [pk, gsi1pk].map((place) => String(place).split("#")[1]));
    expect(new Set(having).size).toBe(100);
    for (const person of [ada, bob]) expect((await mine(person, "?limit=1")).body.items).toEqual([body]);
    expect((await post(bob, body.id)).body).toMatchObject({ sequence: 1, sender: bob.username });
  });

  test("while a participant is being deleted makes a whole thread or none, and none afterwards", async () => {
    const person = await newPerson(portico);
    const [leaver] = await plantUsers(portico, 1);
    const token = await portico.rootToken();
    const [answers] = await Promise.all([
      inParallel(20, () => begin(person, [leaver!.username, bob.username])),
      call("DELETE", `/v1/users/${leaver!.id}`, { token }),
    ]);
    const begun = answers.filter(({ status }) => status === 201).map(({ body }) => body.id as string);
    const refused = answers.map(verdict).filter((given) => given === "422 participants_unknown");
    expect(begun.length + refused.length).toBe(20);
    const places = (await contents()).filter(({ sk }) => begun.includes(String(sk)));
    // Three people have two items: a pair, and one alone.
    expect(places).toHaveLength(begun.length * 2);
    const listed = (await threadsOf(person, 100)).flat();
    expect(listed.map(({ id }) => id).sort()).toEqual(begun.sort());
    for (const { participants } of listed) expect(participants).toEqual([person.username, "deleted", bob.username]);
    expect(verdict(await begin(person, [leaver!.username]))).toBe("422 participants_unknown");
  });

  test("fifty times at the same moment with one key makes one thread", async () => {
    const key = keyed();
    const answers = await inParallel(50, () => begin(eve, [bob.username], key));
    expect(tally(answers.map(verdict))).toEqual({ "201": 50 });
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
    expect((await threadsOf(eve, 100)).flat().filter(({ createdBy }) => createdBy === eve.username)).toHaveLength(1);
    expect(verdict(await begin(eve, [ada.username], key))).toBe("422 idempotency_key_reused");
  });
});

describe("posting", () => {
  test("adds a message with the next number, its sender and its time", async () => {
    const thread = await newThread();
    const first = await post(ada, thread, "Hello\tBob,\r\nhow are you? 👋");
    expect(first.status).toBe(201);
    expect(first.body).toEqual({
      id: expect.stringMatching(/^msg_/),
      sequence: 1,
      sender: ada.username,
      message: "Hello\tBob,\r\nhow are you? 👋",
      createdAt: expect.stringMatching(/Z$/),
    });
    const second = await post(bob, thread, "fine");
    expect(second.body).toMatchObject({ sequence: 2, sender: bob.username });
    expect((await messages(bob, thread)).body).toEqual({ items: [first.body, second.body], nextCursor: null });
    const found = await call("GET", second.headers.get("location") ?? "", as(ada));
    expect(found.body.items).toEqual([second.body]);
    expect((await read(ada, thread)).body).toMatchObject({ lastSequence: 2, lastMessageAt: second.body.createdAt });
  });

  test("keeps the text in NFC", async () => {
    const thread = await newThread();
    const { body } = await post(ada, thread, "Cafe\u0301 \u1100\u1161\u11a8");
    expect(body.message).toBe("Caf\u00e9 \uac01");
    expect((await messages(bob, thread)).body.items[0].message).toBe("Caf\u00e9 \uac01");
  });

  test("takes 2 to 280 characters, counted as code points of NFC", async () => {
    const thread = await newThread();
    const good = ["ok", "👩‍💻", "👋".repeat(280), "e\u0301".repeat(280), "  "];
    for (const message of good) expect((await post(ada, thread, message)).status).toBe(201);
    const bad = ["", "a", "👋", "e\u0301", "\u1100\u1161", "👋".repeat(281), "x".repeat(281)];
    for (const message of bad) {
      const answer = await post(ada, thread, message);
      expect(verdict(answer)).toBe("422 validation_failed");
      expect(pointersOf(answer)).toEqual(["/message"]);
    }
    expect((await read(ada, thread)).body.lastSequence).toBe(good.length);
  });

  test.each(["a\u0000b", "a\u0007b", "a\u000bb", "a\u001bb", "a\u007fb", "a\u0085b", "a\u009fb", "a\ud83db"])(
    "refuses %j: a control character, or no Unicode",
    async (message) => {
      const thread = await newThread();
      const answer = await post(ada, thread, message);
      expect(verdict(answer)).toBe("422 validation_failed");
      expect(pointersOf(answer)).toEqual(["/message"]);
      expect((await messages(ada, thread)).body.items).toEqual([]);
    },
  );

  test("64 times at the same moment gives 64 consecutive numbers, and none fails", async () => {
    const thread = await newThread();
    const answers = await inParallel(64, (index) => post(index % 2 === 0 ? ada : bob, thread, `message ${index}`));
    expect(tally(answers.map(verdict))).toEqual({ "201": 64 });
    const posted = answers.map(({ body }) => body).sort((a, b) => a.sequence - b.sequence);
    expect(posted.map(({ sequence }) => sequence)).toEqual(upTo(64));
    const { body } = await messages(ada, thread, "?limit=100");
    expect(body).toEqual({ items: posted, nextCursor: null });
    const times = posted.map(({ createdAt }) => createdAt);
    expect(times).toEqual([...times].sort());
    expect((await read(bob, thread)).body).toMatchObject({ lastSequence: 64, lastMessageAt: times.at(-1) });
  });

  test("fifty times at the same moment with one key adds one message, and everybody is told of it", async () => {
    const thread = await newThread();
    const key = keyed();
    const answers = await inParallel(50, () => post(ada, thread, "once", key));
    expect(tally(answers.map(verdict))).toEqual({ "201": 50 });
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect((await messages(bob, thread)).body.items).toEqual([answers[0]!.body]);
    expect(verdict(await post(ada, thread, "twice", key))).toBe("422 idempotency_key_reused");
    // A key is its caller's own.
    expect((await post(bob, thread, "once", key)).body.sequence).toBe(2);
  });

  test("leaves no text in the logs", async () => {
    const text = `secret-${randomUUID()}`;
    const thread = await newThread();
    await post(ada, thread, text);
    await post(ada, thread, `${text}\u0007`);
    await messages(bob, thread);
    expect(portico.logs.join("\n")).toContain("threads.post");
    expect(portico.logs.filter((line) => line.includes(text))).toEqual([]);
  });
});

describe("reading", () => {
  test("one's threads shows the newest thread first, whatever was said last, each once", async () => {
    const person = await newPerson(portico);
    const begun: string[] = [];
    for (let index = 0; index < 5; index++) {
      // By turns the person is the creator, and the one who was named.
      const { body } = await (index % 2 === 0 ? begin(person, [ada.username]) : begin(ada, [person.username]));
      begun.unshift(body.id);
    }
    const { body: last } = await post(ada, begun[4]!);
    const [all] = await threadsOf(person, 100);
    // Ids of one millisecond have no order; beside that, they have that of their times.
    expect(all!.map(({ id }) => id)).toEqual([...begun].sort().reverse());
    expect(all!.map(({ lastMessageAt }) => lastMessageAt).sort()).toEqual(
      [last.createdAt, null, null, null, null].sort(),
    );
    for (const limit of [1, 2, 3, 4, 5]) {
      const pages = await threadsOf(person, limit);
      expect(pages.flat()).toEqual(all);
      expect(pages.every((page) => page.length <= limit)).toBe(true);
    }
  });

  test("a page of large threads ends before it names too many people, and the next one goes on", async () => {
    const person = await newPerson(portico);
    const now = new Date();
    const threads = upTo(12).map((): Thread => {
      const others = upTo(99).map(() => newId("usr_", now));
      return { id: newId("thr_", now), createdBy: person.id, participants: [person.id, ...others], createdAt: now };
    });
    await plantChanges(portico.host, threads.map(threadCreation));
    const pages = await threadsOf(person, 100);
    expect(pages.map((page) => page.length)).toEqual([5, 5, 2]);
    expect(pages.flat().map(({ id }) => id)).toEqual(
      threads
        .map(({ id }) => id)
        .sort()
        .reverse(),
    );
  });

  test("a thread is for its participants: to others it does not exist", async () => {
    const thread = await newThread();
    const missing = newId("thr_", new Date());
    await post(ada, thread);
    for (const id of [thread, missing, "thr_x", "x"]) {
      const answers = [
        await read(eve, id),
        await messages(eve, id),
        await post(eve, id),
        await post(eve, id, "hi", keyed()),
      ];
      expect(answers.map(verdict)).toEqual(Array(4).fill("404 not_found"));
      expect(new Set(answers.map(({ body }) => body.detail)).size).toBe(1);
    }
    // Not even to an administrator.
    expect(verdict(await call("GET", `/v1/threads/${thread}`, { token: await portico.rootToken() }))).toBe(
      "404 not_found",
    );
    expect((await messages(ada, thread)).body.items).toHaveLength(1);
    const seen = (await threadsOf(eve, 100)).flat().map(({ id }) => id);
    expect(seen).not.toContain(thread);
  });

  test("messages come oldest first, in pages, or after a number", async () => {
    const thread = await newThread();
    for (const number of upTo(7)) await post(ada, thread, `number ${number}`);
    for (const [query, expected] of [
      ["", upTo(7)],
      ["?after=0", upTo(7)],
      ["?after=5", [6, 7]],
      ["?after=7", []],
      ["?after=999999999999", []],
      ["?after=2&limit=2", [3, 4]],
    ] as const) {
      expect(numbersOf(await messages(bob, thread, query))).toEqual(expected);
    }
    const pages = await allPages((cursor) =>
      messages(bob, thread, `?after=1&limit=4${cursor === undefined ? "" : `&cursor=${cursor}`}`),
    );
    expect(pages.map((page) => page.map(({ sequence }) => sequence))).toEqual([
      [2, 3, 4, 5],
      [6, 7],
    ]);
  });

  test.each(["-1", "1.5", "01", "1e3", "x", "", "1000000000000", "٣"])("after=%s is not valid", async (after) => {
    const answer = await messages(ada, await newThread(), `?after=${encodeURIComponent(after)}`);
    expect(verdict(answer)).toBe("422 validation_failed");
    expect(pointersOf(answer)).toEqual(["/after"]);
  });

  test("a cursor belongs to its reader, its thread and its `after`", async () => {
    const [thread, other] = [await newThread(), await newThread()];
    for (const number of upTo(3)) await post(ada, thread, `number ${number}`);
    const cursor = (await messages(ada, thread, "?limit=1&after=1")).body.nextCursor as string;
    expect(numbersOf(await messages(ada, thread, `?after=1&cursor=${cursor}`))).toEqual([3]);
    const strangers = [
      await messages(ada, thread, `?cursor=${cursor}`),
      await messages(ada, thread, `?after=2&cursor=${cursor}`),
      await messages(bob, thread, `?after=1&cursor=${cursor}`),
      await messages(ada, other, `?after=1&cursor=${cursor}`),
      await mine(ada, `?cursor=${cursor}`),
    ];
    expect(strangers.map(verdict)).toEqual(strangers.map(() => "400 cursor_invalid"));
  });

  test("pollers beside writers miss no message and see none twice", async () => {
    const thread = await newThread();
    const [writers, each] = [6, 4];
    const total = writers * each;
    const poll = async (person: Person, limit: number) => {
      const seen: number[] = [];
      for (let polls = 0; seen.length < total && polls < 2000; polls++) {
        seen.push(...numbersOf(await messages(person, thread, `?after=${seen.at(-1) ?? 0}&limit=${limit}`)));
      }
      return seen;
    };
    const write = async (index: number) => {
      const verdicts = [];
      for (let turn = 0; turn < each; turn++) verdicts.push(verdict(await post(index % 2 === 0 ? ada : bob, thread)));
      return verdicts;
    };
    const [written, ...seen] = await Promise.all([inParallel(writers, write), poll(ada, 100), poll(bob, 2)]);
    expect(tally(written.flat())).toEqual({ "201": total });
    for (const numbers of seen) expect(numbers).toEqual(upTo(total));
  });

  test("a page ends before a message that is not there yet, so that a poller comes back for it", async () => {
    const threadId = await newThread();
    const createdAt = new Date();
    const thread: Thread = { id: threadId, createdBy: ada.id, participants: [ada.id, bob.id], createdAt };
    // What a reading may meet while DynamoDB writes a transaction: message 3, and not yet message 2.
    const written = upTo(4).map((sequence) => {
      const message: Message = { id: newId("msg_", createdAt), sequence, sender: bob.id, text: "hello", createdAt };
      return messageCreation({ thread, last: undefined }, message).slice(1);
    });
    const [first, second, third, fourth] = written as [any, any, any, any];
    await plantChanges(portico.host, [third, fourth]);
    const empty = await messages(ada, threadId);
    expect(empty.body).toEqual({ items: [], nextCursor: expect.any(String) });
    await plantChanges(portico.host, [first]);
    const page = await messages(ada, threadId);
    expect(numbersOf(page)).toEqual([1]);
    expect(numbersOf(await messages(ada, threadId, "?after=1"))).toEqual([]);
    await plantChanges(portico.host, [second]);
    expect(numbersOf(await messages(ada, threadId, `?cursor=${page.body.nextCursor}`))).toEqual([2, 3, 4]);
    expect(numbersOf(await messages(ada, threadId, `?cursor=${empty.body.nextCursor}`))).toEqual([1, 2, 3, 4]);
    expect(numbersOf(await messages(ada, threadId, "?after=1"))).toEqual([2, 3, 4]);
  });
});

describe("leaving", () => {
  test("a deleted user's messages stay, and its name is nowhere in them", async () => {
    const leaver = await newPerson(portico);
    const thread = await newThread([leaver.username, bob.username]);
    const begun = (await begin(leaver, [ada.username])).body.id as string;
    await post(leaver, thread, "farewell");
    await post(ada, thread, "who was that?");
    const root = await portico.rootToken();
    expect((await call("DELETE", `/v1/users/${leaver.id}`, { token: root })).status).toBe(204);
    expectTokenRefused(await read(leaver, thread), "token_revoked");
    const answers = [await messages(bob, thread), await read(bob, thread), await mine(ada), await read(ada, begun)];
    expect(answers[0]!.body.items).toMatchObject([
      { sequence: 1, sender: "deleted", message: "farewell" },
      { sequence: 2, sender: ada.username },
    ]);
    expect(answers[1]!.body.participants).toEqual([ada.username, "deleted", bob.username]);
    expect(answers[3]!.body).toMatchObject({ createdBy: "deleted", participants: ["deleted", ada.username] });
    for (const { text } of answers) expect(text).not.toContain(leaver.username);
    expect((await post(bob, thread, "nobody knows")).body.sequence).toBe(3);
    expect(verdict(await begin(ada, [leaver.username]))).toBe("422 participants_unknown");
  });

  test.each(["deleted", "DELETED", "Deleted"])("nobody can be called %s", async (username) => {
    const token = await portico.rootToken();
    const answer = await call("POST", "/v1/users", { token, json: userFields({ username }) });
    expect(verdict(answer)).toBe("409 username_taken");
  });

  test("a suspended user can neither read nor write, keeps its name, and comes back to what was said meanwhile", async () => {
    const user = await newUser(portico);
    const away = { ...user, ...(await sessionOf(portico, user)) };
    const thread = await newThread([away.username]);
    await post(away, thread, "back soon");
    await changeUser(portico, away.id, { status: "suspended" });
    const answers = [
      await read(away, thread),
      await mine(away),
      await messages(away, thread),
      await post(away, thread),
      await begin(away, [ada.username]),
    ];
    for (const answer of answers) expectTokenRefused(answer, "token_revoked");
    await post(ada, thread, "see you");
    expect((await messages(ada, thread)).body.items).toMatchObject([
      { sender: away.username },
      { sender: ada.username },
    ]);
    await changeUser(portico, away.id, { status: "active" });
    const back = await sessionOf(portico, user);
    expect(numbersOf(await messages(back, thread, "?after=1"))).toEqual([2]);
    expect((await post(back, thread, "here again")).body.sequence).toBe(3);
  });

  test("a partner has no part in threads", async () => {
    const { token } = await portico.partnerWithToken();
    const thread = await newThread();
    const answers = [
      await call("GET", "/v1/threads", { token }),
      await call("GET", `/v1/threads/${thread}/messages`, { token }),
      await call("POST", `/v1/threads/${thread}/messages`, {
        token,
        raw: "{",
        headers: { "content-type": "application/json" },
      }),
    ];
    expect(answers.map(verdict)).toEqual(Array(3).fill("403 forbidden"));
  });
});
