import { compilePattern } from "../../../infra/local/lambda/event-pattern.ts";
import type { Invocation } from "../../../infra/local/lambda/function-pool.ts";
import { processBatch, type FailedBatch } from "../../../infra/local/lambda/stream-batches.ts";
import type { StreamRecord } from "../../../infra/local/services/table-stream.ts";
import type { Json } from "../../../infra/local/support/json-value.ts";

const now = 1_000_000;
const record = (number: number, ageSeconds = 0): StreamRecord => ({
  eventID: String(number),
  eventName: "INSERT",
  dynamodb: {
    SequenceNumber: String(number),
    ApproximateCreationDateTime: now / 1000 - ageSeconds,
    Keys: { pk: { S: String(number) } },
  },
});
const records = (count: number): readonly StreamRecord[] =>
  Array.from({ length: count }, (_, index) => record(index + 1));
const numbersOf = (list: readonly StreamRecord[]): readonly number[] => list.map(({ eventID }) => Number(eventID));

const rules = { bisects: true, maxRetries: 2, maxRecordAgeSeconds: 60, reportsItemFailures: true };
const ok: Invocation = { payload: "null" };
const broken: Invocation = { failure: { errorType: "Error", errorMessage: "broken" } };
const reporting = (...numbers: readonly (number | string)[]): Invocation => ({
  payload: JSON.stringify({ batchItemFailures: numbers.map((number) => ({ itemIdentifier: String(number) })) }),
});

/** Runs a batch with a function, and notes what happens. */
async function run(
  batch: readonly StreamRecord[],
  handle: (numbers: readonly number[]) => Invocation,
  more: Partial<typeof rules> = {},
) {
  const calls: (readonly number[])[] = [];
  const givenUp: FailedBatch[] = [];
  const positions: number[] = [];
  const pauses: number[] = [];
  await processBatch(
    batch,
    { ...rules, ...more },
    {
      invoke: async (given) => {
        calls.push(numbersOf(given));
        return handle(numbersOf(given));
      },
      giveUp: (failed) => givenUp.push(failed),
      pause: async (milliseconds) => {
        pauses.push(milliseconds);
      },
      now: () => now,
    },
    ({ eventID }) => positions.push(Number(eventID)),
  );
  return { calls, givenUp, positions, pauses };
}

describe("a batch of a stream", () => {
  test("is behind when the function succeeds", async () => {
    const { calls, givenUp, positions } = await run(records(3), () => ok);
    expect(calls).toEqual([[1, 2, 3]]);
    expect(givenUp).toEqual([]);
    expect(positions).toEqual([3]);
  });

  test("is tried again from the first record that failed", async () => {
    let turn = 0;
    const { calls, positions, givenUp } = await run(records(4), () => (turn++ === 0 ? reporting(4, 3) : ok));
    expect(calls).toEqual([
      [1, 2, 3, 4],
      [3, 4],
    ]);
    expect(positions).toEqual([2, 4]);
    expect(givenUp).toEqual([]);
  });

  test("is halved around a record on which the function dies: only that record is given up", async () => {
    const { calls, givenUp, positions, pauses } = await run(records(4), (given) => (given.includes(3) ? broken : ok));
    expect(calls).toEqual([[1, 2, 3, 4], [1, 2], [3, 4], [3], [3], [3], [4]]);
    expect(givenUp).toMatchObject([{ condition: "RetryAttemptsExhausted", invocations: 3, functionError: "Error" }]);
    expect(numbersOf(givenUp[0]!.records)).toEqual([3]);
    expect(positions).toEqual([2, 3, 4]);
    expect(pauses).toEqual([200, 400]);
  });

  test("is halved around a record that the function always reports first", async () => {
    const { givenUp, positions } = await run(records(4), (given) => (given.includes(1) ? reporting(given[0]!) : ok));
    expect(givenUp.map(({ records: list }) => numbersOf(list))).toEqual([[1]]);
    expect(positions.at(-1)).toBe(4);
  });

  test("is given up as a whole where the mapping does not bisect", async () => {
    const { calls, givenUp } = await run(records(3), () => broken, { bisects: false });
    expect(calls).toHaveLength(3);
    expect(numbersOf(givenUp[0]!.records)).toEqual([1, 2, 3]);
  });

  test("leaves out records that are too old, and tells of them", async () => {
    const { calls, givenUp, positions } = await run([record(1, 61), record(2, 61), record(3)], () => ok);
    expect(calls).toEqual([[3]]);
    expect(givenUp).toMatchObject([{ condition: "RecordAgeExceeded", invocations: 0 }]);
    expect(numbersOf(givenUp[0]!.records)).toEqual([1, 2]);
    expect(positions).toEqual([2, 3]);
  });

  test.each<[string, Invocation]>([
    ["names a record that is not in the batch", reporting("99")],
    ["names no record", reporting("")],
    ["is no list", { payload: '{"batchItemFailures":"all"}' }],
  ])("is tried again as a whole after an answer that %s", async (_what, answer) => {
    let turn = 0;
    const { calls } = await run(records(1), () => (turn++ === 0 ? answer : ok));
    expect(calls).toEqual([[1], [1]]);
  });

  test("ignores what the function answers where the mapping does not ask for it", async () => {
    const { calls } = await run(records(2), () => reporting(1), { reportsItemFailures: false });
    expect(calls).toEqual([[1, 2]]);
  });

  test("stays where it is when the host stops in a pause", async () => {
    const positions: string[] = [];
    const stopped = processBatch(
      records(1),
      rules,
      {
        invoke: async () => broken,
        giveUp: () => undefined,
        pause: () => Promise.reject(new Error("stopped")),
        now: () => now,
      },
      ({ eventID }) => positions.push(eventID),
    );
    await expect(stopped).rejects.toThrow("stopped");
    expect(positions).toEqual([]);
  });
});

describe("an event pattern", () => {
  const refuse = (reason: string): never => {
    throw new Error(reason);
  };
  const matches = (pattern: Json, value: unknown): boolean => compilePattern(pattern, refuse)(value);
  const inserted = { eventName: ["INSERT"], dynamodb: { Keys: { pk: { S: [{ prefix: "EVENTS#" }] } } } };
  const event = (eventName: string, pk: string) => ({ eventName, dynamodb: { Keys: { pk: { S: pk } } } });

  test("matches values and prefixes, all members together", () => {
    expect(matches(inserted, event("INSERT", "EVENTS#ptr#1"))).toBe(true);
    expect(matches(inserted, event("MODIFY", "EVENTS#ptr#1"))).toBe(false);
    expect(matches(inserted, event("INSERT", "USERS#1"))).toBe(false);
    expect(matches(inserted, { eventName: "INSERT" })).toBe(false);
  });

  test("matches one of several values, also in a list of the event", () => {
    expect(matches({ a: [1, "b", null] }, { a: "b" })).toBe(true);
    expect(matches({ a: [1, "b", null] }, { a: null })).toBe(true);
    expect(matches({ a: [1] }, { a: "1" })).toBe(false);
    expect(matches({ a: ["b"] }, { a: ["c", "b"] })).toBe(true);
  });

  test.each<[Json, RegExp]>([
    [[], /is no object/],
    [{}, /empty object/],
    [{ a: [] }, /empty list for a/],
    [{ a: "b" }, /is no object/],
    [{ a: [{ suffix: "x" }] }, /operator for a that is not known .*suffix/],
    [{ a: [{ prefix: 1 }] }, /operator for a/],
    [{ a: [{ prefix: "x", numeric: [] }] }, /operator for a/],
    [{ a: [["b"]] }, /a list in the list for a/],
  ])("refuses %j", (pattern, reason) => {
    expect(() => matches(pattern, {})).toThrow(reason);
  });
});
