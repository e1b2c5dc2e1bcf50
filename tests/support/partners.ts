/** Calls about partners: of the root user, and of partners about themselves. */
import { randomUUID } from "node:crypto";
import type { Answer } from "./answer.ts";
import type { RequestHeaders } from "./answer.ts";
import type { Portico } from "./portico.ts";
import { unknownPartnerId } from "./values.ts";

export const malformedPartnerIds = [
  "ptr_",
  "ptr_1",
  unknownPartnerId.toLowerCase(),
  unknownPartnerId.replace("ptr_", "usr_"),
  `${unknownPartnerId}0`,
  "%20",
  "nobody",
];

/** An unused e-mail address. */
export function newEmail(): string {
  return `${randomUUID()}@partner.example`;
}

/** A valid body of `POST /v1/partners`. */
export function registration(fields: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return { name: "Blue Bicycle", websiteUrl: "https://bluebicycle.example", email: newEmail(), ...fields };
}

export function partnerCalls(portico: Portico) {
  const { call } = portico;

  const asRoot = (method: string, path: string, json?: unknown, headers?: RequestHeaders): Promise<Answer> =>
    portico.callAsRoot(method, path, json, headers);

  const register = (fields: Readonly<Record<string, unknown>> = {}, headers: RequestHeaders = {}): Promise<Answer> =>
    asRoot("POST", "/v1/partners", registration(fields), headers);

  const read = (id: string): Promise<Answer> => asRoot("GET", `/v1/partners/${id}`);

  const change = (id: string, json: unknown, headers: RequestHeaders = {}): Promise<Answer> =>
    asRoot("PATCH", `/v1/partners/${id}`, json, headers);

  const remove = (id: string, headers?: RequestHeaders): Promise<Answer> =>
    asRoot("DELETE", `/v1/partners/${id}`, undefined, headers);

  const renew = (id: string, json?: unknown, headers?: RequestHeaders): Promise<Answer> =>
    asRoot("POST", `/v1/partners/${id}/secret`, json, headers);

  const self = (token: string): Promise<Answer> => call("GET", "/v1/partners/me", { token });

  /** Whether the token endpoint accepts this secret. */
  async function acceptsSecret(id: string, secret: string): Promise<boolean> {
    const { status, body } = await portico.requestToken({ id, secret });
    expect(["200 undefined", "401 invalid_client"]).toContain(`${status} ${body.error}`);
    return status === 200;
  }

  /** What becomes of each token, one after the other: `valid`, or status and code of the refusal. */
  async function verdicts(tokens: readonly string[]): Promise<readonly string[]> {
    const answers: Answer[] = [];
    for (const token of tokens) answers.push(await self(token));
    return answers.map(({ status, body }) => (status === 200 ? "valid" : `${status} ${body.code}`));
  }

  /** A partner with the token policy `many`. */
  async function partnerWithMany() {
    const partner = await portico.registerPartner();
    expect((await change(partner.id, { tokenPolicy: "many" })).status).toBe(200);
    return partner;
  }

  return { asRoot, register, read, change, remove, renew, self, acceptsSecret, verdicts, partnerWithMany };
}
