/** Reading, listing and finding companies, and who may see them. Covers `companies/list`. */
import { companyCalls, numbered } from "../../support/companies.ts";
import { verdict } from "../../support/answer.ts";
import { allPages } from "../../support/lists.ts";
import { Portico, tally } from "../../support/portico.ts";

const portico = Portico.forSuite();
const { add, change, companyWith, create, read, remove, walk } = companyCalls(portico);

describe("listing companies", () => {
  test("lists each company once with its accounts, newest first", async () => {
    const { token } = await portico.partnerWithToken();
    const made: any[] = [];
    for (let index = 0; index < 7; index++) made.push((await create(token, { bankAccounts: numbered(index) })).body);
    const newestFirst = made.sort((a, b) => (a.id < b.id ? 1 : -1));
    for (const limit of [1, 3, 7, 100]) {
      const pages = await walk("/v1/companies", token, limit);
      expect(pages.flat()).toEqual(newestFirst);
      expect(pages.every((page) => page.length <= limit)).toBe(true);
    }
    expect((await read(token, "/v1/companies")).body).toEqual({ items: newestFirst, nextCursor: null });
  });

  test("a cursor is bound to its list and its caller", async () => {
    const [one, other] = [await companyWith(numbered(2)), await companyWith(numbered(2))];
    await create(one.token);
    const cursorOf = async (path: string) => (await read(one.token, `${path}?limit=1`)).body.nextCursor as string;
    const [ofList, ofAccounts] = [await cursorOf("/v1/companies"), await cursorOf(one.accounts)];
    const own = (await create(one.token, { bankAccounts: numbered(2) })).body;
    const misused: readonly (readonly [token: string, path: string])[] = [
      [other.token, `/v1/companies?cursor=${ofList}`],
      [one.token, `/v1/companies?cursor=${ofAccounts}`],
      [one.token, `${one.accounts}?cursor=${ofList}`],
      [one.token, `/v1/companies/${own.id}/bank-accounts?cursor=${ofAccounts}`],
      [one.token, `/v1/companies?cursor=${ofList.slice(1)}`],
      [one.token, "/v1/banks?cursor=001"],
    ];
    for (const [token, path] of misused) expect(verdict(await read(token, path))).toBe("400 cursor_invalid");
    expect((await read(one.token, `${one.accounts}?cursor=${ofAccounts}`)).body.items).toHaveLength(1);
  });
});

describe("finding companies", () => {
  const listed = async (token: string, query: object, path = "/v1/companies"): Promise<readonly any[]> => {
    const pages = await allPages((cursor) => {
      const parameters = new URLSearchParams({ ...query, ...(cursor !== undefined && { cursor }) });
      return read(token, `${path}?${parameters.toString()}`);
    });
    return pages.flat();
  };
  const find = async (token: string, query: object) => (await listed(token, query)).map(({ id }) => id as string);

  test("a partner and administrators find its companies by the beginning of name and id, and no others", async () => {
    const { id: partnerId, token } = await portico.partnerWithToken();
    const other = await portico.partnerWithToken();
    const [bakery, bank] = [await create(token, { name: "Padaria São João" }), await create(token, { name: "Banco" })];
    await create(other.token, { name: "Padaria São João" });
    for (const limit of [1, 100]) {
      expect(await find(token, { search: "padaria sao", limit })).toEqual([bakery.body.id]);
      expect(await find(token, { search: bank.body.id, limit })).toEqual([bank.body.id]);
      expect(await find(token, { sort: "name", limit })).toEqual([bank.body.id, bakery.body.id]);
    }
    expect(await find(other.token, { search: bank.body.id })).toEqual([]);
    const root = await portico.rootToken();
    const ofPartner = `/v1/partners/${partnerId}/companies`;
    expect(await listed(root, { search: "PADARIA" }, ofPartner)).toEqual([bakery.body]);
    expect(await listed(root, { sort: "name" }, ofPartner)).toEqual([bank.body, bakery.body]);
    expect(await listed(root, { search: bank.body.id }, ofPartner)).toEqual([bank.body]);
  });

  test("follows a new name, keeps its place when an account changes, and forgets a deleted company", async () => {
    const { token, company, path, accounts } = await companyWith(numbered(1));
    await change(token, path, { name: "Xylophone" });
    expect(await find(token, { search: "xylo" })).toEqual([company.id]);
    expect(await find(token, { search: company.name })).toEqual([]);
    await add(token, accounts, { accountNumber: "99" });
    expect((await listed(token, { search: "xylo" }))[0].bankAccounts).toHaveLength(2);
    await remove(token, path);
    expect(await find(token, { search: "xylo" })).toEqual([]);
  });

  test("rejects a sorted search, and a cursor of another search", async () => {
    const { token } = await companyWith();
    await create(token);
    expect(verdict(await read(token, "/v1/companies?search=a&sort=name"))).toBe("422 validation_failed");
    expect(verdict(await read(token, "/v1/companies?search="))).toBe("422 validation_failed");
    const { nextCursor } = (await read(token, "/v1/companies?search=padaria&limit=1")).body;
    expect((await read(token, `/v1/companies?search=padaria&cursor=${nextCursor}`)).status).toBe(200);
    expect(verdict(await read(token, `/v1/companies?search=p&cursor=${nextCursor}`))).toBe("400 cursor_invalid");
  });
});

describe("access", () => {
  test("another partner's company and accounts return 404 and stay unchanged", async () => {
    const { token, company, path, accounts } = await companyWith(numbered(1));
    const other = await companyWith(numbered(1));
    const account = `${accounts}/${company.bankAccounts[0].id}`;
    const strangers = await Promise.all([
      read(other.token, path),
      change(other.token, path, { name: "x" }),
      remove(other.token, path),
      read(other.token, accounts),
      add(other.token, accounts),
      change(other.token, account, { agency: "2" }),
      remove(other.token, account),
      // An account belongs to one company.
      remove(other.token, `${other.accounts}/${company.bankAccounts[0].id}`),
      change(token, `${accounts}/${other.company.bankAccounts[0].id}`, { agency: "2" }),
    ]);
    expect(tally(strangers.map(verdict))).toEqual({ "404 not_found": 9 });
    expect((await read(other.token, "/v1/companies")).body.items).toEqual([other.company]);
    expect((await read(token, path)).body).toEqual(company);
  });

  test("each operation requires its scope", async () => {
    const partner = await portico.registerPartner();
    const made = (await create(await portico.partnerToken(partner), { bankAccounts: numbered(1) })).body;
    const path = `/v1/companies/${made.id}`;
    const account = `${path}/bank-accounts/${made.bankAccounts[0].id}`;
    const reader = await portico.partnerToken(partner, "companies:read");
    const refused = await Promise.all([
      create(reader),
      change(reader, path, { name: "x" }),
      remove(reader, path),
      add(reader, `${path}/bank-accounts`),
      change(reader, account, { agency: "2" }),
      remove(reader, account),
    ]);
    expect(tally(refused.map(verdict))).toEqual({ "403 insufficient_scope": 6 });
    const seen = await Promise.all(["/v1/companies", path, `${path}/bank-accounts`].map((one) => read(reader, one)));
    expect(seen.map(({ status }) => status)).toEqual([200, 200, 200]);
    const writer = await portico.partnerToken(partner, "companies:write");
    const hidden = await Promise.all(["/v1/companies", path, `${path}/bank-accounts`].map((one) => read(writer, one)));
    expect(tally(hidden.map(verdict))).toEqual({ "403 insufficient_scope": 3 });
    expect((await remove(writer, account)).status).toBe(204);
  });

  test("a malformed id returns 404 before anything else is validated", async () => {
    const { token, company, path } = await companyWith(numbered(1));
    for (const id of ["cmp_", "me", company.id.toLowerCase(), company.bankAccounts[0].id, "%20"]) {
      expect(verdict(await read(token, `/v1/companies/${id}`))).toBe("404 not_found");
      expect(
        verdict(await change(token, `${path}/bank-accounts/${id === "me" ? company.id : "acc_1"}`, { x: 1 })),
      ).toBe("404 not_found");
    }
  });
});
