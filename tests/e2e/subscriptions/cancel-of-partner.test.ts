/** Covers `subscriptions/read-of-partner`, `subscriptions/history-of-partner`, `subscriptions/erase-personal-data-of-partner`. */
import { verdict } from "../../support/answer.ts";
import { allPages } from "../../support/lists.ts";
import { newPerson } from "../../support/people.ts";
import { inParallel, Portico, tally } from "../../support/portico.ts";
import { subscriptionCalls } from "../../support/subscriptions.ts";
import { unknownPartnerId } from "../../support/values.ts";

const portico = Portico.forSuite();
const { cancel, create, history, read } = subscriptionCalls(portico);
const pathOf = (partnerId: string, user = "u1") => `/v1/partners/${partnerId}/subscriptions/${user}`;
const asRoot = (method: string, path: string, headers = {}) => portico.callAsRoot(method, path, undefined, headers);

test("an administrator reads a subscription and its history as the partner sees them", async () => {
  const { id, token } = await portico.partnerWithToken();
  await create(token);
  const { accessToken } = await newPerson(portico, "admin");
  const shown = await portico.call("GET", pathOf(id), { token: accessToken });
  expect(shown.body).toEqual((await read(token)).body);
  const changes = await portico.call("GET", `${pathOf(id)}/history`, { token: accessToken });
  expect(changes.body.items).toEqual(await history(token));
});

test("an administrator reads a history in pages", async () => {
  const { id, token } = await portico.partnerWithToken();
  await create(token);
  await cancel(token);
  const pages = await allPages((cursor) =>
    asRoot("GET", `${pathOf(id)}/history?limit=1${cursor === undefined ? "" : `&cursor=${cursor}`}`),
  );
  expect(pages.filter(({ length }) => length > 0)).toHaveLength(2);
  expect(pages.flat()).toEqual(await history(token));
});

test("an administrator cancels a subscription, once, and the partner sees it", async () => {
  const { id, token } = await portico.partnerWithToken();
  const { body: created } = await create(token);
  expect(verdict(await asRoot("DELETE", pathOf(id), { "if-match": '"7"' }))).toBe("412 precondition_failed");
  expect((await asRoot("DELETE", pathOf(id), { "if-match": created.etag })).status).toBe(204);
  expect((await asRoot("DELETE", pathOf(id))).status).toBe(204);
  expect((await read(token)).body).toMatchObject({ status: "cancelled", etag: '"2"' });
  expect((await history(token)).map(({ type }) => type)).toEqual(["created", "cancelled"]);
});

test("also while the partner is suspended", async () => {
  const { id, token } = await portico.partnerWithToken();
  await create(token);
  await portico.callAsRoot("PATCH", `/v1/partners/${id}`, { status: "suspended" });
  expect((await asRoot("DELETE", pathOf(id))).status).toBe(204);
  expect((await asRoot("GET", pathOf(id))).body.status).toBe("cancelled");
});

test("an administrator erases the e-mail address of an external user, and the sale stays", async () => {
  const { id, token } = await portico.partnerWithToken();
  await create(token);
  expect((await asRoot("DELETE", `${pathOf(id)}/personal-data`)).status).toBe(204);
  expect((await asRoot("DELETE", `${pathOf(id)}/personal-data`)).status).toBe(204);
  expect((await read(token)).body).toMatchObject({ userEmail: "", status: "active", etag: '"2"' });
  expect((await history(token)).map(({ type }) => type)).toEqual(["created", "personal_data_erased"]);
});

test("a subscription is found under its own partner only", async () => {
  const { token } = await portico.partnerWithToken();
  await create(token);
  const other = await portico.registerPartner();
  for (const partnerId of [other.id, unknownPartnerId]) {
    const path = pathOf(partnerId);
    const answers = [
      await asRoot("GET", path),
      await asRoot("GET", `${path}/history`),
      await asRoot("DELETE", path),
      await asRoot("DELETE", `${path}/personal-data`),
    ];
    expect(new Set(answers.map(verdict))).toEqual(new Set(["404 not_found"]));
  }
});

test("fifty parallel cancellations by administrators and the partner make one change", async () => {
  const { id, token } = await portico.partnerWithToken();
  await create(token);
  const answers = await inParallel(50, (index) => (index % 2 === 0 ? cancel(token) : asRoot("DELETE", pathOf(id))));
  expect(tally(answers.map(verdict))).toEqual({ "204": 50 });
  expect(await history(token)).toHaveLength(2);
});
