/** Adding and listing bank accounts. Covers `companies/list-accounts`. */
import { accountFields, companyCalls, numbered } from "../../support/companies.ts";
import { pointersOf, verdict } from "../../support/answer.ts";
import { withKey } from "../../support/idempotency.ts";
import { inParallel, Portico, tally } from "../../support/portico.ts";
import { instant } from "../../support/values.ts";

const portico = Portico.forSuite();
const { add, change, companyWith, create, read, remove, walk } = companyCalls(portico);

describe("adding a bank account", () => {
  test("returns the account with Location and ETag, and changes the company's ETag", async () => {
    const { token, company, path, accounts } = await companyWith();
    const { status, headers, body } = await add(token, accounts);
    expect(status).toBe(201);
    expect(body).toEqual({
      id: expect.stringMatching(/^acc_/),
      agency: "0001",
      accountNumber: "12345X",
      bank: { code: "341", name: "Itaú Unibanco" },
      createdAt: expect.stringMatching(instant),
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
  ])("rejects /%s with the value %j, when added and when changed: %s", async (name, value, expected) => {
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

  test("account numbers are case-sensitive", async () => {
    const { token, accounts } = await companyWith([accountFields()]);
    expect((await add(token, accounts, { accountNumber: "12345x" })).status).toBe(201);
  });

  test("of fifty parallel additions of the same account, one succeeds", async () => {
    const { token, path, accounts } = await companyWith();
    const answers = await inParallel(50, () => add(token, accounts));
    expect(tally(answers.map(verdict))).toEqual({ "201": 1, "409 bank_account_exists": 49 });
    const { body } = await read(token, path);
    expect(body.bankAccounts).toEqual([answers.find(({ status }) => status === 201)?.body]);
    expect(body.etag).toBe('"2"');
  });

  test("of sixty-four parallel additions, fifty succeed and the others exceed the limit", async () => {
    const { token, path, accounts } = await companyWith();
    const answers = await inParallel(64, (index) => add(token, accounts, { accountNumber: `${index}` }));
    expect(tally(answers.map(verdict))).toEqual({ "201": 50, "409 limit_reached": 14 });
    const added = answers.filter(({ status }) => status === 201).map(({ body }) => body.id);
    const { body } = await read(token, path);
    expect(body.bankAccounts.map(({ id }: any) => id)).toEqual(added.sort());
  });
});

describe("the list of bank accounts", () => {
  test("lists accounts oldest first, twenty per page by default", async () => {
    const { token, company, accounts } = await companyWith(numbered(23));
    expect((await read(token, accounts)).body.items).toEqual(company.bankAccounts.slice(0, 20));
    for (const limit of [1, 22, 23, 100]) {
      const pages = await walk(accounts, token, limit);
      expect(pages.flat()).toEqual(company.bankAccounts);
      expect(pages.every((page) => page.length <= limit)).toBe(true);
    }
    expect(await walk((await companyWith()).accounts, token, 1).catch(() => "hidden")).toBe("hidden");
  });

  test("a cursor stays valid after its account is removed", async () => {
    const { token, company, accounts } = await companyWith(numbered(4));
    const { body } = await read(token, `${accounts}?limit=2`);
    expect((await remove(token, `${accounts}/${body.items[1].id}`)).status).toBe(204);
    const rest = await read(token, `${accounts}?cursor=${body.nextCursor}`);
    expect(rest.body).toEqual({ items: company.bankAccounts.slice(2), nextCursor: null });
  });
});

describe("Idempotency-Key", () => {
  test("fifty parallel additions with one key add one account", async () => {
    const { token, path, accounts } = await companyWith();
    const answers = await inParallel(50, () => add(token, accounts, {}, withKey("k")));
    const added = answers.filter(({ status }) => status === 201);
    expect(answers.filter((each) => !added.includes(each)).map(verdict)).toEqual(
      Array(50 - added.length).fill("409 request_in_progress"),
    );
    expect(new Set(added.map(({ text }) => text)).size).toBe(1);
    expect((await read(token, path)).body.bankAccounts).toEqual([added[0]?.body]);
  });

  test("replays a rejection even if the request would now succeed", async () => {
    const { token, company, accounts } = await companyWith(numbered(50));
    const first = await add(token, accounts, {}, withKey("k"));
    expect(verdict(first)).toBe("409 limit_reached");
    await remove(token, `${accounts}/${company.bankAccounts[0].id}`);
    expect((await add(token, accounts, {}, withKey("k"))).text).toBe(first.text);
    expect((await add(token, accounts, {}, withKey("another"))).status).toBe(201);
  });

  test("rejects the same key with a different body or company and adds nothing", async () => {
    const { token, accounts } = await companyWith();
    const other = (await create(token)).body;
    await add(token, accounts, {}, withKey("k"));
    const refused = [
      await add(token, accounts, { agency: "2" }, withKey("k")),
      await add(token, `/v1/companies/${other.id}/bank-accounts`, {}, withKey("k")),
    ];
    expect(refused.map(verdict)).toEqual(["422 idempotency_key_reused", "422 idempotency_key_reused"]);
    expect((await read(token, `/v1/companies/${other.id}`)).body).toEqual(other);
  });
});
