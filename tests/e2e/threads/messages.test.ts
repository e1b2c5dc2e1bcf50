/** Reading the messages of a thread, also after a participant has left. */
import { newId } from "../../../shared/domain/ids.ts";
import type { Message, Thread } from "../../../shared/threads/model.ts";
import { messageCreation } from "../../../shared/threads/store.ts";
import { pointersOf, verdict } from "../../support/answer.ts";
import { expectTokenRefused } from "../../support/expect-problem.ts";
import { allPages } from "../../support/lists.ts";
import { changeUser, newPerson, newUser, sessionOf } from "../../support/people.ts";
import { inParallel, Portico, tally } from "../../support/portico.ts";
import { plantChanges } from "../../support/table.ts";
import { numbersOf, type Person, threadCalls, threePeople, upTo } from "../../support/threads.ts";

const portico = Portico.forSuite();
const { call } = portico;
const { begin, messages, mine, newThread, post, read } = threadCalls(portico);

let ada: Person;
let bob: Person;
beforeAll(async () => {
  [ada, bob] = await threePeople(portico);
});

describe("reading messages", () => {
  test("lists messages oldest first, in pages or after a number", async () => {
    const thread = await newThread(ada, bob);
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

  test.each(["-1", "1.5", "01", "1e3", "x", "", "1000000000000", "٣"])("rejects after=%s", async (after) => {
    const answer = await messages(ada, await newThread(ada, bob), `?after=${encodeURIComponent(after)}`);
    expect(verdict(answer)).toBe("422 validation_failed");
    expect(pointersOf(answer)).toEqual(["/after"]);
  });

  test("a cursor is bound to its reader, its thread and its `after`", async () => {
    const [thread, other] = [await newThread(ada, bob), await newThread(ada, bob)];
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

  test("pollers see every message exactly once while others post", async () => {
    const thread = await newThread(ada, bob);
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

  test("a page ends before a gap, so a poller does not skip a message that is still being written", async () => {
    const threadId = await newThread(ada, bob);
    const now = new Date();
    const createdAt = now.toISOString();
    const thread: Thread = { id: threadId, createdBy: ada.id, participants: [ada.id, bob.id], createdAt };
    // While DynamoDB writes a transaction, a read may see message 3 but not yet message 2.
    const written = upTo(4).map((sequence) => {
      const message: Message = { id: newId("msg_", now), sequence, sender: bob.id, text: "hello", createdAt };
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

describe("participants who leave", () => {
  test("messages of a deleted user stay without the name", async () => {
    const leaver = await newPerson(portico);
    const thread = await newThread(ada, leaver, bob);
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

  test("a suspended user cannot read or post, and after reactivation sees all messages", async () => {
    const user = await newUser(portico);
    const away = { ...user, ...(await sessionOf(portico, user)) };
    const thread = await newThread(ada, away);
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
});
