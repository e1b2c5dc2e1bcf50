import type { Key } from "../../../shared/runtime/key.ts";
import { absent, all, conflict, present, putAbsent, unchanged } from "../../../shared/runtime/writes.ts";
import { ConcurrencyConflict } from "../../../shared/domain/conflict.ts";
import { Table, type Item } from "../../../shared/runtime/table.ts";
import { inParallel, tally } from "../../support/portico.ts";
import { tableForFile } from "../../support/engine-table.ts";

let table: Table;
const engine = tableForFile((started) => (table = started));

let partitions = 0;
/** A partition that no other test uses. */
const newPartition = () => `TEST#${++partitions}`;

/** A key whose items may hold anything. */
type AnyKey = Key<Item>;

const put = (key: Key, fields: Item = {}) => ({ put: { ...key, ...fields } });
const refusal = (name: string) => () => new Error(name);

describe("a commit", () => {
  test("applies all of its writes", async () => {
    const pk = newPartition();
    await table.commit([put({ pk, sk: "a" }, { count: 1 }), put({ pk, sk: "b" }), put({ pk, sk: "c" })]);
    await table.commit([
      put({ pk, sk: "d" }),
      {
        update: { pk, sk: "a" },
        set: { expression: "SET #count = #count + :one", names: { "#count": "count" }, values: { ":one": 1 } },
      },
      { delete: { pk, sk: "b" } },
      { check: { pk, sk: "c" }, condition: present, onConditionFailed: conflict },
    ]);
    const { items, sortKeys } = await table.query({ partition: { pk }, limit: 10 });
    expect(items).toEqual([{ count: 2 }, {}, {}]);
    expect(sortKeys).toEqual(["a", "c", "d"]);
  });

  test("applies none of them if a condition fails", async () => {
    const pk = newPartition();
    await table.commit([put({ pk, sk: "a" }, { revision: 1 })]);
    const before = await engine.items();
    const outcome = table.commit([
      put({ pk, sk: "b" }),
      { ...put({ pk, sk: "a" }, { revision: 3 }), condition: unchanged(2), onConditionFailed: refusal("changed") },
      { delete: { pk, sk: "c" } },
    ]);
    await expect(outcome).rejects.toThrow("changed");
    expect(await engine.items()).toEqual(before);
  });

  test("of a hundred writes is also atomic", async () => {
    const pk = newPartition();
    const keys = Array.from({ length: 100 }, (_, index) => ({ pk, sk: String(index) }));
    const last = { ...put(keys[99] as Key), condition: present, onConditionFailed: refusal("absent") };
    await expect(table.commit([...keys.slice(0, 99).map((key) => put(key)), last])).rejects.toThrow("absent");
    expect((await table.query({ partition: { pk }, limit: 200 })).items).toEqual([]);
    await table.commit(keys.map((key) => putAbsent(key, {})));
    expect((await table.query({ partition: { pk }, limit: 200 })).items).toHaveLength(100);
  });

  test("returns the meaning of the first failed condition in the order of the writes", async () => {
    const pk = newPartition();
    const fails = (sk: string) => ({ check: { pk, sk }, condition: present, onConditionFailed: refusal(sk) });
    await expect(table.commit([put({ pk, sk: "x" }), fails("b"), fails("a"), fails("c")])).rejects.toThrow("b");
    const passes = { ...put({ pk, sk: "a" }), condition: absent, onConditionFailed: refusal("a") };
    await expect(table.commit([passes, fails("c"), fails("b")])).rejects.toThrow("c");
  });

  test("passes the current item to the meaning of a failed condition, or undefined if there is none", async () => {
    const pk = newPartition();
    await table.commit([put({ pk, sk: "a" }, { name: "Ada", nested: { list: [1, null, "x"] } })]);
    const seen: (Item | undefined)[] = [];
    const onConditionFailed = (existing: Item | undefined) => {
      seen.push(existing);
      return new ConcurrencyConflict();
    };
    await expect(table.commit([{ ...put({ pk, sk: "a" }), condition: absent, onConditionFailed }])).rejects.toThrow(
      ConcurrencyConflict,
    );
    await expect(table.commit([{ check: { pk, sk: "b" }, condition: present, onConditionFailed }])).rejects.toThrow(
      ConcurrencyConflict,
    );
    await expect(
      table.commit([{ delete: { pk, sk: "a" }, condition: unchanged(1), onConditionFailed }]),
    ).rejects.toThrow(ConcurrencyConflict);
    const item = { name: "Ada", nested: { list: [1, null, "x"] } };
    expect(seen).toEqual([item, undefined, item]);
  });

  test("omits undefined members", async () => {
    const pk = newPartition();
    await table.commit([put({ pk, sk: "a" }, { given: 1, missing: undefined, nested: { missing: undefined } })]);
    expect(await table.get({ pk, sk: "a" })).toEqual({ given: 1, nested: {} });
  });

  test("among parallel ones with the same condition, one succeeds", async () => {
    const pk = newPartition();
    const outcomes = await inParallel(50, (index) =>
      table
        .commit([
          {
            ...put({ pk, sk: "one" }, { index }),
            condition: absent,
            onConditionFailed: () => new ConcurrencyConflict(),
          },
          put({ pk, sk: `trace-${index}` }),
        ])
        .then(
          () => "made",
          (error: unknown) => (error as Error).name,
        ),
    );
    expect(tally(outcomes)).toEqual({ made: 1, ConcurrencyConflict: 49 });
    expect((await table.query({ partition: { pk }, limit: 100 })).items).toHaveLength(2);
  });

  test("is not started after its deadline", async () => {
    const pk = newPartition();
    const late = new Table(engine.client, engine.name, Date.now() - 1);
    await expect(late.commit([put({ pk, sk: "a" })])).rejects.toMatchObject({ code: "unavailable" });
    await expect(late.get({ pk, sk: "a" })).rejects.toMatchObject({ code: "unavailable" });
    expect(await table.get({ pk, sk: "a" })).toBeUndefined();
  });
});

describe("conditions", () => {
  test("hold for the described items only", async () => {
    const pk = newPartition();
    await table.commit([put({ pk, sk: "a" }, { revision: 7, kind: "x" })]);
    const isX = { expression: "#kind = :x", names: { "#kind": "kind" }, values: { ":x": "x" } };
    const isYOrZ = { expression: "kind = :y OR kind = :z", values: { ":y": "y", ":z": "z" } };
    const cases = [
      ["a", present, true],
      ["b", present, false],
      ["a", absent, false],
      ["b", absent, true],
      ["a", unchanged(7), true],
      ["a", unchanged(8), false],
      ["b", unchanged(7), false],
      ["a", all(present, isX, unchanged(7)), true],
      ["a", all(present, isX, unchanged(6)), false],
      ["a", all(absent, isYOrZ), false],
    ] as const;
    for (const [sk, condition, holds] of cases) {
      const outcome = await table
        .commit([{ check: { pk, sk }, condition, onConditionFailed: () => new ConcurrencyConflict() }])
        .then(
          () => true,
          (error: unknown) => !(error instanceof ConcurrencyConflict),
        );
      expect([sk, condition, outcome]).toEqual([sk, condition, holds]);
    }
  });
});

describe("an update", () => {
  const addOne = { expression: "SET #count = #count + :one", names: { "#count": "count" }, values: { ":one": 1 } };

  test("returns the updated item", async () => {
    const pk = newPartition();
    await table.commit([put({ pk, sk: "a" }, { count: 1, name: "Ada" })]);
    expect(await table.update({ update: { pk, sk: "a" }, set: addOne })).toEqual({ count: 2, name: "Ada" });
  });

  test("with a failed condition changes nothing and returns its meaning", async () => {
    const pk = newPartition();
    await table.commit([put({ pk, sk: "a" }, { count: 1 })]);
    const outcome = table.update({
      update: { pk, sk: "a" },
      set: addOne,
      condition: absent,
      onConditionFailed: (existing) => new Error(`there are ${String(existing?.count)}`),
    });
    await expect(outcome).rejects.toThrow("there are 1");
    const ofNothing = {
      update: { pk, sk: "b" },
      set: addOne,
      condition: present,
      onConditionFailed: () => new ConcurrencyConflict(),
    };
    await expect(table.update(ofNothing)).rejects.toThrow(ConcurrencyConflict);
    expect((await table.query({ partition: { pk }, limit: 10 })).items).toEqual([{ count: 1 }]);
  });

  test("among parallel ones takes effect, and each returns its own result", async () => {
    const pk = newPartition();
    await table.commit([put({ pk, sk: "a" }, { count: 0 })]);
    const results = await inParallel(50, () => {
      const key: Key<{ count: number }> = { pk, sk: "a" };
      return table.update({ update: key, set: addOne });
    });
    expect(results.map(({ count }) => count).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 50 }, (_, index) => index + 1),
    );
  });
});

describe("a query", () => {
  const pk = "TEST#QUERY";
  const letters = ["a", "b", "c", "d", "e"];

  beforeAll(async () => {
    await table.commit([
      ...letters.map((sk) => put({ pk, sk }, { gsi1pk: `${pk}#INDEX`, gsi1sk: `${sk}#x` })),
      put({ pk: "TEST#QUERZ", sk: "c" }),
    ]);
  });

  const read = async (range: object) => {
    const { sortKeys, lastKey } = await table.query({ partition: { pk }, limit: 100, ...range });
    return [sortKeys.map((sortKey) => sortKey.slice(0, 1)).join(""), lastKey];
  };

  test.each<[object, string]>([
    [{}, "abcde"],
    [{ from: "b" }, "bcde"],
    [{ from: "bb" }, "cde"],
    [{ to: "d" }, "abcd"],
    [{ to: "dd" }, "abcd"],
    [{ from: "b", to: "d" }, "bcd"],
    [{ from: "c", to: "c" }, "c"],
    [{ after: "b" }, "cde"],
    [{ after: "bb" }, "cde"],
    [{ after: "e" }, ""],
    [{ after: "b", to: "d" }, "cd"],
    [{ after: "b", from: "a" }, "cde"],
    [{ descending: true }, "edcba"],
    [{ descending: true, after: "c" }, "ba"],
    [{ descending: true, after: "a" }, ""],
    // DynamoDB rejects bounds in the wrong order.
    [{ from: "d", to: "b" }, ""],
    [{ after: "d", to: "d" }, ""],
    [{ after: "e", to: "b" }, ""],
    [{ from: "x", to: "z" }, ""],
  ])("of %j returns %j", async (range, expected) => {
    expect(await read(range)).toEqual([expected, undefined]);
  });

  test("stays in its partition, and an unknown one is empty", async () => {
    expect((await table.query({ partition: { pk: "TEST#NOTHING" }, limit: 10 })).items).toEqual([]);
    expect((await table.query({ partition: { pk: "TEST#QUERZ" }, limit: 10 })).sortKeys).toEqual(["c"]);
  });

  test.each([1, 2, 3, 4, 5, 6])("in pages of %i returns each item once, in both directions", async (limit) => {
    for (const descending of [false, true]) {
      const seen: string[] = [];
      let after: string | undefined;
      do {
        const page = await table.query({ partition: { pk }, limit, after, descending });
        expect(page.items.length).toBeLessThanOrEqual(limit);
        seen.push(...page.sortKeys);
        after = page.lastKey;
      } while (after !== undefined);
      expect(seen).toEqual(descending ? [...letters].reverse() : letters);
    }
  });

  test("of the index is sorted by the index's keys", async () => {
    const range = { partition: { pk: `${pk}#INDEX` }, index: "gsi1" } as const;
    expect(await read({ ...range, from: "b", to: "d#x" })).toEqual(["bcd", undefined]);
    expect(await read({ ...range, after: "c#x" })).toEqual(["de", undefined]);
    expect(await read({ ...range, limit: 2 })).toEqual(["ab", "b#x"]);
  });
});

describe("reading many items", () => {
  test.each([0, 1, 99, 100, 101, 250])("with %i keys returns each item at the position of its key", async (count) => {
    const pk = newPartition();
    const keys = Array.from({ length: count }, (_, index) => ({ pk, sk: `item-${index}` }));
    const there = keys.filter((_, index) => index % 3 !== 0);
    for (let start = 0; start < there.length; start += 100) {
      await table.commit(there.slice(start, start + 100).map((key) => put(key, { name: key.sk })));
    }
    expect(await table.getAll(keys)).toEqual(
      keys.map((key, index) => (index % 3 === 0 ? undefined : { name: key.sk })),
    );
  });

  test("accepts a repeated key and keys of several partitions", async () => {
    const [one, other]: [AnyKey, AnyKey] = [
      { pk: newPartition(), sk: "a" },
      { pk: newPartition(), sk: "a" },
    ];
    await table.commit([put(one, { count: 1 }), put(other, { count: 2 })]);
    const items = await table.getAll([other, one, { ...one, sk: "b" }, other]);
    expect(items.map((item) => item?.count)).toEqual([2, 1, undefined, 2]);
  });

  test("is not started after its deadline", async () => {
    const late = new Table(engine.client, engine.name, Date.now() - 1);
    await expect(late.getAll([{ pk: newPartition(), sk: "a" }])).rejects.toMatchObject({ code: "unavailable" });
  });
});

describe("removing items", () => {
  test.each([0, 1, 25, 26, 60])("removes all of %i items and no other", async (count) => {
    const pk = newPartition();
    const keys = Array.from({ length: count }, (_, index) => ({ pk, sk: `item-${String(index).padStart(3, "0")}` }));
    await table.commit([put({ pk, sk: "other" }), ...keys.map((key) => put(key))]);
    await table.remove(keys);
    expect((await table.query({ partition: { pk }, limit: 100 })).sortKeys).toEqual(["other"]);
    // Done again, it finds nothing to do.
    await table.remove(keys);
    expect((await table.query({ partition: { pk }, limit: 100 })).items).toHaveLength(1);
  });
});

test("reads are strongly consistent", async () => {
  const key = { pk: newPartition(), sk: "a" };
  expect(await table.get(key)).toBeUndefined();
  for (let count = 1; count <= 20; count++) {
    await table.commit([put(key, { count })]);
    expect(await table.get(key)).toEqual({ count });
  }
});
