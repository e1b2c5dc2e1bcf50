/** Administrators and a partner's companies. Covers `companies/list-of-partner` and `companies/read-of-partner`. */
import { companyCalls, numbered } from "../../support/companies.ts";
import { verdict } from "../../support/answer.ts";
import { newPerson } from "../../support/people.ts";
import { inParallel, Portico, tally } from "../../support/portico.ts";
import { unknownPartnerId } from "../../support/values.ts";

const portico = Portico.forSuite();
const { companyWith, create, itemsOf, remove } = companyCalls(portico);
const asRoot = (method: string, path: string, headers = {}) => portico.callAsRoot(method, path, undefined, headers);
const companiesOf = (partnerId: string) => `/v1/partners/${partnerId}/companies`;

test("an administrator lists and reads the companies as the partner sees them", async () => {
  const { partnerId, token, company } = await companyWith(numbered(2));
  const second = (await create(token, { name: "Second" })).body;
  const { accessToken } = await newPerson(portico, "admin");
  const read = (path: string) => portico.call("GET", path, { token: accessToken });
  const first = await read(`${companiesOf(partnerId)}?limit=1`);
  expect(first.body.items).toEqual([second]);
  const rest = await read(`${companiesOf(partnerId)}?limit=1&cursor=${first.body.nextCursor}`);
  expect(rest.body.items).toEqual([company]);
  expect((await read(`${companiesOf(partnerId)}/${company.id}`)).body).toEqual(company);
});

test("an administrator deletes a company, and the partner can then be deleted", async () => {
  const { partnerId, company } = await companyWith(numbered(2));
  const path = `${companiesOf(partnerId)}/${company.id}`;
  expect(verdict(await asRoot("DELETE", `/v1/partners/${partnerId}`))).toBe("409 partner_in_use");
  expect(verdict(await asRoot("DELETE", path, { "if-match": '"7"' }))).toBe("412 precondition_failed");
  expect((await asRoot("DELETE", path, { "if-match": company.etag })).status).toBe(204);
  expect(await itemsOf(partnerId)).toEqual([]);
  expect((await asRoot("DELETE", `/v1/partners/${partnerId}`)).status).toBe(204);
});

test("a company is found under its own partner only", async () => {
  const { company } = await companyWith();
  const other = await portico.registerPartner();
  const path = `${companiesOf(other.id)}/${company.id}`;
  expect(verdict(await asRoot("GET", path))).toBe("404 not_found");
  expect(verdict(await asRoot("DELETE", path))).toBe("404 not_found");
  expect(verdict(await asRoot("GET", companiesOf(unknownPartnerId)))).toBe("404 not_found");
});

test("of fifty parallel deletions by administrators and the partner, one succeeds", async () => {
  const { partnerId, token, company, path } = await companyWith();
  const answers = await inParallel(50, (index) =>
    index % 2 === 0 ? remove(token, path) : asRoot("DELETE", `${companiesOf(partnerId)}/${company.id}`),
  );
  expect(tally(answers.map(verdict))).toEqual({ "204": 1, "404 not_found": 49 });
});
