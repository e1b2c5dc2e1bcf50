import { allPages } from "../../support/lists.ts";
import { Portico } from "../../support/portico.ts";
import { subscriptionCalls, termOf } from "../../support/subscriptions.ts";

const portico = Portico.forSuite();
const { call } = portico;
const { cancel, create, extend, history, read } = subscriptionCalls(portico);

const tokenIdOf = (token: string): string =>
  JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()).jti;

describe("the history of a subscription", () => {
  test("lists every change oldest first with type, time, periods and token id", async () => {
    const partner = await portico.registerPartner();
    const first = await portico.partnerToken(partner);
    const created = await create(first);
    const second = await portico.partnerToken(partner);
    const extended = await extend(second, { duration: "P1Y" });
    const third = await portico.partnerToken(partner);
    await cancel(third);
    const cancelled = await read(third);
    const [one, two, three] = [created, extended, cancelled].map(({ body }) => termOf(body));
    const entries = await history(third);
    expect(entries.map(({ id: _id, ...entry }) => entry)).toEqual([
      { type: "created", at: created.body.updatedAt, from: null, to: one, tokenId: tokenIdOf(first) },
      { type: "extended", at: extended.body.updatedAt, from: one, to: two, tokenId: tokenIdOf(second) },
      { type: "cancelled", at: cancelled.body.updatedAt, from: two, to: three, tokenId: tokenIdOf(third) },
    ]);
    expect(new Set(entries.map(({ id }) => id)).size).toBe(3);
  });

  test("pages contain each change exactly once", async () => {
    const { token } = await portico.partnerWithToken();
    await create(token);
    for (let count = 0; count < 6; count++) await extend(token, { duration: "P1D" });
    const whole = await history(token);
    for (const limit of [1, 2, 3, 7]) {
      const pages = await allPages((cursor) =>
        call("GET", `/v1/subscriptions/u1/history?limit=${limit}${cursor === undefined ? "" : `&cursor=${cursor}`}`, {
          token,
        }),
      );
      expect(pages.flat()).toEqual(whole);
      expect(pages.every((page) => page.length <= limit)).toBe(true);
    }
  });

  test("a rejected change adds no entry", async () => {
    const { token } = await portico.partnerWithToken();
    await create(token);
    const whole = await history(token);
    await create(token);
    await extend(token, { expiresAt: "2001-01-01T00:00:00Z" });
    await extend(token, {}, { headers: { "if-match": '"9"' } });
    await extend(token, { duration: "nonsense" });
    expect(await history(token)).toEqual(whole);
  });
});
