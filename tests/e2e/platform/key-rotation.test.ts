/** The rotation of the signing keys, as Secrets Manager runs it, while the API is in use. */
import { randomUUID } from "node:crypto";
import { decodeProtectedHeader } from "jose";
import { errorAnswer, type Interceptor } from "../../../infra/local/services/service-proxy.ts";
import { exchange, externalSession, identityProviderOf } from "../../support/oauth-answers.ts";
import type { Answer } from "../../support/answer.ts";
import { inParallel, Portico, tally, type TestPartner } from "../../support/portico.ts";
import { eventually } from "../../support/waiting.ts";

type Step = "createSecret" | "setSecret" | "testSecret" | "finishSecret";
const steps: readonly Step[] = ["createSecret", "setSecret", "testSecret", "finishSecret"];

/** The rotated secret and its rotation function. */
function rotationOf({ host }: Portico): { readonly arn: string; readonly functionId: string } {
  const rotated = host.model.secrets.find(({ rotation }) => rotation !== undefined);
  if (rotated?.rotation === undefined) throw new Error("the template rotates no secret");
  return { arn: rotated.arn, functionId: rotated.rotation.functionId };
}

/** Runs one step of a rotation, as Secrets Manager does. @throws Error with the function's error type */
async function take(portico: Portico, step: Step, version: string): Promise<void> {
  const { arn, functionId } = rotationOf(portico);
  const event = { Step: step, SecretId: arn, ClientRequestToken: version, RotationToken: randomUUID() };
  const outcome = await portico.host.invoke(functionId, event);
  if ("failure" in outcome) throw new Error(`${step}: ${outcome.failure.errorType}`);
}

async function publishedKids(portico: Portico): Promise<string[]> {
  const { body } = await portico.call("GET", "/.well-known/jwks.json");
  return body.keys.map(({ kid }: { readonly kid: string }) => kid);
}

function kidOf(token: string): string {
  return decodeProtectedHeader(token).kid!;
}

/** Ends the idle processes, so that no function has cached a key. */
function withoutMemory({ host }: Portico): void {
  host.retire();
}

async function invokeBootstrap({ host }: Portico): Promise<void> {
  const bootstrap = host.model.functions.find(({ name }) => name.endsWith("-bootstrap"));
  if (bootstrap === undefined) throw new Error("the template has no bootstrap");
  const outcome = await host.invoke(bootstrap.id, {});
  if ("failure" in outcome) throw new Error(outcome.failure.errorMessage);
}

async function readSelf(portico: Portico, token: string): Promise<Answer> {
  return await portico.call("GET", "/v1/partners/me", { token });
}

async function readUser(portico: Portico, token: string): Promise<Answer> {
  return await portico.call("GET", "/v1/users/me", { token });
}

/** A partner with the token policy `many`. */
async function manyTokensPartner(portico: Portico): Promise<TestPartner> {
  const partner = await portico.registerPartner();
  const json = { tokenPolicy: "many" };
  await portico.call("PATCH", `/v1/partners/${partner.id}`, { token: await portico.rootToken(), json });
  return partner;
}

describe("a rotation on a new host", () => {
  let portico: Portico;
  beforeEach(async () => {
    portico = await Portico.start();
  });
  afterEach(async () => {
    await portico.close();
  });

  test("the next key is published before it signs, and the old key still verifies afterwards", async () => {
    const partner = await manyTokensPartner(portico);
    const old = await portico.partnerToken(partner);
    const [first] = await publishedKids(portico);
    expect(kidOf(old)).toBe(first);
    const version = portico.host.secrets.beginRotation(rotationOf(portico).arn);

    await take(portico, "createSecret", version);
    expect(await publishedKids(portico)).toEqual([first]);

    await take(portico, "setSecret", version);
    const [next, ...others] = await publishedKids(portico);
    expect(others).toEqual([first]);
    expect(next).not.toBe(first);

    for (const step of ["testSecret", undefined] as const) {
      if (step !== undefined) await take(portico, step, version);
      withoutMemory(portico);
      expect(kidOf(await portico.partnerToken(partner))).toBe(first);
      expect(await publishedKids(portico)).toEqual([next, first]);
    }

    await take(portico, "finishSecret", version);
    withoutMemory(portico);
    const young = await portico.partnerToken(partner);
    expect(kidOf(young)).toBe(next);
    expect(await publishedKids(portico)).toEqual([next, first]);
    for (const token of [old, young]) expect((await readSelf(portico, token)).status).toBe(200);
  });

  test("an authorizer that has cached only the old key accepts a token of the new one at once", async () => {
    const old = await portico.rootToken();
    const crowd = (token: string) => Promise.all(Array.from({ length: 20 }, () => readUser(portico, token)));
    // Afterwards every process of the authorizer has read the keys.
    await crowd(old);
    await portico.host.rotate(rotationOf(portico).arn);
    // The token endpoint has not been called before, so it signs with the new key.
    const { accessToken: young } = await externalSession(portico, "ada");
    expect(kidOf(young)).not.toBe(kidOf(old));
    const answers = [...(await crowd(young)), ...(await crowd(old))];
    expect(tally(answers.map(({ status }) => status))).toEqual({ 200: 40 });
  });

  test("steps can be repeated without changing the outcome", async () => {
    const [first] = await publishedKids(portico);
    const { arn } = rotationOf(portico);
    const version = portico.host.secrets.beginRotation(arn);
    for (const step of steps) {
      await take(portico, step, version);
      await take(portico, step, version);
    }
    // Secrets Manager may even start over.
    for (const step of steps) await take(portico, step, version);
    const kids = await publishedKids(portico);
    expect(kids).toHaveLength(2);
    expect(kids[1]).toBe(first);
    expect(portico.host.secrets.versionOf(arn, "AWSCURRENT")).toBe(version);
    withoutMemory(portico);
    const { token } = await portico.partnerWithToken();
    expect(kidOf(token)).toBe(kids[0]);
    expect((await readSelf(portico, token)).status).toBe(200);
  });

  test("a step out of order fails and changes nothing", async () => {
    const { arn } = rotationOf(portico);
    const before = { kids: await publishedKids(portico), secret: portico.host.secrets.current(arn) };
    const version = portico.host.secrets.beginRotation(arn);
    await expect(take(portico, "setSecret", version)).rejects.toThrow("setSecret: Error");
    expect({ kids: await publishedKids(portico), secret: portico.host.secrets.current(arn) }).toEqual(before);
  });

  test("an emptied key set gets new keys, and no old key returns", async () => {
    const { host } = portico;
    const { arn } = rotationOf(portico);
    const { token: leaked } = await portico.partnerWithToken();
    const version = await host.rotate(arn);
    const before = await publishedKids(portico);
    host.secrets.answer("PutSecretValue", { SecretId: arn, SecretString: "{}" });
    await invokeBootstrap(portico);
    const after = await publishedKids(portico);
    expect(after).toHaveLength(1);
    expect(before).not.toContain(after[0]);

    // Neither a deployment nor a rotation with a pending version restores an old key.
    await host.replace(process.env.PORTICO_TEST_ASSEMBLY!);
    await expect(host.rotate(arn)).rejects.toThrow("failed in createSecret");
    expect(await publishedKids(portico)).toEqual(after);
    expect((await readSelf(portico, leaked)).body.code).toBe("token_invalid");

    const label = { SecretId: arn, VersionStage: "AWSPENDING", RemoveFromVersionId: version };
    expect(host.secrets.answer("UpdateSecretVersionStage", label).status).toBe(200);
    await host.rotate(arn);
    expect((await publishedKids(portico)).slice(1)).toEqual(after);
  });

  test("every rotation is logged as a security event without private keys", async () => {
    const { arn } = rotationOf(portico);
    await portico.host.rotate(arn);
    await portico.host.rotate(arn);
    const events = () => portico.logs.filter((line) => line.includes('"code":"signing_keys_rotated"'));
    while (events().length < 2) await new Promise(setImmediate);
    expect(events()).toHaveLength(2);
    const { keys } = JSON.parse(portico.host.secrets.current(arn)!) as { readonly keys: readonly { d: string }[] };
    for (const { d } of keys) expect(portico.logs.filter((line) => line.includes(d))).toEqual([]);
  });
});

describe("a rotation on a shared host", () => {
  const portico = Portico.forSuite();

  test("testSecret alone, as at the creation of a schedule, changes nothing", async () => {
    const { arn } = rotationOf(portico);
    const before = { kids: await publishedKids(portico), secret: portico.host.secrets.current(arn) };
    await take(portico, "testSecret", randomUUID());
    expect({ kids: await publishedKids(portico), secret: portico.host.secrets.current(arn) }).toEqual(before);
  });

  test.each<[Step]>([["createSecret"], ["setSecret"], ["testSecret"], ["finishSecret"]])(
    "a deployment after %s keeps the pending key published",
    async (interrupted) => {
      const { arn } = rotationOf(portico);
      const version = portico.host.secrets.beginRotation(arn);
      for (const step of steps) {
        await take(portico, step, version);
        if (step === interrupted) await invokeBootstrap(portico);
      }
      withoutMemory(portico);
      const { token } = await portico.partnerWithToken();
      expect(await publishedKids(portico)).toContain(kidOf(token));
      expect((await readSelf(portico, token)).status).toBe(200);
    },
  );

  test("the bootstrap of a reused process does not restore the keys that it has cached", async () => {
    await invokeBootstrap(portico);
    await portico.host.rotate(rotationOf(portico).arn);
    const kids = await publishedKids(portico);
    await invokeBootstrap(portico);
    expect(await publishedKids(portico)).toEqual(kids);
  });
});

describe("a rotation that fails", () => {
  /** The last service call of each step. */
  const failures: readonly (readonly [Step, string])[] = [
    ["createSecret", "PutSecretValue"],
    ["setSecret", "TransactWriteItems"],
    ["testSecret", "GetItem"],
    ["finishSecret", "UpdateSecretVersionStage"],
  ];

  let failing: { readonly functionId: string; readonly action: string } | undefined;
  const interceptor: Interceptor = async (call, next) =>
    call.functionId === failing?.functionId && call.action === failing.action
      ? errorAnswer("AccessDeniedException", "not now")
      : await next();
  const portico = Portico.forSuite({ interceptors: [interceptor] });

  test.each(failures)("in %s changes nothing, and the next rotation completes it", async (step, action) => {
    const { arn, functionId } = rotationOf(portico);
    withoutMemory(portico);
    const before = await publishedKids(portico);
    const partner = await manyTokensPartner(portico);
    const old = await portico.partnerToken(partner);
    expect(kidOf(old)).toBe(before[0]);

    failing = { functionId, action };
    await expect(portico.host.rotate(arn)).rejects.toThrow(`failed in ${step}`);
    failing = undefined;
    withoutMemory(portico);
    const meanwhile = await portico.partnerToken(partner);
    expect(kidOf(meanwhile)).toBe(kidOf(old));
    const pending = portico.host.secrets.versionOf(arn, "AWSPENDING");

    expect(await portico.host.rotate(arn)).toBe(pending);
    withoutMemory(portico);
    const young = await portico.partnerToken(partner);
    expect(await publishedKids(portico)).toEqual([kidOf(young), ...before]);
    expect(before).not.toContain(kidOf(young));
    for (const token of [old, meanwhile, young]) expect((await readSelf(portico, token)).status).toBe(200);
  });
});

/** Callers that never pause: each sends its next call when the previous one is answered, and records rejections. */
class Load {
  readonly refused: string[] = [];
  readonly #portico: Portico;
  readonly #partner: TestPartner;
  /** A token of the oldest key, which has to stay valid until the end. */
  readonly #oldest: string;
  readonly #person: string;
  readonly #tokens: string[];
  #answered = 0;
  #underWay = 0;
  #most = 0;
  #over = false;

  private constructor(portico: Portico, partner: TestPartner, oldest: string, person: string) {
    this.#portico = portico;
    this.#partner = partner;
    this.#oldest = oldest;
    this.#person = person;
    this.#tokens = [oldest];
  }

  static async prepare(portico: Portico): Promise<Load> {
    const partner = await manyTokensPartner(portico);
    const { accessToken } = await externalSession(portico, "the first person");
    return new Load(portico, partner, await portico.partnerToken(partner), accessToken);
  }

  /** The maximum number of parallel calls. */
  get most(): number {
    return this.#most;
  }

  /** Runs the callers until the work is done and their last calls are answered. */
  async during(callers: number, work: () => Promise<void>): Promise<void> {
    this.#over = false;
    const kinds = [() => this.#issueAndRead(), () => this.#readWithOld(), () => this.#signInAndRefresh()];
    const running = Array.from({ length: callers }, async (_, index) => {
      while (!this.#over) await kinds[index % kinds.length]!();
    });
    await Promise.race([work(), Promise.all(running)]).finally(() => (this.#over = true));
    await Promise.all(running);
  }

  /** Resolves after this many more calls are answered. */
  async answered(more: number): Promise<void> {
    const before = this.#answered;
    await eventually(
      async () => this.#answered,
      (now) => now >= before + more,
    );
  }

  async #issueAndRead(): Promise<void> {
    const { body } = await this.#watched("issue", this.#portico.requestToken(this.#partner));
    this.#tokens.push(body.access_token);
    await this.#watched("read with a new token", readSelf(this.#portico, body.access_token));
  }

  async #readWithOld(): Promise<void> {
    const any = this.#tokens[Math.floor(Math.random() * this.#tokens.length)]!;
    await this.#watched("read with the oldest token", readSelf(this.#portico, this.#oldest));
    await this.#watched("read with any token", readSelf(this.#portico, any));
    await this.#watched("read as the first person", readUser(this.#portico, this.#person));
  }

  async #signInAndRefresh(): Promise<void> {
    const idToken = await identityProviderOf(this.#portico).token(`subject-${randomUUID()}`);
    const { body } = await this.#watched("sign in", exchange(this.#portico, idToken));
    await this.#watched("read as a person", readUser(this.#portico, body.access_token));
    const form = { grant_type: "refresh_token", client_id: "web", refresh_token: body.refresh_token };
    const refreshed = await this.#watched("refresh", this.#portico.call("POST", "/oauth/token", { form }));
    await this.#watched("read after refreshing", readUser(this.#portico, refreshed.body.access_token));
  }

  async #watched(name: string, call: Promise<Answer>): Promise<Answer> {
    this.#most = Math.max(this.#most, ++this.#underWay);
    const answer = await call.finally(() => this.#underWay--);
    if (answer.status !== 200) this.refused.push(`${name}: ${answer.status} ${answer.text}`);
    this.#answered++;
    return answer;
  }
}

test("three rotations under load reject no request, and new processes sign with the newest key", async () => {
  const portico = await Portico.start();
  try {
    const { arn } = rotationOf(portico);
    const load = await Load.prepare(portico);
    const partner = await manyTokensPartner(portico);
    const old = await portico.partnerToken(partner);

    const kids = new Set<string>();
    await load.during(50, async () => {
      for (let rotation = 0; rotation < 3; rotation++) {
        await portico.host.rotate(arn);
        // More parallel sign-ins than before start new processes, which sign with the new key.
        await inParallel(3, async () => {
          const { body } = await portico.call("POST", "/v1/auth/login", { json: portico.host.rootSignIn });
          kids.add(kidOf(body.accessToken));
          expect((await readUser(portico, body.accessToken)).status).toBe(200);
        });
        await load.answered(100);
      }
    });
    expect(load.refused).toEqual([]);
    expect(load.most).toBeGreaterThanOrEqual(50);
    const published = await publishedKids(portico);
    expect(published).toHaveLength(4);
    expect(published[3]).toBe(kidOf(old));
    expect(kids.size).toBeGreaterThan(1);

    // Processes cache the key set for a minute; new ones read the newest.
    withoutMemory(portico);
    const young = await portico.partnerToken(partner);
    expect(kidOf(young)).toBe(published[0]);
    for (const token of [old, young]) expect((await readSelf(portico, token)).status).toBe(200);
  } finally {
    await portico.close();
  }
}, 180_000);
