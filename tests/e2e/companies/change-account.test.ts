/** Changing and removing bank accounts. Covers `companies/remove-account`. */
import { accountFields, companyCalls, numbered } from "../../support/companies.ts";
import { verdict } from "../../support/answer.ts";
import { inParallel, Portico, tally } from "../../support/portico.ts";
import { instant } from "../../support/values.ts";

const portico = Portico.forSuite();
const { add, change, companyWith, read, remove } = companyCalls(portico);

describe("changing a bank account", () => {
  test("changes the given fields, raises both ETags, and frees the old account number", async () => {
    const { token, company, path, accounts } = await companyWith([accountFields()]);
    const [before] = company.bankAccounts;
    const { status, headers, body } = await change(token, `${accounts}/${before.id}`, { bankCode: "260" });
    expect(status).toBe(200);
    expect(body).toEqual({
      ...before,
      bank: { code: "260", name: "NuConta" },
      updatedAt: expect.stringMatching(instant),
      etag: '"2"',
    });
    expect(headers.get("etag")).toBe('"2"');
    const after = (await read(token, path)).body;
    expect([after.bankAccounts, after.etag]).toEqual([[body], '"2"']);
    expect(verdict(await add(token, accounts, { bankCode: "260" }))).toBe("409 bank_account_exists");
    expect((await add(token, accounts)).status).toBe(201);
  });

  test("a no-op PATCH changes nothing, and another account's number is rejected", async () => {
    const { token, company, path, accounts } = await companyWith([accountFields(), ...numbered(1)]);
    const [first] = company.bankAccounts;
    const same = await change(token, `${accounts}/${first.id}`, accountFields());
    expect([same.status, same.body]).toEqual([200, first]);
    expect(verdict(await change(token, `${accounts}/${first.id}`, { accountNumber: "0" }))).toBe(
      "409 bank_account_exists",
    );
    expect((await read(token, path)).body).toEqual(company);
  });

  test("compares If-Match with the account's ETag, not with the company's", async () => {
    const { token, company, path, accounts } = await companyWith(numbered(2));
    const account = `${accounts}/${company.bankAccounts[0].id}`;
    await change(token, path, { name: "Padaria Lua" });
    const matching = { "if-match": '"1"' };
    expect((await change(token, account, { agency: "2" }, matching)).status).toBe(200);
    expect(verdict(await change(token, account, { agency: "3" }, matching))).toBe("412 precondition_failed");
    expect(verdict(await remove(token, account, matching))).toBe("412 precondition_failed");
    expect((await remove(token, account, { "if-match": '"2"' })).status).toBe(204);
  });

  test("of fifty accounts changed in parallel to the same number, one succeeds", async () => {
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

describe("removing a bank account", () => {
  test("removes the account, frees its slot, and changes the company's ETag", async () => {
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
});
