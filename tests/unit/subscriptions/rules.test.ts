import fc from "fast-check";
import { orThrow, Problem } from "../../../shared/domain/problems.ts";
import type { CreationRequest } from "../../../shared/subscriptions/contract.ts";
import type { Subscription } from "../../../shared/subscriptions/model.ts";
import { after, parsePeriod, type Duration } from "../../../shared/subscriptions/period.ts";
import { cancel, create, extend, isLive, statusAt } from "../../../shared/subscriptions/rules.ts";

const now = new Date("2026-11-20T12:00:00.000Z");
const dayMs = 86_400_000;
const inDays = (days: number) => new Date(now.getTime() + days * dayMs);

function duration(text: string): Duration {
  const period = parsePeriod(text);
  if (period === undefined) throw new Error(`${text} is not a period`);
  return { text, period };
}

const sold = (fields: Partial<CreationRequest> = {}): CreationRequest => ({
  externalUserId: "u1",
  userEmail: "u1@example.com",
  duration: duration("P1M"),
  ...fields,
});

const refusal = (decision: Subscription | Problem) => (decision instanceof Problem ? decision.code : undefined);
const live = (fields: Partial<CreationRequest> = {}) => orThrow(create(undefined, sold(fields), now));

const durations = fc
  .constantFrom<[string, number]>(["D", 3652], ["W", 521], ["M", 120], ["Y", 10])
  .chain(([unit, max]) => fc.integer({ min: 1, max }).map((count) => duration(`P${count}${unit}`)));
const moments = fc.date({
  min: new Date("1970-01-01T00:00:00Z"),
  max: new Date("2200-01-01T00:00:00Z"),
  noInvalidDate: true,
});

describe("create", () => {
  test("starts now and ends one duration later", () => {
    expect(live()).toMatchObject({
      externalUserId: "u1",
      userEmail: "u1@example.com",
      duration: "P1M",
      startsAt: now,
      expiresAt: new Date("2026-12-20T12:00:00.000Z"),
      cancelled: false,
      createdAt: now,
      updatedAt: now,
      revision: 1,
    });
    expect(live().id).toMatch(/^sub_[0-9A-Z]{26}$/);
  });

  test("computes the end from the start, and the start from the end", () => {
    expect(live({ startsAt: new Date("2027-01-31T00:00:00Z") }).expiresAt).toEqual(new Date("2027-02-28T00:00:00Z"));
    expect(live({ expiresAt: new Date("2027-03-31T00:00:00Z") }).startsAt).toEqual(new Date("2027-02-28T00:00:00Z"));
  });

  test("refuses a term that is already over, and accepts one that ends in a millisecond", () => {
    expect(refusal(create(undefined, sold({ expiresAt: now }), now))).toBe("period_invalid");
    expect(refusal(create(undefined, sold({ expiresAt: new Date(now.getTime() - 1) }), now))).toBe("period_invalid");
    expect(refusal(create(undefined, sold({ startsAt: inDays(-60) }), now))).toBe("period_invalid");
    expect(live({ expiresAt: new Date(now.getTime() + 1) }).expiresAt).toEqual(new Date(now.getTime() + 1));
  });

  test("refuses a term outside of the years 1970 to 9999", () => {
    const early = create(
      undefined,
      sold({ expiresAt: new Date("1979-01-01T00:00:00Z"), duration: duration("P10Y") }),
      new Date(0),
    );
    expect(refusal(early)).toBe("period_invalid");
    expect(refusal(create(undefined, sold({ startsAt: new Date("9999-12-01T00:00:00Z") }), now))).toBe(
      "period_invalid",
    );
  });

  test("is refused beside a live subscription, and continues the revision of a cancelled or expired one", () => {
    const previous = live();
    expect(refusal(create(previous, sold(), inDays(1)))).toBe("subscription_exists");
    expect(refusal(create(live({ startsAt: inDays(9) }), sold(), inDays(1)))).toBe("subscription_exists");
    const afterCancelling = orThrow(create(cancel(previous, inDays(1)), sold(), inDays(1)));
    expect(afterCancelling).toMatchObject({ revision: 3, cancelled: false, startsAt: inDays(1) });
    const afterExpiry = orThrow(create(previous, sold(), previous.expiresAt));
    expect(afterExpiry).toMatchObject({ revision: 2, startsAt: previous.expiresAt });
    expect(new Set([previous.id, afterCancelling.id, afterExpiry.id]).size).toBe(3);
  });

  test("for any request, the new subscription is live and has the requested start or end", () => {
    const requests = fc.record({ duration: durations, startsAt: fc.option(moments, { nil: undefined }) });
    const ends = fc.record({ duration: durations, expiresAt: moments });
    fc.assert(
      fc.property(fc.oneof(requests, ends), moments, (fields, at) => {
        const decision = create(undefined, sold(fields), at);
        if (decision instanceof Problem) {
          expect(decision.code).toBe("period_invalid");
          return;
        }
        expect(isLive(decision, at)).toBe(true);
        expect(decision.startsAt < decision.expiresAt).toBe(true);
        if ("expiresAt" in fields) expect(decision.expiresAt).toEqual(fields.expiresAt);
        else expect(decision.startsAt).toEqual(fields.startsAt ?? at);
      }),
    );
  });
});

describe("extend", () => {
  test("adds to a future expiry, and to now after the expiry", () => {
    const subscription = live();
    expect(orThrow(extend(subscription, { duration: duration("P1M") }, inDays(1))).expiresAt).toEqual(
      new Date("2027-01-20T12:00:00Z"),
    );
    const late = inDays(100);
    expect(orThrow(extend(subscription, { duration: duration("P1W") }, late)).expiresAt).toEqual(inDays(107));
  });

  test("sets exactly the requested expiry if it is later than the old one and than now", () => {
    const subscription = live();
    const to = (expiresAt: Date, at = now) => extend(subscription, { duration: duration("P1D"), expiresAt }, at);
    const next = new Date(subscription.expiresAt.getTime() + 1);
    expect(orThrow(to(next)).expiresAt).toEqual(next);
    expect(refusal(to(subscription.expiresAt))).toBe("period_invalid");
    expect(refusal(to(inDays(50), inDays(50)))).toBe("period_invalid");
    expect(refusal(to(inDays(50), inDays(51)))).toBe("period_invalid");
  });

  test("refuses a cancelled subscription before it checks anything else", () => {
    const cancelled = cancel(live(), now);
    expect(refusal(extend(cancelled, { duration: duration("P1D") }, now))).toBe("subscription_cancelled");
    expect(refusal(extend(cancelled, { duration: duration("P1D"), expiresAt: inDays(-1) }, now))).toBe(
      "subscription_cancelled",
    );
  });

  test("never goes beyond the year 9999", () => {
    const last = live({ expiresAt: new Date("9999-12-31T23:59:59.999Z"), duration: duration("P1Y") });
    expect(refusal(extend(last, { duration: duration("P1D") }, now))).toBe("period_invalid");
  });

  test("never shortens a subscription", () => {
    const requests = fc.record({ duration: durations, expiresAt: fc.option(moments, { nil: undefined }) });
    fc.assert(
      fc.property(durations, requests, fc.integer({ min: -1000, max: 5000 }), (first, request, days) => {
        const subscription = live({ duration: first });
        const at = inDays(days);
        const decision = extend(subscription, request, at);
        if (decision instanceof Problem) {
          expect(decision.code).toBe("period_invalid");
          return;
        }
        expect(decision.expiresAt > subscription.expiresAt && decision.expiresAt > at).toBe(true);
        expect(decision).toEqual({
          ...subscription,
          duration: request.duration.text,
          expiresAt:
            request.expiresAt ??
            after(subscription.expiresAt > at ? subscription.expiresAt : at, request.duration.period),
          updatedAt: decision.updatedAt,
          revision: subscription.revision + 1,
        });
      }),
    );
  });
});

describe("cancel", () => {
  test("ends the subscription now; cancelling it again is a no-op", () => {
    const cancelled = cancel(live(), inDays(1));
    expect(cancelled).toEqual({
      ...live(),
      id: cancelled.id,
      cancelled: true,
      expiresAt: inDays(1),
      updatedAt: inDays(1),
      revision: 2,
    });
    expect(cancel(cancelled, inDays(2))).toBe(cancelled);
  });

  test("keeps a past end, and never leaves the start after the end", () => {
    const expired = cancel(live(), inDays(100));
    expect(expired.expiresAt).toEqual(live().expiresAt);
    const scheduled = cancel(live({ startsAt: inDays(9) }), inDays(1));
    expect([scheduled.startsAt, scheduled.expiresAt]).toEqual([inDays(1), inDays(1)]);
  });
});

describe("statusAt", () => {
  test("changes at the start and at the end, to the millisecond", () => {
    const subscription = live({ startsAt: inDays(1) });
    const shortly = (moment: Date) => new Date(moment.getTime() - 1);
    expect(statusAt(subscription, shortly(subscription.startsAt))).toBe("scheduled");
    expect(statusAt(subscription, subscription.startsAt)).toBe("active");
    expect(statusAt(subscription, shortly(subscription.expiresAt))).toBe("active");
    expect(statusAt(subscription, subscription.expiresAt)).toBe("expired");
    expect(statusAt(cancel(subscription, now), inDays(999))).toBe("cancelled");
  });

  test("is scheduled or active exactly if the subscription is live", () => {
    fc.assert(
      fc.property(durations, moments, moments, fc.boolean(), (length, startsAt, at, ended) => {
        const decision = create(undefined, sold({ duration: length, startsAt }), new Date(0));
        if (decision instanceof Problem) return;
        const subscription = ended ? cancel(decision, new Date(0)) : decision;
        expect(["scheduled", "active"].includes(statusAt(subscription, at))).toBe(isLive(subscription, at));
      }),
    );
  });
});

test("any sequence of changes with different clocks raises the revision by one and never goes back in time", () => {
  type Step = (subscription: Subscription | undefined, at: Date) => Subscription | Problem | undefined;
  const steps = fc.oneof(
    durations.map(
      (length): Step =>
        (subscription, at) =>
          create(subscription, sold({ duration: length }), at),
    ),
    durations.map(
      (length): Step =>
        (subscription, at) =>
          subscription && extend(subscription, { duration: length }, at),
    ),
    fc.constant<Step>((subscription, at) => subscription && cancel(subscription, at)),
  );
  const timed = fc.tuple(steps, fc.integer({ min: -2000, max: 90 * dayMs }));
  fc.assert(
    fc.property(fc.array(timed, { maxLength: 30 }), (changes) => {
      let current: Subscription | undefined;
      let at = now.getTime();
      for (const [step, passesMs] of changes) {
        at += passesMs;
        const decision = step(current, new Date(at));
        if (decision === undefined || decision instanceof Problem || decision === current) continue;
        expect(decision.revision).toBe((current?.revision ?? 0) + 1);
        expect(decision.startsAt <= decision.expiresAt && decision.createdAt <= decision.updatedAt).toBe(true);
        if (current !== undefined) expect(decision.updatedAt >= current.updatedAt).toBe(true);
        if (current?.cancelled === true) expect(decision.id).not.toBe(current.id);
        current = decision;
      }
    }),
  );
});
