import { verdict } from "../../support/answer.ts";
import { inParallel, Portico, tally } from "../../support/portico.ts";
import { subscriptionCalls } from "../../support/subscriptions.ts";

const portico = Portico.forSuite();
const { cancel, create, createExpired, history, read } = subscriptionCalls(portico);

describe("cancelling a subscription", () => {
  test("ends a subscription now, and a second cancellation changes nothing", async () => {
    const { token } = await portico.partnerWithToken();
    const created = await create(token);
    expect(await cancel(token)).toMatchObject({ status: 204, text: "" });
    const { body } = await read(token);
    expect(body).toMatchObject({
      id: created.body.id,
      status: "cancelled",
      startsAt: created.body.startsAt,
      etag: '"2"',
    });
    expect(body.expiresAt).toBe(body.updatedAt);
    expect((await cancel(token)).status).toBe(204);
    expect((await read(token)).body).toEqual(body);
    expect((await history(token)).map(({ type }) => type)).toEqual(["created", "cancelled"]);
  });

  test("fifty parallel cancellations make one change", async () => {
    const { token } = await portico.partnerWithToken();
    await create(token);
    const answers = await inParallel(50, () => cancel(token));
    expect(tally(answers.map(verdict))).toEqual({ "204": 50 });
    expect(await history(token)).toHaveLength(2);
  });

  test("a subscription cancelled before its start has a period of zero length", async () => {
    const { token } = await portico.partnerWithToken();
    await create(token, { startsAt: "2096-01-01T00:00:00Z" });
    await cancel(token);
    const { body } = await read(token);
    expect(body.status).toBe("cancelled");
    expect([body.startsAt, body.expiresAt]).toEqual([body.updatedAt, body.updatedAt]);
  });

  test("cancelling an expired subscription keeps its end", async () => {
    const { token } = await portico.partnerWithToken();
    const { expiresAt } = await createExpired(token);
    expect((await cancel(token)).status).toBe(204);
    expect((await read(token)).body).toMatchObject({ status: "cancelled", expiresAt });
  });
});
