import { newId } from "../../../shared/domain/ids.ts";
import { advance, planSegments, restart } from "../../../shared/migrations/rules.ts";
import type { Segment } from "../../../shared/migrations/model.ts";

const now = new Date("2026-05-01T12:00:00Z");
const idAt = (ms: number) => newId("usr_", new Date(1_700_000_000_000 + ms));
const plan = (first: string, last: string) => planSegments(first, last, now);
const contains = ({ from, to }: Segment, id: string) =>
  (from === undefined || id > from) && (to === undefined || id <= to);

describe("a plan", () => {
  test("has each id in exactly one segment, also ids from before and after the plan", () => {
    const segments = plan(idAt(0), idAt(80_000));
    const ids = [-1_000_000, 0, 1, 9_999, 10_000, 10_001, 45_000, 80_000, 1_000_000].map(idAt);
    for (const id of ids) expect(segments.filter((segment) => contains(segment, id))).toHaveLength(1);
  });

  test("spreads ids of an even rate over all segments", () => {
    const segments = plan(idAt(0), idAt(80_000));
    const ids = Array.from({ length: 80 }, (_, index) => idAt(index * 1000 + 500));
    expect(segments.map((segment) => ids.filter((id) => contains(segment, id)).length)).toEqual(Array(8).fill(10));
  });

  test("of a single id has it in one segment", () => {
    const id = idAt(0);
    expect(plan(id, id).filter((segment) => contains(segment, id))).toHaveLength(1);
  });

  test("begins with nothing done", () => {
    for (const segment of plan(idAt(0), idAt(1))) {
      expect(segment).toMatchObject({ read: 0, changed: 0, done: false, revision: 1, updatedAt: now.toISOString() });
      expect(segment).not.toHaveProperty("after");
    }
  });
});

describe("a segment", () => {
  const later = new Date("2026-05-01T12:01:00Z");
  const [first] = plan(idAt(0), idAt(80_000)) as [Segment];

  test("remembers the last entry, the counts and its revision after a page", () => {
    const once = advance(first, "usr_1", { read: 25, changed: 20 }, later);
    expect(once).toEqual({
      ...first,
      after: "usr_1",
      read: 25,
      changed: 20,
      updatedAt: later.toISOString(),
      revision: 2,
    });
    expect(advance(once, "usr_2", { read: 5, changed: 0 }, later)).toMatchObject({
      read: 30,
      changed: 20,
      revision: 3,
    });
  });

  test("is done after its last page", () => {
    expect(advance(first, undefined, { read: 0, changed: 0 }, later)).toMatchObject({ done: true, revision: 2 });
  });

  test("begins a new round at its first entry", () => {
    const done = advance(
      advance(first, "usr_1", { read: 1, changed: 1 }, now),
      undefined,
      { read: 1, changed: 0 },
      now,
    );
    expect(restart(done, later)).toEqual({ ...first, updatedAt: later.toISOString(), revision: 4 });
  });
});
