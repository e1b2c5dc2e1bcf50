/** The part that every function on the table's stream shares. */
import { jest } from "@jest/globals";
import { marshall } from "@aws-sdk/util-dynamodb";
import { unavailable } from "../../../shared/domain/problems.ts";
import { streamHandler, type StreamRecord } from "../../../shared/runtime/stream.ts";

const context = { awsRequestId: "run-1", getRemainingTimeInMillis: () => 30_000 };
const record = (SequenceNumber: string, item?: object): StreamRecord => ({
  dynamodb: { SequenceNumber, ...(item && { NewImage: marshall(item) }) },
});

/** Runs a function whose items have a number. @returns its answer, its lines and what it has worked on */
async function run(records: readonly StreamRecord[], fault?: Error) {
  const lines: string[] = [];
  const spy = jest.spyOn(process.stdout, "write").mockImplementation((text) => lines.push(String(text)) > 0);
  const worked: { readonly entries: readonly number[]; readonly deadline: number }[] = [];
  const handler = streamHandler({
    operation: "usage-count",
    entryOf: ({ number }) => (typeof number === "number" ? number : undefined),
    work: (entries, deadline) => {
      worked.push({ entries, deadline });
      return fault === undefined ? Promise.resolve(entries.length) : Promise.reject(fault);
    },
    done: { code: "events_counted", things: "events" },
  });
  try {
    const answer = await handler({ Records: [...records] }, context);
    return { answer, worked, logged: lines.map((line) => JSON.parse(line)) };
  } finally {
    spy.mockRestore();
  }
}

const two = [record("101", { pk: "a", number: 1 }), record("102", { pk: "b", number: 2 })];

test("works on the items of a batch in one go, with time left for the answer", async () => {
  const start = Date.now();
  const { answer, worked, logged } = await run(two);
  expect(answer).toEqual({ batchItemFailures: [] });
  expect(worked.map(({ entries }) => entries)).toEqual([[1, 2]]);
  expect(worked[0]!.deadline).toBeGreaterThanOrEqual(start + 29_000);
  expect(worked[0]!.deadline).toBeLessThanOrEqual(Date.now() + 29_000);
  expect(logged).toMatchObject([{ code: "events_counted", requestId: "run-1", reason: "2 events" }]);
});

test("logs and leaves out items that it does not know, and deletions", async () => {
  const { answer, worked, logged } = await run([record("100", { pk: "a" }), ...two, record("103")]);
  expect(answer).toEqual({ batchItemFailures: [] });
  expect(worked.map(({ entries }) => entries)).toEqual([[1, 2]]);
  const unknown = { code: "internal_error", operation: "usage-count", reason: "unknown_item" };
  expect(logged).toMatchObject([unknown, unknown, { code: "events_counted" }]);
});

test("logs nothing when there was nothing to do", async () => {
  expect(await run([])).toEqual({
    answer: { batchItemFailures: [] },
    worked: [{ entries: [], deadline: expect.any(Number) }],
    logged: [],
  });
});

test.each([
  ["a service that it needs", unavailable(new TypeError("secret detail")), "dependency_failed"],
  ["its own fault", new TypeError("secret detail"), "internal_error"],
])("reports the whole batch after %s", async (_title, fault, code) => {
  const { answer, logged } = await run(two, fault);
  expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: "101" }] });
  expect(logged).toMatchObject([{ code, operation: "usage-count", errorName: "TypeError" }]);
  expect(JSON.stringify(logged)).not.toContain("secret detail");
});
