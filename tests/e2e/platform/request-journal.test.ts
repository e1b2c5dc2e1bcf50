/** What the local host tells of one request: `npm run request`. */
import { requestReport } from "../../../infra/local/commands/request.ts";
import type { JournalEntry } from "../../../infra/local/services/request-journal.ts";
import type { Answer } from "../../support/answer.ts";
import { Portico } from "../../support/portico.ts";
import { eventually } from "../../support/waiting.ts";

const portico = Portico.forSuite();
const { call } = portico;

/** The complete entry of a call, which ends shortly after its answer. */
async function entryOf({ headers }: Answer, lines: number): Promise<JournalEntry> {
  const id = headers.get("x-request-id") ?? "";
  const entry = await eventually(
    async () => portico.host.requestOf(id),
    (found) => found?.access !== undefined && found.lines.length >= lines,
  );
  return entry!;
}

const report = (entry: JournalEntry) =>
  requestReport(
    entry,
    Object.fromEntries(portico.host.model.functions.map(({ id, name }) => [id, name.replace(/^.*?local-/, "")])),
  ).join("\n");

test("a served request has its route, its functions, their calls and their log lines", async () => {
  const { token, id } = await portico.partnerWithToken();
  const json = { externalUserId: "customer-1", userEmail: "ada@example.com", duration: "P1M" };
  const answer = await call("POST", "/v1/subscriptions", { token, json });
  const entry = await entryOf(answer, 1);
  expect(entry.access).toMatchObject({ method: "POST", resource: "/v1/subscriptions", status: 201 });
  expect(entry.invocations.map(({ result }) => result)).toEqual(["ok", "ok"]);
  expect(entry.calls.map(({ action }) => action)).toEqual(expect.arrayContaining(["GetItem", "TransactWriteItems"]));
  expect(entry.calls.map(({ subjects }) => subjects.join()).join()).toContain(id);
  const text = report(entry);
  expect(text).toContain("Route: POST /v1/subscriptions");
  expect(text).toMatch(/ms {2}\S*subscriptions\S* {2}ok\n +\d+ ms {2}\w+ {2}.*ok/);
  expect(text).toContain('"code":"request_served"');
});

test("calls belong to their own request, however many run at once", async () => {
  const partners = await Promise.all([1, 2, 3, 4].map(async () => await portico.partnerWithToken()));
  const answers = await Promise.all(partners.map(async ({ token }) => await call("GET", "/v1/partners/me", { token })));
  for (const [index, answer] of answers.entries()) {
    const keys = (await entryOf(answer, 1)).calls.flatMap(({ subjects }) => subjects).join();
    for (const [other, { id }] of partners.entries())
      expect([other, keys.includes(id)]).toEqual([other, other === index]);
  }
});

test("a refused token has no function but the authorizer", async () => {
  const entry = await entryOf(await call("GET", "/v1/partners/me", { token: "forged" }), 1);
  expect(entry.access).toMatchObject({ status: 401, gatewayError: "ACCESS_DENIED", resource: "/v1/partners/me" });
  expect(report(entry)).toMatch(/authorizer {2}ok[\s\S]*"route":"GET \/v1\/partners\/me"/);
});

test("an unknown route is told with its path", async () => {
  const entry = await entryOf(await call("GET", "/v1/misspelt?secret=1"), 0);
  expect(entry).toMatchObject({ invocations: [], calls: [], lines: [] });
  expect(entry.access).toMatchObject({ path: "/v1/misspelt", resource: undefined, status: 404 });
  expect(report(entry)).toContain(
    "No route of the API has this method and path.\n  API Gateway gave the answer itself",
  );
});
