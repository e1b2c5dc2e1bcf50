/** The synthetic partner is made by the deployment, is served as a partner, and leaves nothing behind. */
import { errorAnswer, type Interceptor } from "../../../infra/local/services/service-proxy.ts";
import { syntheticPartnerId } from "../../../shared/partners/synthetic-partner.ts";
import { Portico } from "../../support/portico.ts";
import { contentsOf, plantChanges } from "../../support/table.ts";
import { subscriptionKey } from "../../../shared/subscriptions/keys.ts";

let broken: Interceptor | undefined;
const portico = Portico.alone({
  interceptors: [(call, next) => (broken ?? ((_call, done) => done()))(call, next)],
});
beforeEach(() => {
  broken = undefined;
  portico.logs.length = 0;
});

const schedule = "Portico-local-synthetic-partner";
const run = async () => await portico.host.runSchedule(schedule);
const ended = (code: string) =>
  portico.logs.filter((line) => line.includes(`"code":"${code}"`)).map((line) => JSON.parse(line));

/** Items that the table has because of the partner, but for its principal and what expires by itself. */
async function remains(): Promise<readonly string[]> {
  const items = await contentsOf(portico.host);
  return items
    .filter(({ pk, ttl }) => String(pk).includes(syntheticPartnerId) && ttl === undefined)
    .map(({ pk }) => String(pk).split("#")[0] ?? "")
    .sort();
}

test("it signs in, sells, extends, reads, cancels and signs out, and only its principal stays", async () => {
  expect(await run()).not.toHaveProperty("failure");
  expect(ended("synthetic_partner_served")).toHaveLength(1);
  const operations = ended("request_served").map(({ operation }) => operation);
  expect(operations).toEqual(
    expect.arrayContaining(["oauth.token", "subscriptions.create", "subscriptions.extend", "subscriptions.cancel"]),
  );
  expect(await remains()).toEqual(["CREDENTIAL", "PRINCIPAL"]);
});

test("its calls are recognisable, and no list of partners has it", async () => {
  await run();
  const principals = new Set(
    ended("request_served").flatMap(({ operation, principalId }) =>
      operation.startsWith("subscriptions.") ? [principalId] : [],
    ),
  );
  expect([...principals]).toEqual([syntheticPartnerId]);
  const { body } = await portico.callAsRoot("GET", "/v1/partners");
  expect(body.items).toEqual([]);
  expect((await portico.callAsRoot("GET", `/v1/partners/${syntheticPartnerId}`)).status).toBe(404);
});

test("a broken promise fails the run, is named without secrets, and leaves nothing", async () => {
  broken = async ({ functionId }, next) =>
    functionId.endsWith("-subscriptions-extend") ? errorAnswer("ValidationException", "injected") : await next();
  expect(await run()).toMatchObject({ failure: { errorMessage: "the synthetic partner is not served" } });
  const [line] = ended("synthetic_partner_failed");
  expect(line).toMatchObject({ operation: "synthetic-partner", errorName: "BrokenPromise" });
  expect(line.reason).toMatch(/^PUT \/v1\/subscriptions\/[\w-]+ answers 500 internal_error, not 200$/);
  expect(await remains()).toEqual(["CREDENTIAL", "PRINCIPAL"]);
});

test("a run removes what an interrupted one has left, and no other partner's items", async () => {
  const left = { customer: "left", revision: 1 };
  const key = (partnerId: string) => subscriptionKey.subscription(partnerId, "left");
  await plantChanges(portico.host, [
    [{ put: { ...key(syntheticPartnerId), ...left } }, { put: { ...key("ptr_other"), ...left } }],
  ]);
  expect(await run()).not.toHaveProperty("failure");
  const subscriptions = (await contentsOf(portico.host))
    .map(({ pk }) => pk)
    .filter((pk) => pk.startsWith("SUBSCRIPTIONS#"));
  expect(subscriptions).toEqual(["SUBSCRIPTIONS#ptr_other"]);
});

test("a deployment brings its credential in line with a changed secret", async () => {
  const { secrets, model } = portico.host;
  const { arn } = model.secrets.find(({ name }) => name === "portico/local/synthetic-partner")!;
  const value = JSON.parse(secrets.current(arn)!);
  const SecretString = JSON.stringify({ ...value, clientSecret: "a-new-secret-of-the-synthetic-partner" });
  secrets.answer("PutSecretValue", { SecretId: arn, SecretString });
  expect(await run()).toHaveProperty("failure");
  const bootstrap = model.functions.find(({ name }) => name === "Portico-local-bootstrap")!;
  await portico.host.invoke(bootstrap.id, {});
  expect(await run()).not.toHaveProperty("failure");
  expect(portico.logs.join("\n")).not.toContain("a-new-secret");
});
