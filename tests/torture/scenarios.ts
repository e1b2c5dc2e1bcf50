/** The promises that are tested under faults. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { decodeJwt } from "jose";
import { checkLedger } from "../../infra/checks/ledger.ts";
import { plantCrowd } from "../support/people.ts";
import { contentsOf } from "../support/table.ts";
import type { Answer } from "../support/answer.ts";
import type { FaultRule } from "../faults/fault-injector.ts";
import { maxAccounts } from "../../shared/companies/model.ts";
import type { Scenario, World } from "./kit.ts";

const dayMs = 86_400_000;

/** `P1D` for 1. */
const days = (count: number) => `P${count}D`;

/** The number of callers that share one key or compete for one resource. */
const groupSize = 5;
const groupsOf = (callers: number) => Math.max(1, Math.round(callers / groupSize));

const times = <Made>(count: number, make: (index: number) => Made): Made[] =>
  Array.from({ length: count }, (_, i) => make(i));
const keyed = (idempotencyKey: string) => ({ headers: { "idempotency-key": idempotencyKey } });
const verdictOf = ({ status, body }: Answer) => (body?.code === undefined ? String(status) : `${status} ${body.code}`);
const countOf = <Value>(values: readonly Value[], wanted: Value) => values.filter((value) => value === wanted).length;

export const tokens: Scenario = {
  name: "tokens",
  invariant: "of all tokens that a partner was given exactly one is valid, the one with the highest version",
  begin: async (world, callers) => {
    const partner = await world.partner();
    const form = { grant_type: "client_credentials", client_id: partner.id, client_secret: partner.secret };
    const given: string[] = [];
    return {
      callers: times(callers, () => async () => {
        const { status, body, text } = await world.persist("POST", "/oauth/token", { form });
        assert.equal(status, 200, text);
        given.push(body.access_token);
      }),
      verify: async () => {
        assert.equal(given.length, callers);
        const verdicts = await Promise.all(
          given.map(async (token) => verdictOf(await world.call("GET", "/v1/partners/me", { token }))),
        );
        assert.equal(countOf(verdicts, "200"), 1, `valid tokens: ${verdicts.join(", ")}`);
        assert.equal(countOf(verdicts, "401 token_revoked"), callers - 1, verdicts.join(", "));
        const versions = given.map((token) => Number(decodeJwt(token).ver));
        assert.equal(versions[verdicts.indexOf("200")], Math.max(...versions));
        assert.equal(new Set(versions).size, callers, "two tokens have the same version");
      },
    };
  },
};

interface Entry {
  readonly type: string;
  readonly from: Term | null;
  readonly to: Term;
}

interface Term {
  readonly duration: string;
  readonly startsAt: string;
  readonly expiresAt: string;
}

async function historyOf(world: World, token: string, externalUserId: string): Promise<readonly Entry[]> {
  const entries: Entry[] = [];
  let cursor = "";
  do {
    const { status, body, text } = await world.call(
      "GET",
      `/v1/subscriptions/${externalUserId}/history?limit=100${cursor === "" ? "" : `&cursor=${encodeURIComponent(cursor)}`}`,
      { token },
    );
    assert.equal(status, 200, text);
    entries.push(...(body.items as Entry[]));
    cursor = (body.nextCursor as string | null) ?? "";
  } while (cursor !== "" && entries.length < 10_000);
  return entries;
}

/** The history starts with the creation, each change continues the previous one, and the last one matches the read state. */
async function verifyChain(world: World, token: string, externalUserId: string): Promise<readonly Entry[]> {
  const entries = await historyOf(world, token, externalUserId);
  assert.equal(entries[0]?.type, "created");
  assert.equal(entries[0]?.from, null);
  for (const [index, { type, from, to }] of entries.entries()) {
    if (index === 0) continue;
    assert.equal(type, "extended");
    assert.deepEqual(from, entries[index - 1]?.to, `the history is broken at entry ${index}`);
    const extension = Number(to.duration.slice(1, -1)) * dayMs;
    assert.equal(Date.parse(to.expiresAt), Date.parse(from?.expiresAt ?? "") + extension);
  }
  const { body } = await world.call("GET", `/v1/subscriptions/${externalUserId}`, { token });
  const { duration, startsAt, expiresAt } = body as Term;
  assert.deepEqual({ duration, startsAt, expiresAt }, entries.at(-1)?.to);
  return entries;
}

async function createSubscription(world: World, token: string, externalUserId: string): Promise<void> {
  const json = { externalUserId, userEmail: "customer@a.example", duration: days(1) };
  const { status, text } = await world.call("POST", "/v1/subscriptions", { token, json });
  assert.equal(status, 201, text);
}

export const subscriptions: Scenario = {
  name: "subscriptions",
  invariant:
    "a user has one live subscription, every acknowledged extension counts exactly once, one that was answered 503 at most once, and the history is an unbroken chain",
  begin: async (world, callers) => {
    const { token } = await world.partner();
    await createSubscription(world, token, "regular");
    const creators = Math.ceil(callers / 4);
    const created: string[] = [];
    const acknowledged: string[] = [];
    const uncertain: string[] = [];
    const creator = () => async () => {
      const json = { externalUserId: "newcomer", userEmail: "customer@a.example", duration: days(1) };
      created.push(
        verdictOf(await world.persist("POST", "/v1/subscriptions", { token, json, ...keyed(randomUUID()) })),
      );
    };
    // Each extension has a unique duration.
    const extender = (index: number) => async () => {
      const duration = days(index + 2);
      const request = { token, json: { duration } };
      const path = "/v1/subscriptions/regular";
      const { status, text } =
        index % 2 === 0
          ? await world.persist("PUT", path, { ...request, ...keyed(randomUUID()) })
          : await world.call("PUT", path, request);
      assert.ok(status === 200 || (status === 503 && index % 2 === 1), text);
      (status === 200 ? acknowledged : uncertain).push(duration);
    };
    return {
      callers: [...times(creators, creator), ...times(callers - creators, extender)],
      verify: async () => {
        assert.equal(countOf(created, "201"), 1, created.join(", "));
        assert.equal(countOf(created, "409 subscription_exists"), creators - 1, created.join(", "));
        assert.equal((await verifyChain(world, token, "newcomer")).length, 1);
        const extensions = (await verifyChain(world, token, "regular")).slice(1).map(({ to }) => to.duration);
        for (const duration of acknowledged)
          assert.equal(countOf(extensions, duration), 1, `${duration} was acknowledged`);
        for (const duration of uncertain) assert.ok(countOf(extensions, duration) <= 1, `${duration} was answered 503`);
        const known = new Set([...acknowledged, ...uncertain]);
        assert.ok(extensions.every((duration) => known.has(duration)));
      },
    };
  },
};

export const idempotency: Scenario = {
  name: "idempotency",
  invariant: "a key has one effect and one answer, however many send it and whatever they were answered before",
  begin: async (world, callers) => {
    const { token } = await world.partner();
    await createSubscription(world, token, "shared");
    const groups = times(groupsOf(callers), () => ({ key: randomUUID(), answers: [] as string[] }));
    return {
      callers: times(callers, (index) => async () => {
        const group = groups[index % groups.length]!;
        const json = { duration: days(1) };
        const answer = await world.persist("PUT", "/v1/subscriptions/shared", { token, json, ...keyed(group.key) });
        assert.equal(answer.status, 200, answer.text);
        group.answers.push(answer.text);
      }),
      verify: async () => {
        for (const { answers } of groups) assert.equal(new Set(answers).size, 1, `a key has several answers`);
        const entries = await verifyChain(world, token, "shared");
        assert.equal(entries.length - 1, groups.length, "a key has had no effect or several");
        const shown = groups.map(({ answers }) => (JSON.parse(answers[0]!) as Term).expiresAt);
        assert.deepEqual(
          shown.sort(),
          entries.slice(1).map(({ to }) => to.expiresAt),
        );
      },
    };
  },
};

export const partnerEmails: Scenario = {
  name: "partner e-mails",
  invariant: "an e-mail address has one partner, which is complete, and those who were refused leave nothing behind",
  begin: async (world, callers) => {
    const token = await world.rootToken();
    const groups = times(groupsOf(callers), () => ({ email: `${randomUUID()}@b.example`, answers: [] as Answer[] }));
    return {
      callers: times(callers, (index) => async () => {
        const group = groups[index % groups.length]!;
        // Addresses are case-insensitive.
        const email = index % 2 === 0 ? group.email : group.email.toUpperCase();
        const json = { name: `Shop ${index}`, websiteUrl: "https://shop.example", email };
        group.answers.push(await world.persist("POST", "/v1/partners", { token, json, ...keyed(randomUUID()) }));
      }),
      verify: async () => {
        const items = await contentsOf(world.portico.host);
        const partners = items.filter(({ pk }) => pk === "PARTNERS");
        for (const { email, answers } of groups) {
          const verdicts = answers.map(verdictOf);
          assert.equal(countOf(verdicts, "201"), 1, verdicts.join(", "));
          assert.equal(countOf(verdicts, "409 partner_email_taken"), answers.length - 1, verdicts.join(", "));
          const having = partners.filter((partner) => String(partner.email).toLowerCase() === email);
          assert.deepEqual(
            having.map(({ id }) => id),
            answers.filter(({ status }) => status === 201).map(({ body }) => body.id),
          );
        }
        const ids = partners.map(({ id }) => String(id)).sort();
        const idsUnder = (prefix: string) =>
          items
            .filter(({ pk }) => String(pk).startsWith(prefix))
            .map(({ pk }) => String(pk).slice(prefix.indexOf("ptr_")))
            .sort();
        assert.deepEqual(idsUnder("CREDENTIAL#ptr_"), ids, "a partner without credential, or the other way round");
        assert.deepEqual(idsUnder("PRINCIPAL#ptr_"), ids, "a partner without state, or the other way round");
        const holders = items
          .filter(({ pk }) => String(pk).startsWith("PARTNER-EMAIL#"))
          .map(({ partnerId }) => String(partnerId));
        assert.deepEqual(holders.sort(), ids, "an e-mail address is held for nobody");
      },
    };
  },
};

const company = { name: "Padaria Aurora", phone: "551130001234", declaredBilling: "5.00" };
const account = (accountNumber: string) => ({ agency: "0001", accountNumber, bankCode: "341" });

/** A company with this many accounts: `A0`, `A1` and so on. */
async function createCompany(world: World, token: string, accounts: number): Promise<string> {
  const json = { ...company, bankAccounts: times(accounts, (index) => account(`A${index}`)) };
  const { status, text, body } = await world.call("POST", "/v1/companies", { token, json });
  assert.equal(status, 201, text);
  return `/v1/companies/${body.id}`;
}

export const bankAccounts: Scenario = {
  name: "bank accounts",
  invariant:
    "a company has an account once and never more than fifty, nobody is refused while there is room, and no change undoes another",
  begin: async (world, callers) => {
    const { token } = await world.partner();
    const room = Math.ceil(callers / 6);
    const shared = await createCompany(world, token, 0);
    const crowded = await createCompany(world, token, maxAccounts - room);
    const same: Answer[] = [];
    const different: Answer[] = [];
    const add = async (path: string, json: unknown) =>
      await world.persist("POST", `${path}/bank-accounts`, { token, json, ...keyed(randomUUID()) });
    return {
      callers: times(callers, (index) => async () => {
        if (index % 3 === 0) same.push(await add(shared, account("1")));
        else if (index % 3 === 1) different.push(await add(crowded, account(`B${index}`)));
        else {
          const json = index % 2 === 0 ? { name: `name ${index}` } : { phone: `${index}` };
          const { status, text } = await world.persist("PATCH", shared, { token, json });
          assert.equal(status, 200, text);
        }
      }),
      verify: async () => {
        const idsOf = (answers: readonly Answer[]) =>
          answers.filter(({ status }) => status === 201).map(({ body }) => String(body.id));
        const verdicts = same.map(verdictOf);
        assert.equal(countOf(verdicts, "201"), 1, verdicts.join(", "));
        assert.equal(countOf(verdicts, "409 bank_account_exists"), same.length - 1, verdicts.join(", "));
        const { body: one } = await world.call("GET", shared, { token });
        assert.deepEqual(
          one.bankAccounts.map(({ id }: { readonly id: string }) => id),
          idsOf(same),
        );
        assert.match(one.name as string, /^name \d+$/);
        assert.match(one.phone as string, /^\d{1,3}$/);
        const limits = different.map(verdictOf);
        assert.equal(countOf(limits, "201"), Math.min(room, different.length), limits.join(", "));
        assert.equal(
          countOf(limits, "409 limit_reached"),
          different.length - idsOf(different).length,
          limits.join(", "),
        );
        const { body: full } = await world.call("GET", crowded, { token });
        const added = (full.bankAccounts as readonly { readonly id: string; readonly accountNumber: string }[]).filter(
          ({ accountNumber }) => accountNumber.startsWith("B"),
        );
        assert.deepEqual(added.map(({ id }) => id).sort(), idsOf(different).sort());
        assert.equal(full.bankAccounts.length, maxAccounts - room + added.length);
      },
    };
  },
};

/** A kill or a long silence can leave a lease that only expires with time. */
const leavesLeases = (rules: readonly FaultRule[]) =>
  rules.some(({ fault }) => fault.kind === "kill" || fault.kind === "silence")
    ? "what is held for a call that died is free again after a minute or more"
    : undefined;

export const deletion: Scenario = {
  name: "deletion",
  invariant:
    "a partner is deleted with all that is its own, or has a live subscription or a company: never both, never neither",
  unfit: leavesLeases,
  begin: async (world, callers) => {
    const root = await world.rootToken();
    const partners = await Promise.all(
      times(groupsOf(callers), async () => {
        const partner = await world.partner();
        await createSubscription(world, partner.token, "former");
        await world.call("DELETE", "/v1/subscriptions/former", { token: partner.token });
        return { ...partner, deletions: [] as string[], creations: [] as string[] };
      }),
    );
    return {
      callers: times(callers, (index) => async () => {
        const partner = partners[index % partners.length]!;
        // For half of the partners all callers delete; for the others every second caller creates.
        const isCreator = (index % partners.length) % 2 === 0 && Math.floor(index / partners.length) % 2 === 1;
        if (!isCreator) {
          partner.deletions.push(
            verdictOf(await world.persist("DELETE", `/v1/partners/${partner.id}`, { token: root })),
          );
          return;
        }
        const subscription = { externalUserId: `late-${index}`, userEmail: "customer@a.example", duration: days(1) };
        const sells = Math.floor(index / partners.length / 2) % 2 === 0;
        const [path, json] = sells ? ["/v1/subscriptions", subscription] : ["/v1/companies", company];
        const request = { token: partner.token, json, ...keyed(randomUUID()) };
        partner.creations.push(verdictOf(await world.persist("POST", path, request)));
      }),
      verify: async () => {
        const items = await contentsOf(world.portico.host);
        for (const { id, token, deletions, creations } of partners) {
          const story = `${deletions.join(", ")}; ${creations.join(", ")}`;
          const own = items.filter(
            ({ pk, sk }) => `${String(pk)} ${String(sk)}`.includes(id) && !String(pk).startsWith("IDEMPOTENCY#"),
          );
          if (creations.includes("201")) {
            assert.ok(
              creations.every((verdict) => verdict === "201"),
              story,
            );
            assert.ok(
              deletions.every((verdict) => verdict === "409 partner_in_use"),
              story,
            );
            const { body: active } = await world.call("GET", "/v1/subscriptions?status=active", { token });
            const { body: companies } = await world.call("GET", "/v1/companies", { token });
            assert.equal([...active.items, ...companies.items].length, creations.length, story);
          } else if (deletions.length > 0 && creations.every((verdict) => verdict.startsWith("401 "))) {
            assert.ok(
              deletions.every((verdict) => verdict === "204" || verdict === "404 not_found"),
              story,
            );
            assert.deepEqual(own, [], story);
          } else {
            assert.fail(story);
          }
        }
      },
    };
  },
};

/** Few callers, because each verifies root's password with argon2id. */
const maxSignIns = 4;

export const signIn: Scenario = {
  name: "sign-in",
  invariant: "whoever has the right password gets in, and is not locked out by faults",
  unfit: leavesLeases,
  begin: async (world, callers) => {
    const json = world.portico.host.rootSignIn;
    const verdicts: string[] = [];
    return {
      callers: times(Math.min(maxSignIns, callers), () => async () => {
        verdicts.push(verdictOf(await world.persist("POST", "/v1/auth/login", { json })));
      }),
      verify: async () => {
        assert.ok(
          verdicts.every((verdict) => verdict === "200"),
          verdicts.join(", "),
        );
        const items = await contentsOf(world.portico.host);
        const attempts = items.filter(({ pk }) => String(pk).startsWith("ATTEMPTS#sign-in#"));
        assert.deepEqual(
          attempts.map(({ pending, failures }) => ({ pending, failures })),
          [{ pending: {}, failures: [] }],
        );
      },
    };
  },
};

/** A coupon that each user can redeem once, and its code. */
async function createCoupon(world: World, fields: { readonly quantity: number; readonly value: number }) {
  const json = { name: "Museum", code: randomUUID().slice(0, 18), expiresAt: "2099-01-01T00:00:00Z", ...fields };
  const { status, body, text } = await world.call("POST", "/v1/coupons", { token: await world.rootToken(), json });
  assert.equal(status, 201, text);
  return { id: body.id as string, code: json.code };
}

async function verifyLedger(world: World): Promise<void> {
  const items = await contentsOf(world.portico.host);
  assert.deepEqual(checkLedger(items, items).faults, []);
}

/** @param share of the callers for whom there is stock, 0 to 1 */
export const crowdFor = (share: number): Scenario => ({
  name: `a crowd with coupons for ${share === 1 ? "all" : `${share * 100} %`}`,
  invariant:
    "a coupon is redeemed exactly as often as its quantity when enough want it, nobody is refused while there is stock, and all is paid",
  unfit: leavesLeases,
  begin: async (world, callers) => {
    const quantity = Math.max(1, Math.floor(callers * share));
    const { id, code } = await createCoupon(world, { quantity, value: 7 });
    const crowd = await plantCrowd(world.portico, callers, 10);
    const verdicts: string[] = [];
    return {
      callers: crowd.map(({ token }) => async () => {
        const request = { token, json: { code }, ...keyed(randomUUID()) };
        verdicts.push(verdictOf(await world.persist("POST", "/v1/coupons/redeem", request)));
      }),
      verify: async () => {
        assert.equal(countOf(verdicts, "201"), quantity, [...new Set(verdicts)].join(", "));
        assert.equal(countOf(verdicts, "409 coupon_exhausted"), callers - quantity, [...new Set(verdicts)].join(", "));
        const { body } = await world.call("GET", `/v1/coupons/${id}`, { token: await world.rootToken() });
        assert.deepEqual([body.quantity, body.remaining], [quantity, 0]);
        await verifyLedger(world);
      },
    };
  },
});

export const spending: Scenario = {
  name: "spending",
  invariant:
    "a user's credit never falls below zero, pays for as many coupons as it can, and is the sum of its movements",
  unfit: leavesLeases,
  begin: async (world, callers) => {
    const coupons = await Promise.all(times(callers, async () => await createCoupon(world, { quantity: 1, value: 7 })));
    const affordable = Math.floor(callers / 2);
    const [spender] = await plantCrowd(world.portico, 1, affordable * 7 + 6);
    const token = spender!.token;
    const verdicts: string[] = [];
    return {
      callers: coupons.map(({ code }) => async () => {
        const request = { token, json: { code }, ...keyed(randomUUID()) };
        verdicts.push(verdictOf(await world.persist("POST", "/v1/coupons/redeem", request)));
      }),
      verify: async () => {
        assert.equal(countOf(verdicts, "201"), affordable, verdicts.join(", "));
        assert.equal(countOf(verdicts, "409 credit_insufficient"), callers - affordable, verdicts.join(", "));
        const { body } = await world.call("GET", "/v1/users/me", { token });
        assert.equal(body.credit, 6);
        await verifyLedger(world);
      },
    };
  },
};

interface Message {
  readonly sequence: number;
  readonly message: string;
}

export const threads: Scenario = {
  name: "threads",
  invariant:
    "messages are numbered without gaps, every acknowledged one is there exactly once and as it was acknowledged, one that was answered 503 at most once, and a poller misses none",
  begin: async (world, callers) => {
    const token = await world.rootToken();
    const json = { participants: [await world.colleague()] };
    const thread = await world.call("POST", "/v1/threads", { token, json });
    assert.equal(thread.status, 201, thread.text);
    const path = `/v1/threads/${thread.body.id as string}`;
    const acknowledged: Message[] = [];
    const uncertain: string[] = [];
    const polled: Message[] = [];
    const poll = async (): Promise<boolean> => {
      const query = `?limit=100&after=${polled.at(-1)?.sequence ?? 0}`;
      const { status, body, text } = await world.persist("GET", `${path}/messages${query}`, { token });
      assert.equal(status, 200, text);
      polled.push(...(body.items as Message[]));
      return body.items.length > 0;
    };
    const poller = async () => {
      for (let polls = 0; polls < groupsOf(callers); polls++) await poll();
    };
    const poster = (index: number) => async () => {
      const message = `message ${index}`;
      const request = { token, json: { message } };
      const isKeyed = index % 2 === 0;
      const { status, body, text } = isKeyed
        ? await world.persist("POST", `${path}/messages`, { ...request, ...keyed(randomUUID()) })
        : await world.call("POST", `${path}/messages`, request);
      assert.ok(status === 201 || (status === 503 && !isKeyed), text);
      if (status === 201) acknowledged.push(body as Message);
      else uncertain.push(message);
    };
    return {
      callers: [poller, ...times(callers - 1, poster)],
      verify: async () => {
        while (await poll());
        assert.deepEqual(
          polled.map(({ sequence }) => sequence),
          times(polled.length, (index) => index + 1),
        );
        const { body } = await world.call("GET", path, { token });
        assert.equal(body.lastSequence, polled.length);
        for (const message of acknowledged) assert.deepEqual(polled[message.sequence - 1], message);
        const texts = polled.map(({ message }) => message);
        assert.equal(new Set(texts).size, texts.length, "a message is there twice");
        const known = new Set([...acknowledged.map(({ message }) => message), ...uncertain]);
        assert.ok(texts.every((message) => known.has(message)));
      },
    };
  },
};

export const scenarios: readonly Scenario[] = [
  tokens,
  subscriptions,
  idempotency,
  partnerEmails,
  deletion,
  signIn,
  crowdFor(0.5),
  spending,
  threads,
  bankAccounts,
];
