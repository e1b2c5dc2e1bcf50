import { pointersOf, verdict } from "../../support/answer.ts";
import { keyed } from "../../support/idempotency.ts";
import { changeUser, newPerson, newUsername, plantUsers } from "../../support/people.ts";
import { inParallel, Portico, tally } from "../../support/portico.ts";
import { contentsOf } from "../../support/table.ts";
import { type Person, threadCalls, threePeople, upTo } from "../../support/threads.ts";

const portico = Portico.forSuite();
const { call } = portico;
const { begin, mine, post, read, threadsOf } = threadCalls(portico);

let ada: Person;
let bob: Person;
let eve: Person;
beforeAll(async () => {
  [ada, bob, eve] = await threePeople(portico);
});

/** All items of the table except the idempotency records. */
async function contents() {
  return (await contentsOf(portico.host)).filter(({ pk }) => !String(pk).startsWith("IDEMPOTENCY#"));
}

describe("creating a thread", () => {
  test("creates a thread of the named users and the caller", async () => {
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

  test("keeps the order of the participants and shows their usernames in their own case", async () => {
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
    ["no users", () => [], ["/participants"]],
    ["the caller alone", () => [ada.username], ["/participants"]],
    ["somebody twice", () => [bob.username, eve.username, bob.username], ["/participants/2"]],
    ["somebody twice in another case", () => [bob.username, bob.username.toUpperCase()], ["/participants/1"]],
    [
      "the caller twice in another case",
      () => [ada.username, bob.username, ada.username.toUpperCase()],
      ["/participants/2"],
    ],
    [
      "invalid usernames",
      () => [bob.username, "a b", "x", "é".repeat(5)],
      ["/participants/1", "/participants/2", "/participants/3"],
    ],
    ["a number", () => [bob.username, 7], ["/participants/1"]],
    ["a hundred and one users", () => upTo(101).map((number) => `somebody-${number}`), ["/participants"]],
  ])("rejects %s as participants", async (_whom, participants, pointers) => {
    const answer = await begin(ada, participants());
    expect(verdict(answer)).toBe("422 validation_failed");
    expect(pointersOf(answer)).toEqual(pointers);
  });

  test("names unknown, deleted and suspended participants and creates nothing", async () => {
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

  test("a thread with a hundred participants is created completely or not at all", async () => {
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
    // One item lists the thread for two participants: one by the table's key, one by the index.
    const places = (await contents()).filter(({ sk }) => sk === body.id);
    const having = places.flatMap(({ pk, gsi1pk }) => [pk, gsi1pk].map((place) => String(place).split("#")[1]));
    expect(new Set(having).size).toBe(100);
    for (const person of [ada, bob]) expect((await mine(person, "?limit=1")).body.items).toEqual([body]);
    expect((await post(bob, body.id)).body).toMatchObject({ sequence: 1, sender: bob.username });
  });

  test("threads created during a participant's deletion are complete or rejected", async () => {
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
    // Three participants need two items.
    expect(places).toHaveLength(begun.length * 2);
    const listed = (await threadsOf(person, 100)).flat();
    expect(listed.map(({ id }) => id).sort()).toEqual(begun.sort());
    for (const { participants } of listed) expect(participants).toEqual([person.username, "deleted", bob.username]);
    expect(verdict(await begin(person, [leaver!.username]))).toBe("422 participants_unknown");
  });

  test("fifty parallel calls with one key create one thread", async () => {
    const key = keyed();
    const answers = await inParallel(50, () => begin(eve, [bob.username], key));
    expect(tally(answers.map(verdict))).toEqual({ "201": 50 });
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
    expect((await threadsOf(eve, 100)).flat().filter(({ createdBy }) => createdBy === eve.username)).toHaveLength(1);
    expect(verdict(await begin(eve, [ada.username], key))).toBe("422 idempotency_key_reused");
  });
});
