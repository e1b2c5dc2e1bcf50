import { codesOf } from "../../support/sessions.ts";
import { couponCalls } from "../../support/coupons.ts";
import { expectProblem } from "../../support/expect-problem.ts";
import { newPerson } from "../../support/people.ts";
import { Portico } from "../../support/portico.ts";
import { threadCalls } from "../../support/threads.ts";
import { userCalls } from "../../support/users.ts";
import { unknownUserId } from "../../support/values.ts";

const portico = Portico.forSuite();
const { call } = portico;
const { newThread, post } = threadCalls(portico);
const { newCoupon, redeem } = couponCalls(portico);
const { remove } = userCalls(portico);

const pageOf = (id: string, cursor?: string | null) =>
  portico.callAsRoot("GET", `/v1/users/${id}/export${cursor ? `?cursor=${cursor}` : ""}`);

async function pagesOf(id: string): Promise<any[]> {
  const pages: any[] = [];
  do {
    const { status, body } = await pageOf(id, pages.at(-1)?.nextCursor);
    expect(status).toBe(200);
    pages.push(body);
  } while (pages.at(-1).nextCursor !== null && pages.length < 20);
  return pages;
}

/** Two people who have written to each other; the first has credit, a redemption and a session. */
async function twoPeople() {
  const [ada, grace] = [await newPerson(portico), await newPerson(portico)];
  await portico.callAsRoot("POST", `/v1/users/${ada.id}/credit`, { amount: 50, reason: "Welcome" });
  const coupon = await newCoupon();
  expect((await redeem(ada.accessToken, coupon.code)).status).toBe(201);
  const threads = [await newThread(ada, grace), await newThread(grace, ada)];
  for (const thread of threads) {
    await post(ada, thread, "from ada");
    await post(grace, thread, "from grace");
  }
  return { ada, grace, coupon, threads };
}

describe("exporting a user's data", () => {
  test("has profile, sessions, movements, redemptions, threads and the user's own messages, without secrets", async () => {
    const { ada, grace, coupon, threads } = await twoPeople();
    const answer = await pageOf(ada.id);
    const { profile, sessions, creditMovements, redemptions, nextCursor, ...written } = answer.body;
    expect(profile).toMatchObject({ id: ada.id, username: ada.username, credit: 40, secondFactor: null });
    expect(sessions).toEqual([expect.objectContaining({ signInMethod: "password", clientId: "web" })]);
    expect(creditMovements.map(({ amount }: any) => amount)).toEqual([-10, 50]);
    expect(redemptions).toEqual([expect.objectContaining({ couponId: coupon.id, value: 10 })]);
    expect(written.threads.map(({ id, isCreator }: any) => ({ id, isCreator }))).toEqual([
      { id: threads[1], isCreator: false },
      { id: threads[0], isCreator: true },
    ]);
    expect(written.messages.map(({ message }: any) => message)).toEqual(["from ada", "from ada"]);
    expect(nextCursor).toBeNull();
    for (const hidden of ["from grace", grace.id, grace.username, ada.accessToken, "argon2", "Hash"]) {
      expect(answer.text).not.toContain(hidden);
    }
  });

  test("of a deleted user has what its deletion keeps, and no name", async () => {
    const { ada } = await twoPeople();
    expect((await remove(ada.id)).status).toBe(204);
    const answer = await pageOf(ada.id);
    expect(answer.body).toMatchObject({ profile: null, sessions: [], creditMovements: [{}, {}], redemptions: [{}] });
    expect(answer.body.messages).toHaveLength(2);
    expect(answer.text).not.toContain(ada.username);
  });

  test("continues on the next page where the page before ended", async () => {
    const ada = await newPerson(portico);
    const grants = Array.from({ length: 120 }, (_, index) => index + 1);
    for (const amount of grants) {
      await portico.callAsRoot("POST", `/v1/users/${ada.id}/credit`, { amount, reason: "Welcome" });
    }
    const pages = await pagesOf(ada.id);
    expect(pages.length).toBe(2);
    const amounts = pages.flatMap(({ creditMovements }) => creditMovements.map(({ amount }: any) => amount));
    expect(amounts).toEqual(grants.reverse());
    expect(pages.map(({ profile }) => profile === null)).toEqual([false, true]);
  });

  test("is a security event, once for all pages, and no log has the name", async () => {
    const ada = await newPerson(portico);
    expect(await codesOf(portico, await pageOf(ada.id))).toContain("personal_data_exported");
    expect(portico.logs.filter((line) => line.includes(ada.username))).toEqual([]);
  });

  test("is for administrators only, and an unknown user is not found", async () => {
    const [ada, admin] = [await newPerson(portico), await newPerson(portico, "admin")];
    const path = `/v1/users/${ada.id}/export`;
    expectProblem(await call("GET", path, { token: ada.accessToken }), 403, "forbidden");
    expect((await call("GET", path, { token: admin.accessToken })).status).toBe(200);
    expectProblem(await pageOf(unknownUserId), 404, "not_found");
    expectProblem(await pageOf(ada.id, "bent"), 400, "cursor_invalid");
  });
});
