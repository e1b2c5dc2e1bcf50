import fc from "fast-check";
import { isTransient, pauseMs, retrying } from "../../../shared/runtime/retry.ts";

function awsError(name: string, more: object = {}): Error {
  return Object.assign(new Error(name), { name, $metadata: { httpStatusCode: 400 }, ...more });
}

const cancelled = (...codes: readonly (string | undefined)[]) =>
  awsError("TransactionCanceledException", { CancellationReasons: codes.map((Code) => ({ Code })) });

describe("worth another attempt", () => {
  test.each([
    "InternalServerError",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ServiceUnavailable",
    "ThrottlingException",
    "TimeoutError",
    "TransactionConflictException",
    "TransactionInProgressException",
  ])("is %s", (name) => expect(isTransient(awsError(name))).toBe(true));

  test.each(["AbortError", "TimeoutError"])("is a call that timed out: %s", (name) => {
    expect(isTransient(Object.assign(new Error(name), { name }))).toBe(true);
  });

  test.each([429, 500, 502, 503, 504])("is an unknown error with the status %i", (httpStatusCode) => {
    expect(isTransient(awsError("SomethingNew", { $metadata: { httpStatusCode } }))).toBe(true);
  });

  test.each(["ECONNRESET", "ECONNREFUSED", "EPIPE", "ETIMEDOUT", "ENOTFOUND", "EAI_AGAIN", "UND_ERR_SOCKET"])(
    "is a connection that broke with %s",
    (code) => {
      expect(isTransient(Object.assign(new Error("socket"), { code }))).toBe(true);
    },
  );

  test.each([
    [["TransactionConflict"]],
    [["None", "TransactionConflict", "None"]],
    [["ThrottlingError", "TransactionConflict"]],
    [["ProvisionedThroughputExceeded", undefined]],
  ])("is a transaction cancelled only by contention: %j", (codes) => {
    expect(isTransient(cancelled(...codes))).toBe(true);
  });
});

describe("not worth another attempt", () => {
  test.each([
    "ConditionalCheckFailedException",
    "ValidationException",
    "AccessDeniedException",
    "ResourceNotFoundException",
    "IdempotentParameterMismatchException",
    "ExpiredTokenException",
    "UnrecognizedClientException",
    "DecryptionFailure",
  ])("is %s", (name) => expect(isTransient(awsError(name))).toBe(false));

  test.each([
    [["ConditionalCheckFailed"]],
    [["ConditionalCheckFailed", "TransactionConflict"]],
    [["TransactionConflict", "None", "ConditionalCheckFailed"]],
    [["ValidationError", "TransactionConflict"]],
    [["ItemCollectionSizeLimitExceeded"]],
    [["SomethingNew"]],
  ])("is a transaction with any other cancellation reason: %j", (codes) => {
    expect(isTransient(cancelled(...codes))).toBe(false);
  });

  test("is a transaction with a failed condition among its reasons", () => {
    const contention = fc.constantFrom<string>(
      "None",
      "TransactionConflict",
      "ThrottlingError",
      "ProvisionedThroughputExceeded",
    );
    fc.assert(
      fc.property(fc.array(contention, { maxLength: 20 }), fc.nat(), (codes, at) => {
        expect(isTransient(cancelled(...codes))).toBe(true);
        expect(isTransient(cancelled(...codes.toSpliced(at % (codes.length + 1), 0, "ConditionalCheckFailed")))).toBe(
          false,
        );
      }),
    );
  });

  test.each([
    new TypeError("x is not a function"),
    Object.assign(new Error("parse"), { code: "ERR_INVALID_ARG_TYPE" }),
    "text",
    undefined,
    null,
    {},
  ])("is a programming error: %p", (error) => expect(isTransient(error)).toBe(false));
});

describe("the pause", () => {
  test("grows up to 400 ms with full jitter", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2000 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (attempt, random) => {
          const pause = pauseMs(attempt, random);
          const most = Math.min(400, 10 * 2 ** (attempt - 1));
          expect(pause).toBeGreaterThanOrEqual(1);
          expect(pause).toBeLessThanOrEqual(1 + most);
          expect(pause).toBeCloseTo(1 + random * most, 6);
          expect(pauseMs(attempt + 1, random)).toBeGreaterThanOrEqual(pause);
        },
      ),
    );
  });
});

describe("retrying", () => {
  const never = Number.MAX_SAFE_INTEGER;

  test("continues until an attempt succeeds", async () => {
    let attempts = 0;
    const result = await retrying(never, isTransient, async () => {
      if (++attempts < 4) throw awsError("ThrottlingException");
      return "done";
    });
    expect([result, attempts]).toEqual(["done", 4]);
  });

  test("stops at an error that is not worth another attempt", async () => {
    let attempts = 0;
    const error = cancelled("ConditionalCheckFailed", "TransactionConflict");
    const outcome = retrying(never, isTransient, async () => {
      attempts++;
      throw error;
    });
    await expect(outcome).rejects.toBe(error);
    expect(attempts).toBe(1);
  });

  test("abandons an attempt at the deadline", async () => {
    const silent = (signal: AbortSignal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener("abort", () => reject(Object.assign(new Error("aborted"), { name: "AbortError" })));
      });
    const outcome = retrying(Date.now() + 40, isTransient, silent);
    await expect(outcome).rejects.toMatchObject({ code: "unavailable", cause: { name: "AbortError" } });
  });

  test("reports the service as unavailable with the cause when the time is up", async () => {
    let attempts = 0;
    const error = awsError("ThrottlingException");
    const outcome = retrying(Date.now() + 40, isTransient, async () => {
      attempts++;
      throw error;
    });
    await expect(outcome).rejects.toMatchObject({
      code: "unavailable",
      cause: error,
      extras: { retryAfterSeconds: 1 },
    });
    expect(attempts).toBeGreaterThan(0);
  });

  test("starts no attempt after the deadline", async () => {
    let attempts = 0;
    const outcome = retrying(0, isTransient, async () => {
      attempts++;
      throw awsError("ThrottlingException");
    });
    await expect(outcome).rejects.toMatchObject({ code: "unavailable" });
    expect(attempts).toBe(0);
  });
});
