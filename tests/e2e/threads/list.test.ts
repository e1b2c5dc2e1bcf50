/** Listing and reading threads, and who may see them. Covers `threads/read`. */
import { newId } from "../../../shared/domain/ids.ts";
import type { Thread } from "../../../shared/threads/model.ts";
import { threadCreation } from "../../../shared/threads/store.ts";
import { verdict } from "../../support/answer.ts";
import { keyed } from "../../support/idempotency.ts";
import { newPerson } from "../../support/people.ts";
import { Portico } from "../../support/portico.ts";
import { plantChanges } from "../../support/table.ts";
import { type Person, threadCalls, threePeople, upTo } from "../../support/threads.ts";

const portico = Portico.forSuite();
const { call } = portico;
const { begin, messages, newThread, post, read, threadsOf } = threadCalls(portico);

let ada: Person;
let bob: Person;
let eve: Person;
beforeAll(async () => {
  [ada, bob, eve] = await threePeople(portico);
});

describe("the list of threads", () => {
  test("lists each thread once, newest thread first", async () => {
    const person = await newPerson(portico);
    const begun: string[] = [];
    for (let index = 0; index < 5; index++) {
      // The person is the creator and a named participant in turn.
      const { body } = await (index % 2 === 0 ? begin(person, [ada.username]) : begin(ada, [person.username]));
      begun.unshift(body.id);
    }
    const { body: last } = await post(ada, begun[4]!);
    const [all] = await threadsOf(person, 100);
    // Ids are ordered by time, but not within one millisecond.
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

  test("a page of large threads is cut short, and the next page continues", async () => {
    const person = await newPerson(portico);
    const now = new Date();
    const threads = upTo(12).map((): Thread => {
      const others = upTo(99).map(() => newId("usr_", now));
      const participants = [person.id, ...others];
      return { id: newId("thr_", now), createdBy: person.id, participants, createdAt: now.toISOString() };
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
});

describe("access", () => {
  test("a thread returns 404 to everybody but its participants", async () => {
    const thread = await newThread(ada, bob);
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
});

describe("partners", () => {
  test("partners cannot use threads", async () => {
    const { token } = await portico.partnerWithToken();
    const thread = await newThread(ada, bob);
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
