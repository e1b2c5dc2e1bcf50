/** Each failure of the table in `docs/alarms.md` is made, and rings exactly the alarms that the table names. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { errorAnswer, type Interceptor } from "../../infra/local/services/service-proxy.ts";
import { couponKey } from "../../shared/coupons/keys.ts";
import { ledgerKey } from "../../shared/ledger/keys.ts";
import { operations } from "../../shared/operations.ts";
import type { Key } from "../../shared/runtime/key.ts";
import { placeByNotice, subscriptionKey } from "../../shared/subscriptions/keys.ts";
import { userKey } from "../../shared/users/keys.ts";
import { alteredAssembly, type AlteredAssembly } from "../support/assembly.ts";
import { couponCalls } from "../support/coupons.ts";
import { newPerson } from "../support/people.ts";
import { subscriptionCalls } from "../support/subscriptions.ts";
import { plantChanges } from "../support/table.ts";
import { WatchedPortico } from "./watched-portico.ts";

/** The table of the documentation: failure → what rings. */
function documented(): ReadonlyMap<string, readonly string[]> {
  const page = readFileSync(join(import.meta.dirname, "../../docs/alarms.md"), "utf8");
  const section = page.slice(page.indexOf("| failure"), page.indexOf("AWS WAF exists"));
  const rows = section
    .split("\n")
    .slice(2)
    .filter((line) => line.startsWith("|"));
  return new Map(
    rows.map((row) => {
      const [, failure = "", rings = ""] = row.split("|").map((cell) => cell.trim());
      return [failure.replace(" †", ""), rings === "nothing" ? [] : rings.split(", ").sort()];
    }),
  );
}

/** The operation whose bundle is broken in the assembly of this file. */
const brokenOperation = "companies.banks";
const functionNameOf = (id: string): string => `Portico-local-${id.replaceAll(".", "-")}`;

let assembly: AlteredAssembly;
let watched: WatchedPortico;
let seller: { readonly id: string; readonly token: string };
/** Functions whose calls to the table are denied, which no operation expects. */
const denied = new Set<string>();

const denyAccess: Interceptor = async (call, next) =>
  denied.has(call.functionId.slice(call.functionId.lastIndexOf(":") + 1))
    ? errorAnswer("com.amazon.coral.service#AccessDeniedException", "not authorized", 400)
    : await next();

beforeAll(async () => {
  assembly = alteredAssembly((resources) => {
    for (const { Type, Properties } of Object.values(resources)) {
      if (Type !== "AWS::Lambda::Function") continue;
      // What waits for its time to be up need not wait for 10 s.
      Properties.Timeout = Math.min(Properties.Timeout, 4);
      if (Properties.FunctionName === functionNameOf(brokenOperation)) Properties.Handler = "missing.handler";
    }
  });
  watched = await WatchedPortico.start({
    assembly: assembly.folder,
    interceptors: [denyAccess],
    processesPerFunction: 6,
  });
  seller = await watched.portico.partnerWithToken();
});
afterAll(async () => {
  await watched.close();
  assembly.remove();
});
beforeEach(() => {
  denied.clear();
  watched.reset();
});

const self = () => watched.call("GET", "/v1/partners/me", { token: seller.token });
const times = async (count: number, act: () => Promise<unknown>): Promise<void> => {
  await Promise.all(Array.from({ length: count }, act));
};
const goodTraffic = (weight: number) => watched.during(1, self, weight);

async function exchange(claims: Readonly<Record<string, unknown>>): Promise<void> {
  const { idp } = watched.portico.host;
  if (idp === undefined) throw new Error("the local stage has an identity provider");
  await exchangeOf(await idp.token("somebody", claims));
}

async function exchangeOf(subjectToken: string): Promise<void> {
  const form = {
    grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
    client_id: "web",
    subject_token: subjectToken,
    subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
  };
  await watched.call("POST", "/oauth/token", { form });
}

const secretOf = (secretName: string) => ({
  read: (): string => {
    const { secrets, model } = watched.portico.host;
    return secrets.current(model.secrets.find(({ name }) => name === secretName)?.arn ?? "") ?? "";
  },
  change: (SecretString: string): void => {
    const request = { SecretId: secretName, SecretString };
    expect(watched.portico.host.secrets.answer("PutSecretValue", request).status).toBe(200);
  },
});
const rootSecret = secretOf("portico/local/root-sign-in");

/** Adds to a number of an item, or takes from it, as no function does. */
async function tamper(key: Key, change: string): Promise<void> {
  const set = { expression: change, values: { ":one": 1 } };
  await plantChanges(watched.portico.host, [[{ update: key, set }]]);
}

/** Forgets the checkpoint, and runs the check: a new round over everything. */
async function checkWholeLedger(): Promise<void> {
  await plantChanges(watched.portico.host, [[{ delete: ledgerKey.checkpoint() }]]);
  expect(await watched.run("ledger-check")).toBe(true);
}

const bootstrap = async (event: unknown): Promise<void> => {
  const { host } = watched.portico;
  const id = host.model.functions.find(({ name }) => name === functionNameOf("bootstrap"))?.id ?? "";
  const outcome = await host.invoke(id, event);
  if ("failure" in outcome) watched.recordFunctionError(functionNameOf("bootstrap"));
};

/** Waits until a line with the code has been read. */
const logged = async (code: string): Promise<void> => {
  while (!watched.portico.logs.some((line) => line.includes(`"code":"${code}"`))) {
    await new Promise((resolve) => setImmediate(resolve));
  }
};

/** Repeats something every five minutes. */
async function everyFiveMinutes(periods: number, act: () => Promise<unknown>, weight = 1): Promise<void> {
  for (let period = 0; period < periods; period++) await watched.during(5, act, weight);
}

/** A gauge of a queue, as SQS tells CloudWatch. */
const recordQueue = (name: string, queue: string, value: number): void =>
  watched.record("AWS/SQS", name, { QueueName: `Portico-local-${queue}` }, value);

/** A small share of failures all day: what happens once stands for six hours of calls. */
async function allDay(good: number, fail: () => Promise<unknown>): Promise<void> {
  for (let quarter = 0; quarter < 4; quarter++) {
    await watched.during(1, fail, 4);
    watched.faults.clear();
    watched.slowDown(0);
    await watched.during(359, self, good);
  }
}

const failures: Readonly<Record<string, () => Promise<unknown>>> = {
  "a quiet hour: refusals, unknown paths, a forged token among many good calls": async () => {
    await everyFiveMinutes(
      12,
      async () => {
        await self();
        await watched.call("GET", "/v1/subscriptions/nobody", { token: seller.token });
        await watched.call("GET", "/v1/partners/me", { token: "forged" });
        await watched.call("GET", "/health");
      },
      5,
    );
  },
  "the bundle of one operation throws at import, 1 call in 1000 is its": async () => {
    await goodTraffic(4000);
    await watched.during(10, () => times(4, () => watched.call("GET", "/v1/banks", { token: seller.token })));
  },
  "the last of more than 100 functions dies, again and again": () =>
    watched.during(15, async () => {
      for (let died = 0; died < 3; died++) watched.recordFunctionError(functionNameOf(operations.at(-1)!.id));
    }),
  "the authorizer fails: every protected call ends in 503": async () => {
    await goodTraffic(50);
    watched.faults.replace([{ functions: ["authorizer"], fault: { kind: "error", code: "ServiceUnavailable" } }]);
    await watched.during(20, () => times(6, self));
  },
  "the table refuses an operation's calls until its time is up": async () => {
    await goodTraffic(50);
    watched.faults.replace([{ functions: ["partners.self"], fault: { kind: "error", code: "ThrottlingException" } }]);
    await watched.during(20, () => times(6, self));
  },
  "one call ends in internal_error": async () => {
    await goodTraffic(50);
    denied.add(functionNameOf("partners.self"));
    await watched.during(20, self);
  },
  "many calls end in internal_error": async () => {
    await goodTraffic(50);
    denied.add(functionNameOf("partners.self"));
    await watched.during(20, () => times(6, self));
  },
  "one call in 500 fails, all day": () =>
    allDay(2000, async () => {
      watched.faults.replace([{ functions: ["partners.self"], fault: { kind: "error", code: "ThrottlingException" } }]);
      await self();
    }),
  "calls take 1.5 s longer": async () => {
    watched.slowDown(1500);
    await watched.during(20, () => times(6, self));
  },
  "one call in 60 takes 1.5 s longer, all day": () =>
    allDay(250, async () => {
      watched.slowDown(1500);
      await self();
    }),
  "the table throttles, and retries still serve every caller": async () => {
    const code = "ProvisionedThroughputExceededException";
    watched.faults.replace([{ functions: ["partners.self"], every: 2, fault: { kind: "error", code } }]);
    await everyFiveMinutes(3, () => times(2, self));
  },
  "the index throttles, and retries still serve every caller": async () => {
    const code = "ProvisionedThroughputExceededException";
    watched.faults.replace([
      { functions: ["subscriptions.list"], actions: ["Query"], every: 2, fault: { kind: "error", code } },
    ]);
    await everyFiveMinutes(3, () =>
      times(2, () => watched.call("GET", "/v1/subscriptions?status=active", { token: seller.token })),
    );
  },
  "DynamoDB fails by itself, and retries still serve every caller": async () => {
    watched.faults.replace([
      { functions: ["partners.self"], every: 2, fault: { kind: "error", code: "InternalServerError" } },
    ]);
    await everyFiveMinutes(3, () => times(12, self));
  },
  "the identity provider's clock runs ahead": async () => {
    const ahead = Math.floor(Date.now() / 1000) + 3600;
    await watched.during(5, () => times(3, () => exchange({ nbf: ahead, exp: ahead + 300 })));
  },
  "many tokens of the identity provider are refused": async () => {
    const genuine = (await watched.portico.host.idp?.token("somebody")) ?? "";
    await watched.during(5, () => exchangeOf(`${genuine.slice(0, -4)}AAAA`), 30);
  },
  "a flood of forged access tokens": async () => {
    await watched.during(5, () => watched.call("GET", "/v1/partners/me", { token: "forged" }), 120);
  },
  "a series of spent refresh tokens": async () => {
    const person = await newPerson(watched.portico);
    const refresh = async (refreshToken: string) => {
      const form = { grant_type: "refresh_token", client_id: "web", refresh_token: refreshToken };
      return await watched.call("POST", "/oauth/token", { form });
    };
    await watched.during(
      5,
      async () => {
        const { body } = await refresh(person.refreshToken);
        await refresh(body.refresh_token);
        await refresh(person.refreshToken);
      },
      3,
    );
    expect(watched.portico.logs.join("\n")).toContain("refresh_token_reused");
  },
  "credit is changed past the functions": async () => {
    const person = await newPerson(watched.portico);
    await checkWholeLedger();
    expect(watched.rung).toEqual([]);
    await tamper(userKey.user(person.id), "SET credit = credit + :one");
    await watched.during(5, () => checkWholeLedger());
    await tamper(userKey.user(person.id), "SET credit = credit - :one");
    expect(watched.portico.logs.join("\n")).toContain(`"targetId":"${person.id}"`);
  },
  "the stock of a coupon is changed past the functions": async () => {
    const { id } = await couponCalls(watched.portico).newCoupon();
    await tamper(couponKey.couponPiece(id, 0), "SET redeemed = redeemed + :one");
    // The first round makes it a suspect, the second one confirms it.
    await watched.during(5, () => checkWholeLedger());
    expect(watched.rung).toEqual([]);
    await watched.during(5, () => watched.run("ledger-check"));
    await tamper(couponKey.couponPiece(id, 0), "SET redeemed = redeemed - :one");
    expect(watched.portico.logs.join("\n")).toContain(`"targetId":"${id}"`);
  },
  "somebody guesses passwords": async () => {
    const guess = () =>
      watched.call("POST", "/v1/auth/login", { json: { username: "root", password: "not this one" } });
    await watched.during(1, () => times(10, guess));
    await watched.during(5, guess, 60);
  },
  "root is given the password of its secret": async () => {
    rootSecret.change(JSON.stringify({ ...JSON.parse(rootSecret.read()), password: "another password for root" }));
    await watched.during(5, async () => {
      await bootstrap({});
      await logged("root_access_restored");
    });
  },
  "the rotation of the signing keys fails": async () => {
    watched.faults.replace([{ functions: ["rotation"], fault: { kind: "error", code: "ServiceUnavailable" } }]);
    await watched.during(5, async () => {
      await expect(watched.portico.host.rotate("portico/local/signing-keys")).rejects.toThrow();
      // The local host tells of a failed rotation; Lambda counts the function that threw.
      watched.recordFunctionError(functionNameOf("rotation"));
    });
  },
  "the bootstrap fails": async () => {
    const before = rootSecret.read();
    rootSecret.change("no JSON");
    // CloudFormation's way: the failure is answered, to nobody here, and logged.
    await watched.during(5, async () => {
      await bootstrap({ RequestType: "Update", RequestId: "r-1", ResponseURL: "http://127.0.0.1:9/" });
      await logged("bootstrap_failed");
    });
    rootSecret.change(before);
  },
  "the identity provider's keys cannot be fetched": async () => {
    const subjectToken = await watched.portico.host.idp!.token("somebody", {});
    // New processes know no keys yet.
    watched.portico.host.retire();
    await watched.portico.host.idp?.close();
    await watched.during(5, () => times(3, () => exchangeOf(subjectToken)));
  },
  "Lambda throttles functions of the account": () =>
    everyFiveMinutes(3, async () => watched.record("AWS/Lambda", "Throttles", {}, 3)),
  "the account's concurrency is nearly used up": () =>
    everyFiveMinutes(4, async () => watched.record("AWS/Lambda", "ClaimedAccountConcurrency", {}, 850)),
  "the stage's own limit refuses calls": () =>
    everyFiveMinutes(3, async () => watched.record("Portico/local", "gatewayThrottled", {}, 30)),
  "the synthetic partner is refused": async () => {
    const secret = secretOf("portico/local/synthetic-partner");
    const before = secret.read();
    secret.change(JSON.stringify({ ...JSON.parse(before), clientSecret: "not the secret of the synthetic partner" }));
    watched.silence("synthetic-partner");
    await everyFiveMinutes(3, async () => {
      expect(await watched.run("synthetic-partner")).toBe(false);
    });
    secret.change(before);
    expect(watched.portico.logs.join("\n")).toContain("POST /oauth/token answers 401 invalid_client");
  },
  "the synthetic partner is not heard of": async () => {
    await goodTraffic(50);
    watched.silence("synthetic-partner");
    watched.pass(20);
  },
  "an operation of the synthetic partner fails, and nobody else calls": async () => {
    denied.add(functionNameOf("subscriptions.extend"));
    watched.silence("synthetic-partner");
    await everyFiveMinutes(3, async () => {
      expect(await watched.run("synthetic-partner")).toBe(false);
    });
  },
  "nothing checks the ledger": async () => {
    watched.silence("ledger-check");
    watched.pass(70);
  },
  "subscriptions are announced more than a minute late": async () => {
    const { create } = subscriptionCalls(watched.portico);
    let sold = 0;
    await everyFiveMinutes(3, async () => {
      const user = `late-${sold++}`;
      await create(seller.token, {}, { user });
      const notice = { type: "expiring", at: new Date(Date.now() - 300_000).toISOString() } as const;
      const { gsi2pk, gsi2sk } = placeByNotice(seller.id, user, notice);
      const set = {
        expression: "SET notice = :notice, gsi2pk = :gsi2pk, gsi2sk = :gsi2sk",
        values: { ":notice": notice, ":gsi2pk": gsi2pk, ":gsi2sk": gsi2sk },
      };
      await plantChanges(watched.portico.host, [[{ update: subscriptionKey.subscription(seller.id, user), set }]]);
      expect(await watched.run("expiry")).toBe(true);
    });
  },
  "nothing announces subscriptions": async () => {
    watched.silence("expiry");
    watched.pass(20);
  },
  "the functions that deliver webhooks fail": () =>
    watched.during(15, async () => {
      for (let failed = 0; failed < 3; failed++) watched.recordFunctionError("Portico-local-webhook-delivery");
    }),
  "events are given up before they reach an endpoint": () =>
    everyFiveMinutes(2, async () => recordQueue("ApproximateNumberOfMessagesVisible", "dispatches-failed", 1)),
  "deliveries of webhooks are given up": () =>
    everyFiveMinutes(2, async () => recordQueue("ApproximateNumberOfMessagesVisible", "deliveries-failed", 1)),
  "events wait until webhooks are dispatched": () =>
    everyFiveMinutes(3, async () =>
      watched.record("AWS/Lambda", "IteratorAge", { FunctionName: "Portico-local-webhook-dispatch" }, 90_000),
    ),
  "deliveries of webhooks wait in their queue": () =>
    everyFiveMinutes(3, async () => recordQueue("ApproximateAgeOfOldestMessage", "deliveries", 2400)),
  "the function that counts subscriptions fails": () =>
    watched.during(15, async () => {
      for (let failed = 0; failed < 3; failed++) watched.recordFunctionError("Portico-local-usage-count");
    }),
  "events are given up before they are counted": () =>
    everyFiveMinutes(2, async () => recordQueue("ApproximateNumberOfMessagesVisible", "counts-failed", 1)),
  "events wait until they are counted": () =>
    everyFiveMinutes(3, async () =>
      watched.record("AWS/Lambda", "IteratorAge", { FunctionName: "Portico-local-usage-count" }, 400_000),
    ),
  "EventBridge cannot deliver events": () =>
    watched.during(5, async () =>
      watched.record("AWS/Events", "FailedInvocations", { RuleName: "Portico-local-key-lost" }, 1),
    ),
};

test("the table in docs/alarms.md lists exactly these failures", () => {
  expect([...documented().keys()].sort()).toEqual(Object.keys(failures).sort());
});

test("every alarm that can ring is in the table", () => {
  const named = new Set([...documented().values()].flat().map((ring) => ring.split(":")[0]));
  expect(watched.alarmsThatRing).toEqual([...named].sort());
});

test.each(Object.entries(failures))("%s", async (failure, make) => {
  await make();
  expect(watched.rung).toEqual(documented().get(failure));
});
