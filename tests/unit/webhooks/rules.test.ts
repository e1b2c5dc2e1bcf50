import fc from "fast-check";
import { isUlid, timeOf } from "../../../shared/domain/ids.ts";
import type { Problem } from "../../../shared/domain/problems.ts";
import type { StoredEvent } from "../../../shared/events/model.ts";
import type { EndpointHealth, StoredAttempt, StoredDelivery } from "../../../shared/webhooks/model.ts";
import { maxAttempts, maxInFlight } from "../../../shared/webhooks/model.ts";
import {
  changeEndpoint,
  createEndpoint,
  deliveryIdOf,
  disableEndpoint,
  enabled,
  failingDays,
  freeSlot,
  giveUp,
  newDelivery,
  nextStep,
  outcomeOf,
  reasonToDisable,
  recordAttempt,
  repeatable,
  retryAfterOf,
  retryPauseMs,
  retryPausesMs,
  slotMark,
  slotWaitSeconds,
  wants,
} from "../../../shared/webhooks/rules.ts";

const now = new Date("2026-11-20T12:00:00.000Z");
const later = new Date("2026-11-21T12:00:00.000Z");
const inSeconds = (seconds: number) => new Date(now.getTime() + seconds * 1000);
const fields = { url: "https://shop.example/hook", description: "", eventTypes: null };
const endpoint = createEndpoint(fields, now);
const eventId = "evt_01JD3Y5W8Q4T6V2X9ZB7C1D3EF";
const event = { id: eventId, type: "company.created", createdAt: now.toISOString(), ttl: 1 } as StoredEvent;
const delivery = newDelivery(event, endpoint.id);
const middle = { random: 0.5 };

const attempt = (fields: Partial<StoredAttempt> = {}): StoredAttempt => ({
  at: now.toISOString(),
  statusCode: 500,
  durationMs: 1000,
  outcome: "http_error",
  ...fields,
});
const failed = (times: number, start: StoredDelivery = delivery): StoredDelivery =>
  Array.from({ length: times }).reduce<StoredDelivery>((before) => recordAttempt(before, attempt(), middle), start);

describe("an endpoint", () => {
  test("begins enabled and wants every type unless it says otherwise", () => {
    expect(endpoint).toEqual({
      ...fields,
      id: expect.stringMatching(/^whe_/),
      status: "enabled",
      disabledReason: null,
      createdAt: now.toISOString(),
      updatedAt: now.toISOString(),
      revision: 1,
    });
    expect(wants(endpoint, event)).toBe(true);
    const choosy = createEndpoint(
      { ...fields, eventTypes: ["company.deleted", "company.changed", "company.deleted"] },
      now,
    );
    expect(choosy.eventTypes).toEqual(["company.changed", "company.deleted"]);
    expect(wants(choosy, event)).toBe(false);
    expect(wants(choosy, { ...event, type: "company.deleted" })).toBe(true);
  });

  test("gets the test event if it is the one that is tested", () => {
    const test = { type: "webhook.test", data: { id: endpoint.id } } as StoredEvent;
    expect(wants({ ...endpoint, eventTypes: ["company.deleted"] }, test)).toBe(true);
    expect(wants({ ...endpoint, id: "whe_other" }, test)).toBe(false);
    expect(wants({ ...endpoint, status: "disabled" }, test)).toBe(false);
  });

  test("keeps its revision in a no-op change", () => {
    const choosy = { ...endpoint, eventTypes: ["company.changed", "company.deleted"] as const };
    expect(changeEndpoint(choosy, { eventTypes: ["company.deleted", "company.changed"] }, later)).toBe(choosy);
    expect(changeEndpoint(endpoint, { eventTypes: null, status: "enabled", url: fields.url }, later)).toBe(endpoint);
    expect(changeEndpoint(endpoint, {}, later)).toBe(endpoint);
  });

  test("is disabled by its partner, and says so", () => {
    const disabled = changeEndpoint(endpoint, { status: "disabled" }, later);
    expect(disabled).toMatchObject({ status: "disabled", disabledReason: "by_partner", revision: 2 });
    expect(wants(disabled, event)).toBe(false);
    expect((enabled(disabled) as Problem).code).toBe("webhook_endpoint_disabled");
    expect(changeEndpoint(disabled, { status: "enabled" }, later)).toMatchObject({ disabledReason: null, revision: 3 });
  });

  test("keeps the reason for which Portico has disabled it", () => {
    const gone = disableEndpoint(endpoint, "gone", later);
    expect(gone).toMatchObject({ status: "disabled", disabledReason: "gone", revision: 2 });
    expect(changeEndpoint(gone, { status: "disabled", description: "old" }, later).disabledReason).toBe("gone");
    expect(changeEndpoint(gone, { description: "old" }, later).disabledReason).toBe("gone");
  });
});

test("the id of a delivery is a ULID of the event's time, the same for the same event and endpoint", () => {
  const id = deliveryIdOf(eventId, endpoint.id);
  expect(id.startsWith("whd_") && isUlid(id.slice(4))).toBe(true);
  expect(timeOf(id)).toEqual(timeOf(eventId));
  expect(deliveryIdOf(eventId, endpoint.id)).toBe(id);
  expect(deliveryIdOf(eventId, "whe_other")).not.toBe(id);
});

describe("the schedule", () => {
  test("tries ten times within about three days", () => {
    expect(retryPausesMs).toHaveLength(9);
    const hours = retryPausesMs.reduce((sum, pause) => sum + pause) / 3_600_000;
    expect(hours).toBeCloseTo(75.6, 1);
  });

  test("spreads each pause by a tenth", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), fc.double({ min: 0, max: 0.999, noNaN: true }), (made, random) => {
        const pause = retryPauseMs(made, { random }) ?? 0;
        const planned = retryPausesMs[made - 1] ?? 0;
        expect(Math.abs(pause - planned)).toBeLessThanOrEqual(planned / 10 + 1);
      }),
    );
    expect(retryPauseMs(10, middle)).toBeUndefined();
  });

  test("waits at least as long as the endpoint asks for, and at most a day for that", () => {
    expect(retryPauseMs(1, { ...middle, retryAfterSeconds: 60 })).toBe(60_000);
    expect(retryPauseMs(1, { ...middle, retryAfterSeconds: 1 })).toBe(5000);
    expect(retryPauseMs(1, { ...middle, retryAfterSeconds: 9_999_999 })).toBe(86_400_000);
  });

  test("ends with a success, with the last attempt, or with an endpoint that is gone", () => {
    const once = failed(1);
    expect(once).toMatchObject({ status: "pending", nextAttemptAt: inSeconds(6).toISOString(), revision: 2 });
    const success = attempt({ outcome: "succeeded", statusCode: 204 });
    expect(recordAttempt(once, success, middle)).toMatchObject({ status: "succeeded", nextAttemptAt: null });
    expect(failed(9).status).toBe("pending");
    expect(failed(10)).toMatchObject({ status: "failed", nextAttemptAt: null });
    expect(recordAttempt(delivery, attempt({ outcome: "gone" }), middle).status).toBe("failed");
    expect(giveUp(once)).toMatchObject({ status: "failed", nextAttemptAt: null, attempts: once.attempts });
  });

  test("goes on beside attempts by hand, until one of them succeeds", () => {
    const byHand = attempt({ redelivery: "whr_1" });
    const once = recordAttempt(failed(1), byHand, middle);
    expect(once).toMatchObject({ status: "pending", nextAttemptAt: failed(1).nextAttemptAt });
    expect(failed(8, once).status).toBe("pending");
    expect(failed(9, once).status).toBe("failed");
    const success = attempt({ redelivery: "whr_2", outcome: "succeeded" });
    expect(recordAttempt(once, success, middle)).toMatchObject({ status: "succeeded", nextAttemptAt: null });
    expect(recordAttempt(recordAttempt(once, success, middle), byHand, middle).status).toBe("succeeded");
    expect(recordAttempt(failed(10), success, middle).status).toBe("succeeded");
  });
});

describe("a message", () => {
  test("asks for its attempt once", () => {
    expect(nextStep(delivery, { number: 1 })).toEqual({ kind: "attempt" });
    expect(nextStep(failed(1), { number: 1 })).toEqual({ kind: "continue", at: inSeconds(6).toISOString() });
    expect(nextStep(failed(1), { number: 2 })).toEqual({ kind: "attempt" });
    expect(nextStep(failed(2), { number: 1 })).toEqual({ kind: "done" });
    expect(nextStep(failed(10), { number: 10 })).toEqual({ kind: "done" });
    const delivered = recordAttempt(delivery, attempt({ outcome: "succeeded" }), middle);
    expect(nextStep(delivered, { number: 2 })).toEqual({ kind: "done" });
  });

  test("of a redelivery asks for its attempt once, whatever the schedule has reached", () => {
    const request = { number: 1, redelivery: "whr_1" };
    const delivered = recordAttempt(delivery, attempt({ outcome: "succeeded" }), middle);
    expect(nextStep(delivered, request)).toEqual({ kind: "attempt" });
    expect(nextStep(failed(10), request)).toEqual({ kind: "attempt" });
    const again = recordAttempt(delivered, attempt({ redelivery: "whr_1" }), middle);
    expect(nextStep(again, request)).toEqual({ kind: "done" });
  });

  test("can be repeated by hand until a delivery has too many attempts", () => {
    const full = { ...delivery, attempts: Array.from({ length: maxAttempts }, () => attempt()) };
    expect(repeatable(failed(10))).toEqual(failed(10));
    expect((repeatable(full) as Problem).code).toBe("limit_reached");
  });
});

describe("an answer", () => {
  test.each([
    [200, "succeeded"],
    [299, "succeeded"],
    [199, "http_error"],
    [301, "redirected"],
    [308, "redirected"],
    [400, "http_error"],
    [410, "gone"],
    [500, "http_error"],
  ])("with status %d means %s", (status, outcome) => {
    expect(outcomeOf(status)).toBe(outcome);
  });

  test("can ask for a later attempt with 429 and 503 alone", () => {
    expect(retryAfterOf(503, "120", now)).toBe(120);
    expect(retryAfterOf(429, "Fri, 20 Nov 2026 12:01:00 GMT", now)).toBe(60);
    expect(retryAfterOf(429, "Fri, 20 Nov 2026 11:00:00 GMT", now)).toBe(0);
    expect(retryAfterOf(500, "120", now)).toBeUndefined();
    expect(retryAfterOf(429, undefined, now)).toBeUndefined();
    expect(retryAfterOf(429, "soon", now)).toBeUndefined();
  });
});

describe("an endpoint that fails", () => {
  const daysAgo = (days: number): EndpointHealth => ({
    failingSince: new Date(now.getTime() - days * 86_400_000).toISOString(),
  });

  test("is disabled at once if it is gone, otherwise after five days", () => {
    expect(reasonToDisable("gone", {}, now)).toBe("gone");
    expect(reasonToDisable("http_error", daysAgo(failingDays), now)).toBe("failing");
    expect(reasonToDisable("timed_out", daysAgo(4.99), now)).toBeUndefined();
    expect(reasonToDisable("timed_out", {}, now)).toBeUndefined();
    expect(reasonToDisable("succeeded", {}, now)).toBeUndefined();
  });

  test("has one slot, a healthy one has several", () => {
    const taken = slotMark("whd_1", "a", now);
    const full: EndpointHealth = Object.fromEntries(
      Array.from({ length: maxInFlight }, (_, index) => [`slot${index}`, taken]),
    );
    expect(freeSlot({}, "whd_2", now)).toBe("slot0");
    expect(freeSlot({ slot0: taken }, "whd_2", now)).toBe("slot1");
    expect(freeSlot({ slot0: taken, ...daysAgo(1) }, "whd_2", now)).toBeUndefined();
    expect(freeSlot(daysAgo(1), "whd_2", now)).toBe("slot0");
    expect(freeSlot(full, "whd_2", now)).toBeUndefined();
  });

  test("has its slots again when those that took them have died", () => {
    const health = { slot0: slotMark("whd_1", "a", now) };
    expect(freeSlot(health, "whd_1", now)).toBeUndefined();
    expect(freeSlot(health, "whd_1", inSeconds(21))).toBe("slot0");
  });

  test("lets messages wait longer and longer, at most five minutes", () => {
    expect([0, 1, 2, 5, 20].map((waits) => slotWaitSeconds(waits, 0.999))).toEqual([1, 2, 4, 32, 300]);
    expect(slotWaitSeconds(0, 0)).toBe(1);
    expect(slotWaitSeconds(20, 0)).toBe(150);
  });
});
