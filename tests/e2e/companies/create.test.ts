import { accountFields, companyCalls, companyFields, numbered } from "../../support/companies.ts";
import { pointersOf, verdict } from "../../support/answer.ts";
import { withKey } from "../../support/idempotency.ts";
import { inParallel, Portico, tally } from "../../support/portico.ts";
import { instant } from "../../support/values.ts";

const portico = Portico.forSuite();
const { add, create, itemsOf, read, remove } = companyCalls(portico);

describe("creating a company", () => {
  test("returns 201 with the company, its accounts and their banks, Location and ETag", async () => {
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
      createdAt: expect.stringMatching(instant),
      updatedAt: body.createdAt,
      etag: '"1"',
    });
    expect(headers.get("location")).toBe(`/v1/companies/${body.id}`);
    expect((await read(token, `/v1/companies/${body.id}`)).body).toEqual(body);
  });

  test("accepts no list of accounts, an empty one, and one with fifty accounts", async () => {
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
  ])("a declared billing of %s is returned as %s", async (declaredBilling, exact) => {
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
  ])("rejects %s with the value %j and stores nothing", async (pointer, value) => {
    const { id, token } = await portico.partnerWithToken();
    const answer = await create(token, { [pointer.split("/")[1]!]: value });
    expect(verdict(answer)).toBe("422 validation_failed");
    expect(pointersOf(answer)).toEqual([pointer]);
    expect(await itemsOf(id)).toEqual([]);
  });

  test("rejects accounts at unknown banks and names each of them", async () => {
    const { id, token } = await portico.partnerWithToken();
    const bankAccounts = [...numbered(3), accountFields({ bankCode: "999" }), accountFields({ bankCode: "" })];
    const answer = await create(token, { bankAccounts });
    expect(verdict(answer)).toBe("422 bank_unknown");
    expect(pointersOf(answer)).toEqual(["/bankAccounts/3/bankCode", "/bankAccounts/4/bankCode"]);
    expect(await itemsOf(id)).toEqual([]);
  });

  test("rejects a duplicate account and names the second one", async () => {
    const { id, token } = await portico.partnerWithToken();
    const answer = await create(token, { bankAccounts: [accountFields(), ...numbered(2), accountFields()] });
    expect(verdict(answer)).toBe("409 bank_account_exists");
    expect(pointersOf(answer)).toEqual(["/bankAccounts/3"]);
    expect(await itemsOf(id)).toEqual([]);
  });

  test("a partner can have several companies with the same name and account", async () => {
    const { token } = await portico.partnerWithToken();
    const answers = await inParallel(50, () => create(token, { bankAccounts: [accountFields()] }));
    expect(tally(answers.map(verdict))).toEqual({ "201": 50 });
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(50);
  });
});

describe("Idempotency-Key", () => {
  test("fifty parallel creations with one key create one company", async () => {
    const { token } = await portico.partnerWithToken();
    const answers = await inParallel(50, () => create(token, { bankAccounts: numbered(50) }, withKey("k")));
    const made = answers.filter(({ status }) => status === 201);
    expect(tally(answers.filter((each) => !made.includes(each)).map(verdict))).toEqual(
      made.length === 50 ? {} : { "409 request_in_progress": 50 - made.length },
    );
    expect(new Set(made.map(({ text }) => text)).size).toBe(1);
    expect((await read(token, "/v1/companies")).body.items).toEqual([made[0]?.body]);
  });

  test("replays the first response with its headers, even after a deletion", async () => {
    const { token } = await portico.partnerWithToken();
    const first = await create(token, {}, withKey("k"));
    const accounts = `/v1/companies/${first.body.id}/bank-accounts`;
    const added = await add(token, accounts, {}, withKey("k"));
    expect(added.headers.get("idempotency-replayed")).toBeNull();
    await remove(token, `${accounts}/${added.body.id}`);
    const addedAgain = await add(token, accounts, {}, withKey("k"));
    await remove(token, `/v1/companies/${first.body.id}`);
    const again = await create(token, {}, withKey("k"));
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
});
