/** What tokens are worth while the item of the public signing keys cannot be read. */
import { jest } from "@jest/globals";
import { LocalEventBuses } from "../../../infra/local/services/event-buses.ts";
import { LocalQueues } from "../../../infra/local/services/queues.ts";
import { LocalSecretsManager } from "../../../infra/local/services/secrets-manager.ts";
import { ServiceProxy } from "../../../infra/local/services/service-proxy.ts";
import { Problem } from "../../../shared/domain/problems.ts";
import { issueAccessToken } from "../../../shared/identity/access-tokens.ts";
import { authenticate } from "../../../shared/identity/authenticate.ts";
import { maxStaleMs, refetchMs } from "../../../shared/identity/public-keys.ts";
import { generateSigningKey, publicKeysOf, type SigningKey } from "../../../shared/identity/signing-keys.ts";
import { keyPublication, principalCreation, tokenRevocation } from "../../../shared/identity/store.ts";
import { AwsJson, dynamoDb } from "../../../shared/runtime/aws-json.ts";
import { Table } from "../../../shared/runtime/table.ts";
import { FaultInjector, type FaultRule } from "../../faults/fault-injector.ts";
import { startTable, type TestTable } from "../../support/engine-table.ts";

const issuer = "https://api.portico.example";
const partnerId = "ptr_throttled";
const throttled: FaultRule = {
  fault: { kind: "error", code: "ProvisionedThroughputExceededException" },
  actions: ["GetItem"],
  keyPrefix: "SIGNING-KEYS",
};
const faults = new FaultInjector({ seed: 1 });

let engine: TestTable;
let proxy: ServiceProxy;
let client: AwsJson;
let key: SigningKey;
/** How far the clock of the process is ahead; it never goes back, because the cache of keys is the process's. */
let aheadMs = 0;
let warnings = 0;

beforeAll(async () => {
  const now = Date.now.bind(Date);
  jest.spyOn(Date, "now").mockImplementation(() => now() + aheadMs);
  engine = await startTable();
  proxy = await ServiceProxy.start({
    engineEndpoint: engine.endpoint,
    secrets: new LocalSecretsManager(),
    queues: new LocalQueues(),
    buses: new LocalEventBuses(() => undefined),
    interceptors: [faults.intercept],
  });
  const credentials = proxy.keyOf("arn:aws:lambda:us-east-1:000000000000:function:Portico-local-authorizer");
  client = new AwsJson(dynamoDb, { endpoint: proxy.url, region: "us-east-1", credentials });
  key = await generateSigningKey(new Date());
  await engine.table.commit(keyPublication(publicKeysOf({ keys: [key] })));
  const state = { kind: "partner", status: "active", tokenPolicy: "many", version: 1 } as const;
  await engine.table.commit(
    principalCreation(partnerId, state, { secretHash: "none", issuedAt: new Date().toISOString() }),
  );
});

beforeEach(async () => {
  faults.clear();
  aheadMs += 2 * 60_000;
  warnings = 0;
  await expect(authenticated(await tokenOf(key))).resolves.toMatchObject({ id: partnerId });
});

afterAll(async () => {
  jest.restoreAllMocks();
  client.destroy();
  await proxy.close();
  await engine.close();
});

async function tokenOf(signing: SigningKey, version = 1): Promise<string> {
  const principal = { kind: "partner", id: partnerId, scopes: ["subscriptions:read"] } as const;
  const options = { issuer, lifetimeSeconds: 3600, now: new Date(Date.now()) };
  return (await issueAccessToken({ principal, clientId: partnerId, version }, signing, options)).token;
}

/** @param withinMs what the call has; the authorizer has seconds */
async function authenticated(token: string, withinMs = 5000) {
  const request = { authorization: `Bearer ${token}`, proofs: [], method: "GET", url: issuer };
  const table = new Table(client, engine.name, Date.now() + withinMs);
  const onStaleKeys = () => warnings++;
  const options = { issuer, expires: true, administratorsNeedSecondFactor: false, onStaleKeys };
  return await authenticate({ ...request, now: new Date(Date.now()) }, table, options);
}

/** Such a call fails at its deadline, so it gets a short one. */
async function expectUnavailable(token: string): Promise<void> {
  const error = await authenticated(token, 500).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(Problem);
  expect((error as Problem).code).toBe("unavailable");
}

/** How often the keys were asked for since the faults were set. */
const asked = () => faults.counts[0]?.matched ?? 0;

test("a process verifies with the keys that it has while they cannot be read again", async () => {
  const token = await tokenOf(key);
  faults.replace([throttled]);
  aheadMs += 61_000;
  await expect(authenticated(token)).resolves.toMatchObject({ id: partnerId });
  expect(asked()).toBeGreaterThan(0);
  expect(warnings).toBe(1);
});

test("the item that is throttled is asked for at most once a second", async () => {
  const token = await tokenOf(key);
  faults.replace([throttled]);
  aheadMs += 61_000;
  await authenticated(token);
  const first = asked();
  await authenticated(token);
  expect(asked()).toBe(first);
  aheadMs += refetchMs + 1;
  await authenticated(token);
  expect(asked()).toBeGreaterThan(first);
});

test("the keys are used for five minutes since they were read, and then the call fails", async () => {
  const token = await tokenOf(key);
  faults.replace([throttled]);
  aheadMs += maxStaleMs - 5000;
  await expect(authenticated(token)).resolves.toMatchObject({ id: partnerId });
  aheadMs += 5001;
  await expectUnavailable(token);
  expect(maxStaleMs).toBe(5 * 60_000);
});

test("a key that the process does not know is not refused as unknown while the keys cannot be read", async () => {
  const other = await tokenOf(await generateSigningKey(new Date()));
  faults.replace([throttled]);
  aheadMs += 61_000;
  await authenticated(await tokenOf(key));
  await expectUnavailable(other);
  faults.clear();
  aheadMs += refetchMs + 1;
  await expect(authenticated(other)).resolves.toMatchObject({ reason: "token_invalid" });
});

test("a key that was taken away is refused with the first read that succeeds", async () => {
  const token = await tokenOf(key);
  faults.replace([throttled]);
  aheadMs += 61_000;
  await expect(authenticated(token)).resolves.toMatchObject({ id: partnerId });
  await engine.table.commit(keyPublication(publicKeysOf({ keys: [await generateSigningKey(new Date())] })));
  faults.clear();
  aheadMs += refetchMs + 1;
  await expect(authenticated(token)).resolves.toMatchObject({ reason: "token_invalid" });
  await engine.table.commit(keyPublication(publicKeysOf({ keys: [key] })));
});

describe("revocation", () => {
  test("fails closed: without the principal's state the call is unavailable", async () => {
    const token = await tokenOf(key);
    faults.replace([{ ...throttled, keyPrefix: "PRINCIPAL#" }]);
    await expectUnavailable(token);
  });

  test("takes effect at once while the keys cannot be read", async () => {
    const token = await tokenOf(key);
    faults.replace([throttled]);
    aheadMs += 61_000;
    await expect(authenticated(token)).resolves.toMatchObject({ id: partnerId });
    await engine.table.commit([tokenRevocation(partnerId)]);
    await expect(authenticated(token)).resolves.toMatchObject({ reason: "token_revoked" });
  });
});
