/** Calls about companies and their bank accounts, as partners make them. */
import { allPages } from "./lists.ts";
import type { Answer } from "./answer.ts";
import type { RequestHeaders } from "./answer.ts";
import type { Portico } from "./portico.ts";
import { contentsOf } from "./table.ts";

export const companyFields = { name: "Padaria Aurora", phone: "551130001234", declaredBilling: "1234567890.12" };

export const accountFields = (fields: object = {}) => ({
  agency: "0001",
  accountNumber: "12345X",
  bankCode: "341",
  ...fields,
});

/** Accounts with different numbers. */
export const numbered = (count: number) =>
  Array.from({ length: count }, (_, index) => accountFields({ accountNumber: String(index) }));

export function companyCalls(portico: Portico) {
  const { call } = portico;

  const create = (token: string, fields: object = {}, headers: RequestHeaders = {}): Promise<Answer> =>
    call("POST", "/v1/companies", { token, json: { ...companyFields, ...fields }, headers });

  /** A new partner with a company that has these accounts. */
  async function companyWith(bankAccounts: object[] = []) {
    const partner = await portico.partnerWithToken();
    const { body, status, text } = await create(partner.token, { bankAccounts });
    if (status !== 201) throw new Error(`no company created: ${text}`);
    const path = `/v1/companies/${body.id}`;
    return { partnerId: partner.id, token: partner.token, company: body, path, accounts: `${path}/bank-accounts` };
  }

  const read = (token: string, path: string) => call("GET", path, { token });

  const change = (token: string, path: string, json: object, headers: RequestHeaders = {}) =>
    call("PATCH", path, { token, json, headers });

  const remove = (token: string, path: string, headers: RequestHeaders = {}) =>
    call("DELETE", path, { token, headers });

  /** Adds an account to the company whose accounts are at this path. */
  const add = (token: string, path: string, fields: object = {}, headers: RequestHeaders = {}) =>
    call("POST", path, { token, json: accountFields(fields), headers });

  /** All pages of a list. */
  const walk = (path: string, token: string, limit: number) =>
    allPages((cursor) => {
      const place = cursor === undefined ? "" : `&cursor=${cursor}`;
      return call("GET", `${path}?limit=${limit}${place}`, { token });
    });

  /** The items of a partner's companies in the table. */
  const itemsOf = async (partnerId: string) => await contentsOf(portico.host, `COMPANIES#${partnerId}`);

  return { create, companyWith, read, change, remove, add, walk, itemsOf };
}
