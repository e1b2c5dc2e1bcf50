/** A small Portico in this process: functions against a real engine, with what the recorded operations need in the table. */
import { randomUUID } from "node:crypto";
import { createTable, startEngine, withoutStream, type Engine } from "../../../infra/local/services/dynamodb-engine.ts";
import { LocalEventBuses } from "../../../infra/local/services/event-buses.ts";
import { LocalQueues } from "../../../infra/local/services/queues.ts";
import { LocalSecretsManager } from "../../../infra/local/services/secrets-manager.ts";
import { ServiceProxy } from "../../../infra/local/services/service-proxy.ts";
import { readItem, tableClientOf } from "../../../infra/local/services/table-contents.ts";
import { loadAssembly, parametersOf } from "../../../infra/local/template/cloud-assembly.ts";
import { readModel } from "../../../infra/local/template/read-deployment.ts";
import { hashCode } from "../../../shared/coupons/codes.ts";
import { createCoupon } from "../../../shared/coupons/rules.ts";
import { couponCreation } from "../../../shared/coupons/store.ts";
import { scopes } from "../../../shared/domain/access.ts";
import { newId } from "../../../shared/domain/ids.ts";
import { issueAccessToken, type TokenSubject } from "../../../shared/identity/access-tokens.ts";
import { hashClientSecret } from "../../../shared/identity/client-secrets.ts";
import { generateSigningKey, publicKeysOf, type SigningKey } from "../../../shared/identity/signing-keys.ts";
import { keyPublication } from "../../../shared/identity/store.ts";
import { registerPartner } from "../../../shared/partners/rules.ts";
import { partnerCreation } from "../../../shared/partners/store.ts";
import type { AwsJson } from "../../../shared/runtime/aws-json.ts";
import { secretVariables } from "../../../shared/runtime/environment.ts";
import { Table, type Item } from "../../../shared/runtime/table.ts";
import { threadCreation } from "../../../shared/threads/store.ts";
import { createUser } from "../../../shared/users/rules.ts";
import { userCreation } from "../../../shared/users/store.ts";
import { Recorder } from "./record.ts";

export const publicUrl = "https://api.portico.example";
const key = "a key that no deployment has";
const secretArn = (name: string) => `arn:aws:secretsmanager:us-east-1:000000000000:secret:${name}-AbCdEf`;

/** What the operations are called with. */
export interface Cast {
  readonly partnerId: string;
  readonly clientSecret: string;
  /** Two users, because a user redeems a coupon once. */
  readonly userIds: readonly [string, string];
  readonly couponId: string;
  readonly code: string;
  readonly codeHash: string;
  readonly threadId: string;
}

export interface World {
  readonly cast: Cast;
  readonly recorder: Recorder;
  tokenOf(caller: "partner" | "user", userId: string): Promise<string>;
  /** An item with the attributes of its keys. */
  read(key: { readonly pk: string; readonly sk: string }): Promise<Item | undefined>;
  close(): Promise<void>;
}

interface Services {
  readonly engine: Engine;
  readonly tableClient: AwsJson;
  readonly tableName: string;
  readonly recorder: Recorder;
  readonly proxy: ServiceProxy;
  readonly signing: SigningKey;
}

/** Sets the environment of this process as a function has it, so functions are imported afterwards. @param assembly of `local` */
export async function startWorld(assembly: string): Promise<World> {
  const services = await startServices(assembly);
  const { tableClient, tableName, recorder, proxy, engine, signing } = services;
  Object.assign(process.env, environmentOf(services));
  const table = new Table(tableClient, tableName, Number.MAX_SAFE_INTEGER);
  await table.commit(keyPublication(publicKeysOf({ keys: [signing] })));
  const cast = await plant(table);
  return {
    cast,
    recorder,
    tokenOf: (caller, userId) => tokenOf({ caller, userId, cast, signing }),
    read: async ({ pk, sk }) => await readItem(tableClient, tableName, { pk, sk }),
    close: async () => {
      tableClient.destroy();
      await proxy.close();
      await engine.close();
    },
  };
}

async function startServices(assembly: string): Promise<Services> {
  const nowhere = Object.fromEntries([...parametersOf(assembly)].map((name) => [name, "http://127.0.0.1:1"]));
  const { tables, region } = readModel(loadAssembly(assembly, nowhere));
  const model = tables[0];
  if (model === undefined) throw new Error("the assembly has no table");
  const engine = await startEngine();
  await createTable(engine.endpoint, region, withoutStream(model));
  const tableClient = tableClientOf(engine.endpoint, region);
  const recorder = new Recorder(tableClient, model.name);
  const signing = await generateSigningKey(new Date());
  const secrets = new LocalSecretsManager();
  const values = Object.keys(secretVariables).map((name) => {
    const value = name === "signingKeys" ? JSON.stringify({ keys: [signing] }) : key;
    return { arn: secretArn(name), name, description: undefined, initial: { value } };
  });
  secrets.ensure(values);
  const proxy = await ServiceProxy.start({
    engineEndpoint: engine.endpoint,
    secrets,
    queues: new LocalQueues(),
    buses: new LocalEventBuses(() => undefined),
    interceptors: [recorder.intercept],
  });
  return {
    engine,
    tableClient,
    tableName: model.name,
    recorder,
    proxy,
    signing,
  };
}

function environmentOf({ proxy, tableName }: Services): Readonly<Record<string, string>> {
  const { accessKeyId, secretAccessKey, sessionToken } = proxy.keyOf(
    "arn:aws:lambda:us-east-1:000000000000:function:scale",
  );
  const arns = Object.entries(secretVariables).map(([name, variable]) => [variable, secretArn(name)]);
  return {
    AWS_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_SESSION_TOKEN: sessionToken,
    AWS_ENDPOINT_URL_DYNAMODB: proxy.url,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: proxy.url,
    STAGE: "scale",
    PUBLIC_URL: publicUrl,
    TABLE_NAME: tableName,
    ALLOWED_ORIGINS: "",
    LOG_LEVEL: "ERROR",
    PARTNER_TOKEN_SECONDS: "3600",
    USER_TOKEN_SECONDS: "900",
    SESSION_SECONDS: "86400",
    ADMINISTRATOR_SESSION_SECONDS: "86400",
    MAX_SESSIONS: "20",
    PARTNER_REQUESTS_PER_SECOND: "5000",
    PARTNER_BURST: "50000",
    PARTNER_REQUESTS_PER_MONTH: "999999999",
    PUBLIC_CLIENTS: "web",
    ADMINISTRATORS_NEED_SECOND_FACTOR: "false",
    ...Object.fromEntries(arns),
  };
}

async function plant(table: Table): Promise<Cast> {
  const now = new Date();
  const partner = registerPartner(
    { name: "Blue Bicycle", websiteUrl: "https://bluebicycle.example", email: "office@bluebicycle.example" },
    now,
  );
  const clientSecret = "the secret of the partner";
  const author = { partnerId: partner.id, tokenId: "none", now, request: { id: randomUUID(), idempotencyKey: null } };
  const credential = { secretHash: hashClientSecret(clientSecret, key), issuedAt: now.toISOString() };
  await table.commit(partnerCreation(author, partner, credential));
  const users = ["ada", "grace"].map((username) => createUser({ username, name: "Ada Lovelace", credit: 1000 }, now));
  for (const user of users) await table.commit(userCreation(user, undefined));
  const userIds = users.map(({ id }) => id) as [string, string];
  const code = "MUSEUM-2026";
  const codeHash = hashCode(code, key);
  const terms = { name: "Museum", value: 1, quantity: 1_000_000, active: true, expiresAt: new Date("2099-01-01") };
  const coupon = createCoupon(terms, now);
  await table.commit(couponCreation(coupon, codeHash));
  const thread = { id: newId("thr_", now), createdBy: userIds[1], participants: userIds, createdAt: now.toISOString() };
  await table.commit(threadCreation(thread));
  return { partnerId: partner.id, clientSecret, userIds, couponId: coupon.id, code, codeHash, threadId: thread.id };
}

interface TokenRequest {
  readonly caller: "partner" | "user";
  readonly userId: string;
  readonly cast: Cast;
  readonly signing: SigningKey;
}

async function tokenOf({ caller, userId, cast, signing }: TokenRequest): Promise<string> {
  const now = new Date();
  const session = newId("ses_", now);
  const subject: TokenSubject =
    caller === "partner"
      ? { principal: { kind: "partner", id: cast.partnerId, scopes }, clientId: cast.partnerId, version: 0 }
      : { principal: { kind: "user", id: userId, role: "user", sessionId: session }, clientId: "web", version: 1 };
  return (await issueAccessToken(subject, signing, { issuer: publicUrl, lifetimeSeconds: 900, now })).token;
}
