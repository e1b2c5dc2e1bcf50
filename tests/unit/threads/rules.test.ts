import fc from "fast-check";
import { codePoints } from "../../../shared/contract/schemas.ts";
import { newId } from "../../../shared/domain/ids.ts";
import { orThrow, Problem } from "../../../shared/domain/problems.ts";
import { operations } from "../../../shared/threads/contract.ts";
import { duplicatesIn, type Message, type Thread } from "../../../shared/threads/model.ts";
import { begin, post, seenBy, unbroken } from "../../../shared/threads/rules.ts";
import type { StoredUser } from "../../../shared/users/model.ts";
import { createUser } from "../../../shared/users/rules.ts";
import { anyText } from "../../support/any-text.ts";

const now = new Date("2026-11-20T12:00:00.000Z");
const later = (milliseconds: number) => new Date(now.getTime() + milliseconds);
const userOf = (username: string, fields: Partial<StoredUser> = {}): StoredUser => ({
  ...createUser({ username, name: username }, now),
  ...fields,
});
const named = (...users: readonly StoredUser[]) => users.map((user) => ({ username: user.username, user }));

const refusal = (decision: object) => {
  expect(decision).toBeInstanceOf(Problem);
  const { code, extras } = decision as Problem;
  return [code, extras.errors?.map(({ pointer }) => pointer)];
};

const ada = userOf("ada");
const bob = userOf("bob");
const thread: Thread = { id: "thr_1", createdBy: ada.id, participants: [ada.id, bob.id], createdAt: now.toISOString() };

describe("beginning a thread", () => {
  test("puts an unnamed creator first and keeps the place of a named one", () => {
    const eve = userOf("eve");
    const participantsOf = (...users: readonly StoredUser[]) => orThrow(begin(ada, named(...users), now)).participants;
    expect(participantsOf(bob, eve)).toEqual([ada.id, bob.id, eve.id]);
    expect(participantsOf(bob, ada, eve)).toEqual([bob.id, ada.id, eve.id]);
  });

  test("accepts 2 to 100 participants in total", () => {
    const others = Array.from({ length: 100 }, (_, index) => userOf(`other-${index}`));
    const size = (people: readonly StoredUser[]) => {
      const decision = begin(ada, named(...people), now);
      return decision instanceof Problem ? refusal(decision) : decision.participants.length;
    };
    const invalid = ["validation_failed", ["/participants"]];
    expect(size([ada])).toEqual(invalid);
    expect(size([bob])).toBe(2);
    expect(size(others.slice(0, 99))).toBe(100);
    expect(size([...others.slice(0, 99), ada])).toBe(100);
    expect(size(others)).toEqual(invalid);
  });

  test("refuses users that are not active and points to each of them", () => {
    const gone = { username: "gone", user: undefined };
    const suspended = userOf("suspended", { status: "suspended" });
    const decision = begin(ada, [...named(bob), gone, ...named(suspended)], now);
    expect(refusal(decision)).toEqual(["participants_unknown", ["/participants/1", "/participants/2"]]);
    expect((decision as Problem).detail).toMatch(/gone, suspended/);
  });

  test("and posting are refused for a caller that was suspended or deleted during the request", () => {
    for (const caller of [undefined, userOf("ada", { status: "suspended" })]) {
      expect(refusal(begin(caller, named(bob), now))).toEqual(["token_revoked", undefined]);
      expect(refusal(post({ thread, last: undefined }, caller, "hi", now))).toEqual(["token_revoked", undefined]);
    }
  });
});

test("duplicate usernames are found whatever their letter case, at their indices", () => {
  expect(duplicatesIn(["ada", "bob", "ADA", "eve", "Bob", "ada"])).toEqual([2, 4, 5]);
  expect(duplicatesIn(["ada", "bob"])).toEqual([]);
});

test("a thread exists for its participants only", () => {
  expect(seenBy(thread, bob.id)).toBe(thread);
  expect(refusal(seenBy(thread, "usr_other"))).toEqual(["not_found", undefined]);
  expect(refusal(seenBy(undefined, bob.id))).toEqual(["not_found", undefined]);
});

describe("posting a message", () => {
  test("numbers messages 1, 2, 3 and never goes back in time, even if clocks differ", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -5000, max: 5000 }), { minLength: 1, maxLength: 30 }), (clocks) => {
        let last: Message | undefined;
        for (const [index, clock] of clocks.entries()) {
          const message = orThrow(post({ thread, last }, bob, "hello", later(clock)));
          expect(message).toMatchObject({ sequence: index + 1, sender: bob.id, text: "hello" });
          const createdAt = Date.parse(message.createdAt);
          expect(createdAt).toBeGreaterThanOrEqual(Date.parse((last ?? thread).createdAt));
          expect(createdAt).toBeGreaterThanOrEqual(later(clock).getTime());
          last = message;
        }
      }),
    );
  });
});

test("a list of messages ends before the first missing number", () => {
  const message = (sequence: number): Message => ({
    id: newId("msg_", now),
    sequence,
    sender: ada.id,
    text: "hello",
    createdAt: now.toISOString(),
  });
  fc.assert(
    fc.property(fc.nat(1000), fc.uniqueArray(fc.integer({ min: 1, max: 12 })), (after, offsets) => {
      const present = offsets.sort((a, b) => a - b).map((offset) => message(after + offset));
      const read = unbroken(present, after).map(({ sequence }) => sequence - after);
      const missing = Array.from({ length: 13 }, (_, index) => index + 1).find((offset) => !offsets.includes(offset));
      expect(read).toEqual(offsets.filter((offset) => offset < (missing ?? 13)));
    }),
  );
});

describe("the text of a message", () => {
  const body = operations.post.request.body!;
  const taken = (message: string) => {
    const parsed = body.safeParse({ message });
    return parsed.success ? parsed.data.message : undefined;
  };

  test("is stored in NFC, and normalizing it again changes nothing", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", minLength: 2, maxLength: 60 }), (text) => {
        const kept = text.normalize("NFC");
        fc.pre(codePoints(kept) >= 2);
        expect(taken(text)).toBe(kept);
        expect(taken(kept)).toBe(kept);
      }),
    );
  });

  test("has 2 to 280 code points in NFC and no control characters except tab, line feed and carriage return", () => {
    const units = fc.oneof(fc.constantFrom("a", "e\u0301", "\t", "\n", "\r", "👋", " "), anyText());
    fc.assert(
      fc.property(fc.array(units, { maxLength: 300 }), (parts) => {
        const text = parts.join("").toWellFormed();
        const kept = text.normalize("NFC");
        const plain = /^[\P{Cc}\t\n\r]*$/u.test(kept);
        expect(taken(text)).toBe(codePoints(kept) >= 2 && codePoints(kept) <= 280 && plain ? kept : undefined);
      }),
    );
  });
});
