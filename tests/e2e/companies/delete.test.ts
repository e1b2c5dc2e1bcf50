import { companyCalls, numbered } from "../../support/companies.ts";
import { verdict } from "../../support/answer.ts";
import { inParallel, Portico, tally } from "../../support/portico.ts";

const portico = Portico.forSuite();
const { add, change, companyWith, itemsOf, read, remove } = companyCalls(portico);

describe("deleting a company", () => {
  test("deletes the company with all its accounts", async () => {
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

  test("rejects a stale If-Match, also after a change of an account", async () => {
    const { token, company, path, accounts } = await companyWith();
    await add(token, accounts);
    expect(verdict(await remove(token, path, { "if-match": company.etag }))).toBe("412 precondition_failed");
    const { body } = await read(token, path);
    expect((await remove(token, path, { "if-match": body.etag })).status).toBe(204);
  });

  test("also deletes accounts that are added in parallel", async () => {
    const { partnerId, token, path, accounts } = await companyWith();
    const [removed, ...added] = await inParallel(51, (index) =>
      index === 0 ? remove(token, path) : add(token, accounts, { accountNumber: `${index}` }),
    );
    expect(removed?.status).toBe(204);
    expect(added.map(verdict).filter((each) => each !== "201" && each !== "404 not_found")).toEqual([]);
    expect(await itemsOf(partnerId)).toEqual([]);
  });

  test("of fifty parallel deletions, one returns 204 and the others return 404", async () => {
    const { token, path } = await companyWith(numbered(2));
    const answers = await inParallel(50, () => remove(token, path));
    expect(tally(answers.map(verdict))).toEqual({ "204": 1, "404 not_found": 49 });
  });
});
