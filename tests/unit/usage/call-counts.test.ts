import fc from "fast-check";
import { CallCounts, type AddCalls } from "../../../shared/usage/call-counts.ts";

const start = Date.parse("2026-11-20T23:59:50.000Z");

/** Counts as the table keeps them: `partner day name` → calls. */
function storedCounts(fails: () => boolean = () => false) {
  const stored = new Map<string, number>();
  let writes = 0;
  const add: AddCalls = (partnerId, { day, counts }) => {
    writes += 1;
    if (fails()) return Promise.reject(new Error("throttled"));
    for (const [name, count] of counts) {
      const key = `${partnerId} ${day} ${name}`;
      stored.set(key, (stored.get(key) ?? 0) + count);
    }
    return Promise.resolve();
  };
  return { stored, add, writes: () => writes };
}

test("counts every call once, whatever fails, and on its own day", async () => {
  const calls = fc.array(
    fc.record({
      partner: fc.constantFrom("ptr_1", "ptr_2", "ptr_3"),
      name: fc.constantFrom("GET /a", "POST /b", "refused"),
      pauseMs: fc.integer({ min: 0, max: 4000 }),
      fails: fc.boolean(),
    }),
  );
  await fc.assert(
    fc.asyncProperty(calls, async (made) => {
      let fails = false;
      const { stored, add } = storedCounts(() => fails);
      const process = new CallCounts();
      const expected = new Map<string, number>();
      let now = start;
      for (const call of made) {
        now += call.pauseMs;
        fails = call.fails;
        process.count({ partnerId: call.partner, name: call.name, now });
        const key = `${call.partner} ${new Date(now).toISOString().slice(0, 10)} ${call.name}`;
        expected.set(key, (expected.get(key) ?? 0) + 1);
        await process.send(call.partner, now, add).catch(() => undefined);
      }
      fails = false;
      for (const partner of ["ptr_1", "ptr_2", "ptr_3"]) await process.send(partner, (now += 5000), add);
      expect(Object.fromEntries(stored)).toEqual(Object.fromEntries(expected));
    }),
  );
});

test("the first call of a partner is added at once, those of the next five seconds with a later one", async () => {
  const { stored, add, writes } = storedCounts();
  const process = new CallCounts();
  for (let second = 0; second <= 5; second++) {
    const now = start - 60_000 + second * 1000;
    process.count({ partnerId: "ptr_1", name: "GET /a", now });
    await process.send("ptr_1", now, add);
    // What a process would lose that ends now.
    expect(second + 1 - (stored.get("ptr_1 2026-11-20 GET /a") ?? 0)).toBe(second % 5);
  }
  expect(writes()).toBe(2);
});

test("a call of one partner also adds what has waited for another", async () => {
  const { stored, add } = storedCounts();
  const process = new CallCounts();
  for (const [partnerId, after] of [
    ["ptr_1", 0],
    ["ptr_1", 10],
    ["ptr_2", 6000],
  ] as const) {
    process.count({ partnerId, name: "GET /a", now: start + after });
    await process.send(partnerId, start + after, add);
  }
  expect(stored.get("ptr_1 2026-11-20 GET /a")).toBe(2);
});

test("a call that is taken back leaves nothing", async () => {
  const { stored, add, writes } = storedCounts();
  const process = new CallCounts();
  process.count({ partnerId: "ptr_1", name: "GET /a", now: start });
  process.count({ partnerId: "ptr_1", name: "GET /a", now: start }, -1);
  await process.send("ptr_1", start, add);
  expect([stored.size, writes()]).toEqual([0, 0]);
});

test("the calls of a partner that reads its usage do not wait, and those of others do", async () => {
  const { stored, add } = storedCounts();
  const process = new CallCounts();
  const count = async (partnerId: string, second: number, atOnce: boolean) => {
    const now = start - 60_000 + second * 1000;
    process.count({ partnerId, name: "GET /a", now });
    await process.send(partnerId, now, add, { atOnce });
  };
  for (const second of [0, 1]) for (const partner of ["ptr_1", "ptr_2"]) await count(partner, second, false);
  await count("ptr_2", 2, true);
  expect(Object.fromEntries(stored)).toEqual({ "ptr_1 2026-11-20 GET /a": 1, "ptr_2 2026-11-20 GET /a": 3 });
});
