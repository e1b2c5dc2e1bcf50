/** Calls about coupons: of an administrator, and of the users who redeem them. */
import { randomUUID } from "node:crypto";
import { allPages } from "./lists.ts";
import { newPerson, plantCrowd, type CrowdMember } from "./people.ts";
import type { RequestHeaders } from "./answer.ts";
import type { Portico } from "./portico.ts";
import { dayMs } from "./values.ts";

export const inDays = (days: number) => new Date(Date.now() + days * dayMs).toISOString();

/** A code that no coupon has. */
export const newCode = () => randomUUID().slice(0, 18);

export interface TestCoupon {
  readonly id: string;
  readonly code: string;
  readonly body: any;
}

export function couponCalls(portico: Portico) {
  const { call } = portico;

  let administrator: Promise<string> | undefined;
  const adminToken = () => (administrator ??= newPerson(portico, "admin").then(({ accessToken }) => accessToken));

  const asAdmin = async (method: string, path: string, json?: unknown, headers: RequestHeaders = {}) =>
    await call(method, path, { token: await adminToken(), ...(json !== undefined && { json }), headers });

  async function newCoupon(fields: Readonly<Record<string, unknown>> = {}): Promise<TestCoupon> {
    const code = newCode();
    const json = { name: "Museum", value: 10, code, quantity: 5, expiresAt: inDays(1), ...fields };
    const { status, body, text } = await asAdmin("POST", "/v1/coupons", json);
    if (status !== 201) throw new Error(`no coupon made: ${text}`);
    return { id: body.id, code: json.code, body };
  }

  const redeem = (token: string, code: string, headers: RequestHeaders = {}) =>
    call("POST", "/v1/coupons/redeem", { token, json: { code }, headers });

  const couponOf = async (id: string) => (await asAdmin("GET", `/v1/coupons/${id}`)).body;

  const change = (id: string, json: unknown, headers?: RequestHeaders) =>
    asAdmin("PATCH", `/v1/coupons/${id}`, json, headers);

  async function person(credit = 100): Promise<CrowdMember> {
    const [member] = await plantCrowd(portico, 1, credit);
    return member!;
  }

  /** Credit and ledger of a user. */
  async function accountOf({ token }: CrowdMember) {
    const self = await call("GET", "/v1/users/me", { token });
    const pages = await allPages((cursor) =>
      call("GET", `/v1/users/me/credit?limit=100${cursor === undefined ? "" : `&cursor=${cursor}`}`, { token }),
    );
    return { credit: self.body.credit as number, movements: pages.flat() };
  }

  return { adminToken, asAdmin, newCoupon, redeem, couponOf, change, person, accountOf };
}
