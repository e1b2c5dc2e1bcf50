import { invalid, Problem } from "../../../shared/domain/problems.ts";
import type { StoredPartner } from "../../../shared/partners/model.ts";
import { parseAdvance } from "../../../shared/sandbox/model.ts";
import { advancedTime, endSandbox, startSandbox } from "../../../shared/sandbox/rules.ts";
import { viewTestClock } from "../../../shared/sandbox/view.ts";

const time = new Date("2030-01-31T12:00:00.000Z");

describe("the step of a clock", () => {
  test.each([
    ["P1D", "2030-02-01T12:00:00.000Z"],
    ["P1M", "2030-02-28T12:00:00.000Z"],
    ["P2Y", "2032-01-31T12:00:00.000Z"],
    ["PT1S", "2030-01-31T12:00:01.000Z"],
    ["P1DT1H", "2030-02-01T13:00:00.000Z"],
  ])("%s leads to %s", (text, expected) => {
    expect(parseAdvance(text)?.(time).toISOString()).toBe(expected);
  });

  test.each(["", "P", "PT0S", "P0D", "-P1D", "P1M1D", "P8DT1H", "1 day"])("%j is none", (text) => {
    expect(parseAdvance(text)).toBeUndefined();
  });
});

describe("the time that a request moves a clock to", () => {
  const to = (text: string) => advancedTime(time, { to: new Date(text) });

  test("is the present one or later, by at most two years", () => {
    expect(to("2030-01-31T12:00:00Z")).toEqual(time);
    expect(to("2032-01-31T12:00:00Z")).toEqual(new Date("2032-01-31T12:00:00Z"));
    expect(to("2030-01-31T11:59:59.999Z")).toEqual(
      invalid({ pointer: "/to", detail: expect.stringContaining("2030-01-31T12:00:00.000Z") }),
    );
    expect(to("2032-01-31T12:00:00.001Z")).toMatchObject({ code: "validation_failed" });
    expect(advancedTime(time, { by: parseAdvance("P25M") })).toMatchObject({
      extras: { errors: [{ pointer: "/by" }] },
    });
  });

  test("is at most in the year 9999", () => {
    const late = new Date("9999-12-31T00:00:00Z");
    expect(advancedTime(late, { by: parseAdvance("PT23H") })).toEqual(new Date("9999-12-31T23:00:00Z"));
    expect(advancedTime(late, { by: parseAdvance("P1D") })).toMatchObject({ code: "validation_failed" });
  });
});

const live: StoredPartner = {
  id: "ptr_01JD3Y5W8Q4T6V2X9ZB7C1D3EF",
  name: "Blue Bicycle",
  websiteUrl: "https://bluebicycle.example",
  email: "api@bluebicycle.example",
  status: "active",
  tokenPolicy: "many",
  dpopBoundAccessTokens: true,
  expiryNotice: "P3D",
  limits: { requestsPerSecond: 1, burst: 2, requestsPerMonth: 3 },
  createdAt: "2026-11-20T12:00:00.000Z",
  updatedAt: "2026-11-20T12:00:00.000Z",
  revision: 4,
};

describe("starting a sandbox", () => {
  test("gives it the policies of the live partner, but neither its e-mail address nor its limits", () => {
    const started = startSandbox(live, time);
    if (started instanceof Problem) throw started;
    const { id, name, websiteUrl, status, tokenPolicy, dpopBoundAccessTokens, expiryNotice } = started.sandbox;
    expect(started.live).toEqual({ ...live, sandboxId: id, updatedAt: time.toISOString(), revision: 5 });
    expect({ name, websiteUrl, status, tokenPolicy, dpopBoundAccessTokens, expiryNotice }).toEqual({
      name: live.name,
      websiteUrl: live.websiteUrl,
      status: "active",
      tokenPolicy: "many",
      dpopBoundAccessTokens: true,
      expiryNotice: "P3D",
    });
    expect(started.sandbox).toMatchObject({ sandboxOf: live.id, email: "" });
    expect(started.sandbox.limits).toBeUndefined();
  });

  test("is refused to a partner that has one, and to a suspended one", () => {
    expect(startSandbox({ ...live, sandboxId: "ptr_2" }, time)).toMatchObject({ code: "sandbox_exists" });
    expect(startSandbox({ ...live, status: "suspended" }, time)).toMatchObject({ code: "token_revoked" });
  });
});

test("the end of a sandbox is a change of its live partner, which has to be active and to have one", () => {
  const after = { ...live, updatedAt: time.toISOString(), revision: 5 };
  expect(endSandbox({ ...live, sandboxId: "ptr_2" }, time)).toEqual({ live: after, sandboxId: "ptr_2" });
  expect(endSandbox(live, time)).toMatchObject({ code: "not_found" });
  const suspended = { ...live, sandboxId: "ptr_2", status: "suspended" } as const;
  expect(endSandbox(suspended, time)).toMatchObject({ code: "token_revoked" });
});

test("a clock is ready once everything until its time is announced", () => {
  const clock = { time: "2030-01-31T12:00:00.000Z", announcedTo: "2030-01-30T12:00:00.000Z" };
  expect(viewTestClock(clock)).toEqual({ time: clock.time, status: "advancing" });
  expect(viewTestClock({ ...clock, announcedTo: clock.time })).toEqual({ time: clock.time, status: "ready" });
});
