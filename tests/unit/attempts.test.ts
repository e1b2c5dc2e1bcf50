import fc from "fast-check";
import { signInLimit, takeAttempt, type Attempts } from "../../shared/identity/attempts.ts";

const limit = { most: 3, windowSeconds: 60 };
const at = (seconds: number) => new Date(seconds * 1000 + 999);

test("the limit of sign-ins is ten failures in a quarter of an hour", () => {
  expect(signInLimit).toEqual({ most: 10, windowSeconds: 900 });
});

test("the first attempt begins a window", () => {
  expect(takeAttempt(undefined, limit, at(100))).toEqual({
    kind: "take",
    next: { taken: 1, failures: 0, windowEnds: 160 },
  });
});

test("a window that is over counts no more, to the second", () => {
  const full: Attempts = { taken: 3, failures: 3, windowEnds: 160 };
  expect(takeAttempt(full, limit, at(159))).toEqual({ kind: "refuse", retryAfterSeconds: 1 });
  expect(takeAttempt(full, limit, at(160))).toEqual({ kind: "take", next: { taken: 1, failures: 0, windowEnds: 220 } });
});

test("while all places are taken but not all have failed, others wait", () => {
  expect(takeAttempt({ taken: 3, failures: 2, windowEnds: 160 }, limit, at(100))).toEqual({ kind: "wait" });
  expect(takeAttempt({ taken: 2, failures: 2, windowEnds: 160 }, limit, at(100))).toMatchObject({ kind: "take" });
});

test("whatever order attempts come and end in, no more than the limit fail in a window, and none is refused before", () => {
  const events = fc.array(fc.constantFrom("take", "fail", "succeed"), { maxLength: 60 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10 }), events, (most, sequence) => {
      const bound = { most, windowSeconds: 60 };
      let attempts: Attempts | undefined;
      let checking = 0;
      for (const event of sequence) {
        if (event === "take") {
          const decision = takeAttempt(attempts, bound, at(100));
          if (decision.kind === "take") {
            attempts = decision.next;
            checking++;
          } else {
            expect(attempts).toMatchObject(decision.kind === "refuse" ? { failures: most } : { taken: most });
          }
        } else if (checking > 0 && attempts !== undefined) {
          checking--;
          attempts =
            event === "fail"
              ? { ...attempts, failures: attempts.failures + 1 }
              : { ...attempts, taken: attempts.taken - 1 };
        }
        expect(attempts?.failures ?? 0).toBeLessThanOrEqual(most);
        expect(attempts?.taken ?? 0).toBe(checking + (attempts?.failures ?? 0));
      }
    }),
  );
});
