import { companyCalls, companyFields, numbered } from "../../support/companies.ts";
import { pointersOf, verdict } from "../../support/answer.ts";
import { inParallel, Portico, tally } from "../../support/portico.ts";
import { instant } from "../../support/values.ts";

const portico = Portico.forSuite();
const { add, change, companyWith, read } = companyCalls(portico);

describe("changing a company", () => {
  test("changes the given fields and keeps the others and the accounts", async () => {
    const { token, company, path } = await companyWith(numbered(2));
    const { status, headers, body } = await change(token, path, { declaredBilling: "7" });
    expect(status).toBe(200);
    expect(body).toEqual({
      ...company,
      declaredBilling: "7.00",
      updatedAt: expect.stringMatching(instant),
      etag: '"2"',
    });
    expect(headers.get("etag")).toBe('"2"');
    expect((await read(token, path)).body).toEqual(body);
  });

  test("a no-op PATCH keeps the ETag, however the amount is written", async () => {
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
  ])("rejects /%s with the value %j and changes nothing", async (name, value) => {
    const { token, company, path } = await companyWith();
    const answer = await change(token, path, { name: "Padaria Lua", [name]: value });
    expect(verdict(answer)).toBe("422 validation_failed");
    expect(pointersOf(answer)).toEqual([`/${name}`]);
    expect((await read(token, path)).body).toEqual(company);
  });

  test("fifty parallel changes of different fields all take effect", async () => {
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

  test("of fifty parallel changes with the same If-Match, one succeeds", async () => {
    const { token, company, path } = await companyWith();
    const answers = await inParallel(50, (index) =>
      change(token, path, { name: `n${index}` }, { "if-match": company.etag }),
    );
    expect(tally(answers.map(verdict))).toEqual({ "200": 1, "412 precondition_failed": 49 });
    expect((await read(token, path)).body).toEqual(answers.find(({ status }) => status === 200)?.body);
  });
});
