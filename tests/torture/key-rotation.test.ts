/** Rotations of the signing keys while fifty callers use the API without a pause. */
import { randomUUID } from "node:crypto";
import type { Answer } from "../support/answer.ts";
import { exchange, externalSession, identityProviderOf } from "../support/oauth-answers.ts";
import { inParallel, Portico, type TestPartner } from "../support/portico.ts";
import {
  kidOf,
  manyTokensPartner,
  publishedKids,
  readSelf,
  readUser,
  rotationOf,
  withoutMemory,
} from "../support/signing-keys.ts";
import { eventually } from "../support/waiting.ts";

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
