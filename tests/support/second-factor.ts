/** Second factors of people: an authenticator app for tests, and the calls about it. */
import { parseBase32, stepAt, totpCode } from "../../shared/identity/totp.ts";
import type { Answer, RequestHeaders } from "./answer.ts";
import { newPerson, type TestSession, type TestUser } from "./people.ts";
import type { Portico } from "./portico.ts";

/** An authenticator app with one secret. It never shows a code twice, because Portico accepts each once. */
export class Authenticator {
  readonly #secret: Buffer;
  #lastStep = 0;

  constructor(secret: string) {
    this.#secret = parseBase32(secret)!;
  }

  /** A code that is valid now and was not shown before. Waits for the next step if there is none. */
  async code(): Promise<string> {
    const now = stepAt(new Date());
    // Not the step before the current one: its code expires if a step begins before the check.
    const step = Math.max(this.#lastStep + 1, now);
    if (step > now + 1) {
      await new Promise((resolve) => setTimeout(resolve, 500));
      return await this.code();
    }
    this.#lastStep = step;
    return totpCode(this.#secret, step);
  }

  secretAs(encoding: BufferEncoding): string {
    return this.#secret.toString(encoding);
  }

  /** A code that is not valid around now. */
  wrongCode(): string {
    const now = stepAt(new Date());
    const near = [-2, -1, 0, 1, 2].map((offset) => totpCode(this.#secret, now + offset));
    return Array.from({ length: 6 }, (_, digit) => String(digit).repeat(6)).find((code) => !near.includes(code))!;
  }
}

export function secondFactorCalls(portico: Portico) {
  const post = (token: string, path: string, json: unknown, headers: RequestHeaders = {}): Promise<Answer> =>
    portico.call("POST", `/v1/users/me/second-factor${path}`, { token, json, headers });

  const enrol = (token: string, password: string): Promise<Answer> => post(token, "", { password });
  const confirm = (token: string, code: string): Promise<Answer> => post(token, "/confirm", { code });
  const renewCodes = (token: string, code: string, headers?: RequestHeaders): Promise<Answer> =>
    post(token, "/recovery-codes", { code }, headers);
  const remove = (
    token: string,
    proof: { code?: string; password?: string },
    headers?: RequestHeaders,
  ): Promise<Answer> => post(token, "/remove", proof, headers);

  const reset = (token: string, userId: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> =>
    portico.call("POST", `/v1/users/${userId}/reset-second-factor`, { token, headers });

  const signInWith = (
    { username, password }: Pick<TestUser, "username" | "password">,
    code?: string,
  ): Promise<Answer> => portico.call("POST", "/v1/auth/login", { json: { username, password, code } });

  /** Enrols and confirms a second factor in a person's session. */
  async function equip(token: string, password: string): Promise<Equipment> {
    const app = new Authenticator((await enrol(token, password)).body.secret);
    const { status, text, body } = await confirm(token, await app.code());
    if (status !== 200) throw new Error(`no second factor enrolled: ${text}`);
    return { app, recoveryCodes: body.recoveryCodes };
  }

  /** A new person with a second factor and a session. */
  async function newEquippedPerson(role: "user" | "admin" = "user"): Promise<TestUser & TestSession & Equipment> {
    const person = await newPerson(portico, role);
    return { ...person, ...(await equip(person.accessToken, person.password)) };
  }

  return { enrol, confirm, renewCodes, remove, reset, signInWith, equip, newEquippedPerson };
}

/** What a person proves its second factor with. */
export interface Equipment {
  readonly app: Authenticator;
  readonly recoveryCodes: readonly string[];
}
