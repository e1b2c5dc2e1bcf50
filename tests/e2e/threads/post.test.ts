import { randomUUID } from "node:crypto";
import { pointersOf, verdict } from "../../support/answer.ts";
import { keyed } from "../../support/idempotency.ts";
import { inParallel, Portico, tally } from "../../support/portico.ts";
import { as, type Person, threadCalls, threePeople, upTo } from "../../support/threads.ts";

const portico = Portico.forSuite();
const { call } = portico;
const { messages, newThread, post, read } = threadCalls(portico);

let ada: Person;
let bob: Person;
beforeAll(async () => {
  [ada, bob] = await threePeople(portico);
});

describe("posting a message", () => {
  test("adds a message with the next sequence number, sender and time", async () => {
    const thread = await newThread(ada, bob);
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

  test("stores the text in NFC", async () => {
    const thread = await newThread(ada, bob);
    const { body } = await post(ada, thread, "Cafe\u0301 \u1100\u1161\u11a8");
    expect(body.message).toBe("Caf\u00e9 \uac01");
    expect((await messages(bob, thread)).body.items[0].message).toBe("Caf\u00e9 \uac01");
  });

  test("accepts 2 to 280 code points in NFC", async () => {
    const thread = await newThread(ada, bob);
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
    "rejects %j, which contains a control character or invalid Unicode",
    async (message) => {
      const thread = await newThread(ada, bob);
      const answer = await post(ada, thread, message);
      expect(verdict(answer)).toBe("422 validation_failed");
      expect(pointersOf(answer)).toEqual(["/message"]);
      expect((await messages(ada, thread)).body.items).toEqual([]);
    },
  );

  test("64 parallel posts get 64 consecutive numbers", async () => {
    const thread = await newThread(ada, bob);
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

  test("fifty parallel posts with one key add one message", async () => {
    const thread = await newThread(ada, bob);
    const key = keyed();
    const answers = await inParallel(50, () => post(ada, thread, "once", key));
    expect(tally(answers.map(verdict))).toEqual({ "201": 50 });
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect((await messages(bob, thread)).body.items).toEqual([answers[0]!.body]);
    expect(verdict(await post(ada, thread, "twice", key))).toBe("422 idempotency_key_reused");
    // A key is scoped to its caller.
    expect((await post(bob, thread, "once", key)).body.sequence).toBe(2);
  });

  test("never logs the text of a message", async () => {
    const text = `secret-${randomUUID()}`;
    const thread = await newThread(ada, bob);
    await post(ada, thread, text);
    await post(ada, thread, `${text}\u0007`);
    await messages(bob, thread);
    expect(portico.logs.join("\n")).toContain("threads.post");
    expect(portico.logs.filter((line) => line.includes(text))).toEqual([]);
  });
});
