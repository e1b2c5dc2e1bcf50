import { banks as directory } from "../../../shared/companies/banks.ts";
import { conforming, pointersOf, verdict } from "../../support/conformance.ts";
import { allPages } from "../../support/lists.ts";
import { inParallel, Portico, tally, type Answer } from "../../support/portico.ts";
import { contentsOf } from "../../support/table.ts";

let portico: Portico;
beforeAll(async () => {
  portico = await Portico.start();
});
afterAll(async () => {
  await portico.close();
});

const call = conforming(() => portico);
const shown = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

type Headers = Readonly<Record<string, string>>;
const keyed = (key: string) => ({ "idempotency-key": key });

const companyFields = { name: "Padaria Aurora", phone: "551130001234", declaredBilling: "1234567890.12" };
const accountFields = (fields: object = {}) => ({
  agency: "0001",
  accountNumber: "12345X",
  bankCode: "341",
  ...fields,
});
const numbered = (count: number, from = 0) =>
  Array.from({ length: count }, (_, index) => accountFields({ accountNumber: String(from + index) }));

async function create(token: string, fields: object = {}, headers: Headers = {}): Promise<Answer> {
  return await call("POST", "/v1/companies", { token, json: { ...companyFields, ...fields }, headers });
}

/** A new partner with a company that has these accounts. */
async function companyWith(bankAccounts: object[] = []) {
  const partner = await portico.partnerWithToken();
  const { body, status, text } = await create(partner.token, { bankAccounts });
  if (status !== 201) throw new Error(`no company created: ${text}`);
  const path = `/v1/companies/${body.id}`;
  return { partnerId: partner.id, token: partner.token, company: body, path, accounts: `${path}/bank-accounts` };
}

const read = (token: string, path: string) => call("GET", path, { token });
const change = (token: string, path: string, json: object, headers: Headers = {}) =>
  call("PATCH", path, { token, json, headers });
const remove = (token: string, path: string, headers: Headers = {}) => call("DELETE", path, { token, headers });
const add = (token: string, path: string, fields: object = {}, headers: Headers = {}) =>
  call("POST", path, { token, json: accountFields(fields), headers });

/** All pages of a list. */
const walk = (path: string, token: string, limit: number) =>
  allPages((cursor) => {
    const place = cursor === undefined ? "" : `&cursor=${cursor}`;
    return call("GET", `${path}?limit=${limit}${place}`, { token });
  });

/** What the table has of a partner's companies. */
const itemsOf = async (partnerId: string) =>
  (await contentsOf(portico.host)).filter(({ pk }) => pk === `COMPANIES#${partnerId}`);

describe("creating a company", () => {
  test("answers 201 with the company, its accounts at their banks, its place and its tag", async () => {
    const { token } = await portico.partnerWithToken();
    const sent = [accountFields(), accountFields({ bankCode: "001" })];
    const { status, headers, body } = await create(token, { bankAccounts: sent });
    expect(status).toBe(201);
    const shownAccount = (code: string, name: string) => ({
      id: expect.stringMatching(/^acc_/),
      agency: "0001",
      accountNumber: "12345X",
      bank: { code, name },
      createdAt: body.createdAt,
      updatedAt: body.createdAt,
      etag: '"1"',
    });
    expect(body).toEqual({
      id: expect.stringMatching(/^cmp_/),
      ...companyFields,
      bankAccounts: [shownAccount("341", "Itaú Unibanco"), shownAccount("001", "Banco do Brasil")],
      createdAt: expect.stringMatching(shown),
      updatedAt: body.createdAt,
      etag: '"1"',
    });
    expect(headers.get("location")).toBe(`/v1/companies/${body.id}`);
    expect((await read(token, `/v1/companies/${body.id}`)).body).toEqual(body);
  });

  test("takes no accounts as well as an empty list of them, and fifty", async () => {
    const { token } = await portico.partnerWithToken();
    const bodies = [await create(token), await create(token, { bankAccounts: [] })].map(({ body }) => body);
    expect(bodies.map(({ bankAccounts }) => bankAccounts)).toEqual([[], []]);
    const { body } = await create(token, { bankAccounts: numbered(50) });
    expect(body.bankAccounts.map(({ accountNumber }: any) => accountNumber)).toEqual(
      numbered(50).map(({ accountNumber }) => accountNumber),
    );
  });

  test.each([
    ["5", "5.00"],
    ["0", "0.00"],
    ["0.1", "0.10"],
    ["9007199254.99", "9007199254.99"],
    ["9999999999.99", "9999999999.99"],
  ])("a declared billing of %s comes back as %s, to the cent", async (declaredBilling, exact) => {
    const { token } = await portico.partnerWithToken();
    const { body } = await create(token, { declaredBilling });
    expect(body.declaredBilling).toBe(exact);
    expect((await read(token, `/v1/companies/${body.id}`)).body.declaredBilling).toBe(exact);
  });

  test.each<[string, unknown]>([
    ["/declaredBilling", 5],
    ["/declaredBilling", 1234567890.12],
    ["/declaredBilling", "-0.01"],
    ["/declaredBilling", "0.001"],
    ["/declaredBilling", "10000000000.00"],
    ["/declaredBilling", "1,50"],
    ["/declaredBilling", "1e2"],
    ["/declaredBilling", null],
    ["/name", "   "],
    ["/name", "x".repeat(81)],
    ["/name", "a\nb"],
    ["/phone", ""],
    ["/phone", "1".repeat(16)],
    ["/phone", "+55 11 3000"],
    ["/phone", "١٢٣"],
    ["/phone", 551130001234],
    ["/bankAccounts", null],
    ["/bankAccounts", numbered(51)],
    ["/bankAccounts/0", ["0001"]],
    ["/bankAccounts/1/agency", [accountFields(), accountFields({ agency: "1-2" })]],
    ["/bankAccounts/0/accountNumber", [accountFields({ accountNumber: "12345678901" })]],
    ["/bankAccounts/0/bankCode", [accountFields({ bankCode: 341 })]],
    ["/bankAccounts/0/surprise", [accountFields({ surprise: 1 })]],
    ["/id", "cmp_01JD3Y5W8Q4T6V2X9ZB7C1D3EF"],
    ["/createdAt", "2026-11-20T12:00:00.000Z"],
    ["/etag", '"1"'],
  ])("names %s when it is %j, and leaves nothing behind", async (pointer, value) => {
    const { id, token } = await portico.partnerWithToken();
    const answer = await create(token, { [pointer.split("/")[1]!]: value });
    expect(verdict(answer)).toBe("422 validation_failed");
    expect(pointersOf(answer)).toEqual([pointer]);
    expect(await itemsOf(id)).toEqual([]);
  });

  test("with an account at an unknown bank is refused, and names each of them", async () => {
    const { id, token } = await portico.partnerWithToken();
    const bankAccounts = [...numbered(3), accountFields({ bankCode: "999" }), accountFields({ bankCode: "" })];
    const answer = await create(token, { bankAccounts });
    expect(verdict(answer)).toBe("422 bank_unknown");
    expect(pointersOf(answer)).toEqual(["/bankAccounts/3/bankCode", "/bankAccounts/4/bankCode"]);
    expect(await itemsOf(id)).toEqual([]);
  });

  test("with an account that is there twice is refused, and names the second one", async () => {
    const { id, token } = await portico.partnerWithToken();
    const answer = await create(token, { bankAccounts: [accountFields(), ...numbered(2), accountFields()] });
    expect(verdict(answer)).toBe("409 bank_account_exists");
    expect(pointersOf(answer)).toEqual(["/bankAccounts/3"]);
    expect(await itemsOf(id)).toEqual([]);
  });

  test("a partner may have many companies of the same name with the same account", async () => {
    const { token } = await portico.partnerWithToken();
    const answers = await inParallel(50, () => create(token, { bankAccounts: [accountFields()] }));
    expect(tally(answers.map(verdict))).toEqual({ "201": 50 });
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(50);
  });
});

describe("the list of companies", () => {
  test("has each once, with its accounts, newest first", async () => {
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

  test("goes on with its own cursors only, and those of its own caller", async () => {
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

describe("changing a company", () => {
  test("changes the given fields and keeps the others, its accounts included", async () => {
    const { token, company, path } = await companyWith(numbered(2));
    const { status, headers, body } = await change(token, path, { declaredBilling: "7" });
    expect(status).toBe(200);
    expect(body).toEqual({
      ...company,
      declaredBilling: "7.00",
      updatedAt: expect.stringMatching(shown),
      etag: '"2"',
    });
    expect(headers.get("etag")).toBe('"2"');
    expect((await read(token, path)).body).toEqual(body);
  });

  test("to what it is already changes nothing, however the amount is written", async () => {
    const { token, path } = await companyWith();
    const { body } = await change(token, path, { declaredBilling: "5" });
    for (const same of [{}, { declaredBilling: "5.0" }, { name: companyFields.name, declaredBilling: "5.00" }]) {
      expect((await change(token, path, same)).body).toEqual(body);
    }
  });

  test.each<[string, unknown]>([
    ["name", null],
    ["phone", null],
    ["declaredBilling", null],
    ["declaredBilling", 7],
    ["phone", "1-2"],
    ["bankAccounts", []],
    ["createdAt", "2026-11-20T12:00:00.000Z"],
  ])("names /%s when it is %j, and changes nothing", async (name, value) => {
    const { token, company, path } = await companyWith();
    const answer = await change(token, path, { name: "Padaria Lua", [name]: value });
    expect(verdict(answer)).toBe("422 validation_failed");
    expect(pointersOf(answer)).toEqual([`/${name}`]);
    expect((await read(token, path)).body).toEqual(company);
  });

  test("fifty times at the same moment, each time another field: every one holds", async () => {
    const { token, path, accounts } = await companyWith(numbered(1));
    const answers = await inParallel(50, (index) =>
      index % 5 === 4
        ? add(token, accounts, { agency: `${index}` })
        : change(
            token,
            path,
            [{ name: `n${index}` }, { phone: `${index}` }, { declaredBilling: `${index}` }][index % 3]!,
          ),
    );
    expect(tally(answers.map(verdict))).toEqual({ "200": 40, "201": 10 });
    const { body } = await read(token, path);
    expect(body.etag).toBe('"51"');
    expect(body.name).toMatch(/^n\d+$/);
    expect(Number(body.phone) % 3).toBe(1);
    expect(Number(body.declaredBilling) % 3).toBe(2);
    expect(body.bankAccounts).toHaveLength(11);
  });

  test("with If-Match only as it was read, of fifty at the same moment exactly one", async () => {
    const { token, company, path } = await companyWith();
    const answers = await inParallel(50, (index) =>
      change(token, path, { name: `n${index}` }, { "if-match": company.etag }),
    );
    expect(tally(answers.map(verdict))).toEqual({ "200": 1, "412 precondition_failed": 49 });
    expect((await read(token, path)).body).toEqual(answers.find(({ status }) => status === 200)?.body);
  });
});

describe("deleting a company", () => {
  test("removes it with its accounts, and nothing is left", async () => {
    const { partnerId, token, company, path, accounts } = await companyWith(numbered(50));
    const account = `${accounts}/${company.bankAccounts[0].id}`;
    expect((await remove(token, path)).status).toBe(204);
    expect(await itemsOf(partnerId)).toEqual([]);
    const after = [
      await read(token, path),
      await read(token, accounts),
      await change(token, path, { name: "x" }),
      await add(token, accounts),
      await change(token, account, { agency: "2" }),
      await remove(token, account),
      await remove(token, path),
    ];
    expect(new Set(after.map(verdict))).toEqual(new Set(["404 not_found"]));
  });

  test("with If-Match only as it was read, accounts included", async () => {
    const { token, company, path, accounts } = await companyWith();
    await add(token, accounts);
    expect(verdict(await remove(token, path, { "if-match": company.etag }))).toBe("412 precondition_failed");
    const { body } = await read(token, path);
    expect((await remove(token, path, { "if-match": body.etag })).status).toBe(204);
  });

  test("beside fifty accounts that are added at the same moment removes all of them", async () => {
    const { partnerId, token, path, accounts } = await companyWith();
    const [removed, ...added] = await inParallel(51, (index) =>
      index === 0 ? remove(token, path) : add(token, accounts, { accountNumber: `${index}` }),
    );
    expect(removed?.status).toBe(204);
    expect(added.map(verdict).filter((each) => each !== "201" && each !== "404 not_found")).toEqual([]);
    expect(await itemsOf(partnerId)).toEqual([]);
  });

  test("fifty times at the same moment: one is told 204, the others that there is nothing", async () => {
    const { token, path } = await companyWith(numbered(2));
    const answers = await inParallel(50, () => remove(token, path));
    expect(tally(answers.map(verdict))).toEqual({ "204": 1, "404 not_found": 49 });
  });
});

describe("bank accounts", () => {
  test("one that is added has a place and a tag, and the company shows it and has another tag", async () => {
    const { token, company, path, accounts } = await companyWith();
    const { status, headers, body } = await add(token, accounts);
    expect(status).toBe(201);
    expect(body).toEqual({
      id: expect.stringMatching(/^acc_/),
      agency: "0001",
      accountNumber: "12345X",
      bank: { code: "341", name: "Itaú Unibanco" },
      createdAt: expect.stringMatching(shown),
      updatedAt: body.createdAt,
      etag: '"1"',
    });
    expect(headers.get("location")).toBe(`${accounts}/${body.id}`);
    expect((await read(token, path)).body).toEqual({
      ...company,
      bankAccounts: [body],
      updatedAt: body.createdAt,
      etag: '"2"',
    });
  });

  test("are listed oldest first, twenty to a page or as many as asked for", async () => {
    const { token, company, accounts } = await companyWith(numbered(23));
    expect((await read(token, accounts)).body.items).toEqual(company.bankAccounts.slice(0, 20));
    for (const limit of [1, 22, 23, 100]) {
      const pages = await walk(accounts, token, limit);
      expect(pages.flat()).toEqual(company.bankAccounts);
      expect(pages.every((page) => page.length <= limit)).toBe(true);
    }
    expect(await walk((await companyWith()).accounts, token, 1).catch(() => "hidden")).toBe("hidden");
  });

  test("go on behind a place that was removed since", async () => {
    const { token, company, accounts } = await companyWith(numbered(4));
    const { body } = await read(token, `${accounts}?limit=2`);
    expect((await remove(token, `${accounts}/${body.items[1].id}`)).status).toBe(204);
    const rest = await read(token, `${accounts}?cursor=${body.nextCursor}`);
    expect(rest.body).toEqual({ items: company.bankAccounts.slice(2), nextCursor: null });
  });

  test("a change keeps what is not given, counts on in the account and in its company, and frees what it was", async () => {
    const { token, company, path, accounts } = await companyWith([accountFields()]);
    const [before] = company.bankAccounts;
    const { status, headers, body } = await change(token, `${accounts}/${before.id}`, { bankCode: "260" });
    expect(status).toBe(200);
    expect(body).toEqual({
      ...before,
      bank: { code: "260", name: "NuConta" },
      updatedAt: expect.stringMatching(shown),
      etag: '"2"',
    });
    expect(headers.get("etag")).toBe('"2"');
    const after = (await read(token, path)).body;
    expect([after.bankAccounts, after.etag]).toEqual([[body], '"2"']);
    expect(verdict(await add(token, accounts, { bankCode: "260" }))).toBe("409 bank_account_exists");
    expect((await add(token, accounts)).status).toBe(201);
  });

  test("a change to what it is already is fine and changes nothing; to what another one is, is refused", async () => {
    const { token, company, path, accounts } = await companyWith([accountFields(), ...numbered(1)]);
    const [first] = company.bankAccounts;
    const same = await change(token, `${accounts}/${first.id}`, accountFields());
    expect([same.status, same.body]).toEqual([200, first]);
    expect(verdict(await change(token, `${accounts}/${first.id}`, { accountNumber: "0" }))).toBe(
      "409 bank_account_exists",
    );
    expect((await read(token, path)).body).toEqual(company);
  });

  test.each<[string, unknown, string]>([
    ["agency", "", "422 validation_failed"],
    ["agency", "12345678901", "422 validation_failed"],
    ["agency", "é", "422 validation_failed"],
    ["accountNumber", "12345-6", "422 validation_failed"],
    ["accountNumber", 123456, "422 validation_failed"],
    ["accountNumber", null, "422 validation_failed"],
    ["bankCode", 341, "422 validation_failed"],
    ["bankCode", null, "422 validation_failed"],
    ["bankCode", "1", "422 bank_unknown"],
    ["bankCode", "999", "422 bank_unknown"],
    ["bank", { code: "341" }, "422 validation_failed"],
  ])("/%s is named when it is %j, in a new account and in a change: %s", async (name, value, expected) => {
    const { token, company, path, accounts } = await companyWith(numbered(1));
    const account = `${accounts}/${company.bankAccounts[0].id}`;
    for (const answer of [
      await add(token, accounts, { [name]: value }),
      await change(token, account, { [name]: value }),
    ]) {
      expect(verdict(answer)).toBe(expected);
      expect(pointersOf(answer)).toEqual([`/${name}`]);
    }
    expect((await read(token, path)).body).toEqual(company);
  });

  test("letters count as they were sent: another case is another account", async () => {
    const { token, accounts } = await companyWith([accountFields()]);
    expect((await add(token, accounts, { accountNumber: "12345x" })).status).toBe(201);
  });

  test("one that is removed is gone, its place is free, and the company has another tag", async () => {
    const { token, company, path, accounts } = await companyWith(numbered(50));
    expect(verdict(await add(token, accounts))).toBe("409 limit_reached");
    const account = `${accounts}/${company.bankAccounts[7].id}`;
    expect((await remove(token, account)).status).toBe(204);
    const { body } = await read(token, path);
    expect(body.etag).toBe('"2"');
    expect(body.bankAccounts).toEqual(company.bankAccounts.filter((_: unknown, index: number) => index !== 7));
    const gone = [await remove(token, account), await change(token, account, {})];
    expect(gone.map(verdict)).toEqual(["404 not_found", "404 not_found"]);
    expect((await add(token, accounts, { accountNumber: "7" })).status).toBe(201);
    expect(verdict(await add(token, accounts))).toBe("409 limit_reached");
  });

  test("with If-Match only as it was read, whatever has become of its company", async () => {
    const { token, company, path, accounts } = await companyWith(numbered(2));
    const account = `${accounts}/${company.bankAccounts[0].id}`;
    await change(token, path, { name: "Padaria Lua" });
    const matching = { "if-match": '"1"' };
    expect((await change(token, account, { agency: "2" }, matching)).status).toBe(200);
    expect(verdict(await change(token, account, { agency: "3" }, matching))).toBe("412 precondition_failed");
    expect(verdict(await remove(token, account, matching))).toBe("412 precondition_failed");
    expect((await remove(token, account, { "if-match": '"2"' })).status).toBe(204);
  });

  test("of fifty that are the same at the same moment exactly one is added, and the others leave nothing", async () => {
    const { token, path, accounts } = await companyWith();
    const answers = await inParallel(50, () => add(token, accounts));
    expect(tally(answers.map(verdict))).toEqual({ "201": 1, "409 bank_account_exists": 49 });
    const { body } = await read(token, path);
    expect(body.bankAccounts).toEqual([answers.find(({ status }) => status === 201)?.body]);
    expect(body.etag).toBe('"2"');
  });

  test("of sixty-four different ones at the same moment fifty are added, and the others are told the limit", async () => {
    const { token, path, accounts } = await companyWith();
    const answers = await inParallel(64, (index) => add(token, accounts, { accountNumber: `${index}` }));
    expect(tally(answers.map(verdict))).toEqual({ "201": 50, "409 limit_reached": 14 });
    const added = answers.filter(({ status }) => status === 201).map(({ body }) => body.id);
    const { body } = await read(token, path);
    expect(body.bankAccounts.map(({ id }: any) => id)).toEqual(added.sort());
  });

  test("of fifty that are changed to the same at the same moment exactly one is, and the others stay", async () => {
    const { token, company, path, accounts } = await companyWith(numbered(50));
    const answers = await inParallel(50, (index) =>
      change(token, `${accounts}/${company.bankAccounts[index].id}`, { agency: "9", accountNumber: "9" }),
    );
    expect(tally(answers.map(verdict))).toEqual({ "200": 1, "409 bank_account_exists": 49 });
    const { body } = await read(token, path);
    const changed = answers.find(({ status }) => status === 200)!.body;
    expect(body.bankAccounts).toEqual(company.bankAccounts.map((one: any) => (one.id === changed.id ? changed : one)));
  });
});

describe("who may", () => {
  test("another partner's company and accounts are as if they did not exist, and stay untouched", async () => {
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
      // The account of one company is none of another's.
      remove(other.token, `${other.accounts}/${company.bankAccounts[0].id}`),
      change(token, `${accounts}/${other.company.bankAccounts[0].id}`, { agency: "2" }),
    ]);
    expect(tally(strangers.map(verdict))).toEqual({ "404 not_found": 9 });
    expect((await read(other.token, "/v1/companies")).body.items).toEqual([other.company]);
    expect((await read(token, path)).body).toEqual(company);
  });

  test("a token needs the scope of each operation", async () => {
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

  test("an id of another form is not found, before anything else is looked at", async () => {
    const { token, company, path } = await companyWith(numbered(1));
    for (const id of ["cmp_", "me", company.id.toLowerCase(), company.bankAccounts[0].id, "%20"]) {
      expect(verdict(await read(token, `/v1/companies/${id}`))).toBe("404 not_found");
      expect(
        verdict(await change(token, `${path}/bank-accounts/${id === "me" ? company.id : "acc_1"}`, { x: 1 })),
      ).toBe("404 not_found");
    }
  });
});

describe("Idempotency-Key", () => {
  test("fifty creations at the same moment with one key make one company, and all are told of it", async () => {
    const { token } = await portico.partnerWithToken();
    const answers = await inParallel(50, () => create(token, { bankAccounts: numbered(50) }, keyed("k")));
    const made = answers.filter(({ status }) => status === 201);
    expect(tally(answers.filter((each) => !made.includes(each)).map(verdict))).toEqual(
      made.length === 50 ? {} : { "409 request_in_progress": 50 - made.length },
    );
    expect(new Set(made.map(({ text }) => text)).size).toBe(1);
    expect((await read(token, "/v1/companies")).body.items).toEqual([made[0]?.body]);
  });

  test("fifty additions at the same moment with one key add one account", async () => {
    const { token, path, accounts } = await companyWith();
    const answers = await inParallel(50, () => add(token, accounts, {}, keyed("k")));
    const added = answers.filter(({ status }) => status === 201);
    expect(answers.filter((each) => !added.includes(each)).map(verdict)).toEqual(
      Array(50 - added.length).fill("409 request_in_progress"),
    );
    expect(new Set(added.map(({ text }) => text)).size).toBe(1);
    expect((await read(token, path)).body.bankAccounts).toEqual([added[0]?.body]);
  });

  test("a repetition gets the first answer again with its headers, whatever has become of company and account", async () => {
    const { token } = await portico.partnerWithToken();
    const first = await create(token, {}, keyed("k"));
    const accounts = `/v1/companies/${first.body.id}/bank-accounts`;
    const added = await add(token, accounts, {}, keyed("k"));
    expect(added.headers.get("idempotency-replayed")).toBeNull();
    await remove(token, `${accounts}/${added.body.id}`);
    const addedAgain = await add(token, accounts, {}, keyed("k"));
    await remove(token, `/v1/companies/${first.body.id}`);
    const again = await create(token, {}, keyed("k"));
    for (const [replayed, original] of [
      [again, first],
      [addedAgain, added],
    ] as const) {
      expect(replayed.headers.get("idempotency-replayed")).toBe("true");
      for (const name of ["location", "etag"]) expect(replayed.headers.get(name)).toBe(original.headers.get(name));
      expect([replayed.status, replayed.text]).toEqual([201, original.text]);
    }
    expect((await read(token, "/v1/companies")).body.items).toEqual([]);
  });

  test("a refusal is given again, although there would be room now", async () => {
    const { token, company, accounts } = await companyWith(numbered(50));
    const first = await add(token, accounts, {}, keyed("k"));
    expect(verdict(first)).toBe("409 limit_reached");
    await remove(token, `${accounts}/${company.bankAccounts[0].id}`);
    expect((await add(token, accounts, {}, keyed("k"))).text).toBe(first.text);
    expect((await add(token, accounts, {}, keyed("another"))).status).toBe(201);
  });

  test("the same key with another body or for another company is refused, and adds nothing", async () => {
    const { token, accounts } = await companyWith();
    const other = (await create(token)).body;
    await add(token, accounts, {}, keyed("k"));
    const refused = [
      await add(token, accounts, { agency: "2" }, keyed("k")),
      await add(token, `/v1/companies/${other.id}/bank-accounts`, {}, keyed("k")),
    ];
    expect(refused.map(verdict)).toEqual(["422 idempotency_key_reused", "422 idempotency_key_reused"]);
    expect((await read(token, `/v1/companies/${other.id}`)).body).toEqual(other);
  });
});

describe("the directory of banks", () => {
  test("is public, may be cached, and has all banks in the order of their codes", async () => {
    const { headers, body } = await call("GET", "/v1/banks?limit=100");
    expect(body).toEqual({ items: directory, nextCursor: null });
    expect(headers.get("cache-control")).toBe("public, max-age=3600");
  });

  test("comes in pages like any list, twenty banks without a limit", async () => {
    expect((await call("GET", "/v1/banks")).body.items).toEqual(directory.slice(0, 20));
    const pages = await allPages((cursor) => call("GET", `/v1/banks?limit=9${cursor ? `&cursor=${cursor}` : ""}`));
    expect(pages.map((page) => page.length)).toEqual([9, 9, 9, 9, 7]);
    expect(pages.flat()).toEqual(directory);
  });
});

test("what a company is called and reached by is never logged, nor are its accounts", async () => {
  const { token, path, accounts } = await companyWith();
  const fields = { name: "Sigilo", phone: "998877665544", declaredBilling: "4242424242.42" };
  const account = { agency: "S3CR3T", accountNumber: "H1DD3N" };
  for (const headers of [{}, keyed("k")]) {
    await change(token, path, fields);
    await add(token, accounts, account, headers);
    await add(token, accounts, { ...account, bankCode: "999" }, headers);
  }
  await change(token, path, { ...fields, phone: `${fields.phone}-` });
  const logged = portico.logs.join("\n");
  expect(logged).toContain("companies.add-account");
  for (const value of [...Object.values(fields), ...Object.values(account)]) expect(logged).not.toContain(value);
});
