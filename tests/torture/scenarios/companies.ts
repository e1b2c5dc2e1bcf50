/** The bank accounts of a company. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { maxAccounts } from "../../../shared/companies/model.ts";
import type { Answer } from "../../support/answer.ts";
import type { Scenario, World } from "../kit.ts";
import { times, keyed, verdictOf, countOf } from "./values.ts";

export const company = { name: "Padaria Aurora", phone: "551130001234", declaredBilling: "5.00" };
const account = (accountNumber: string) => ({ agency: "0001", accountNumber, bankCode: "341" });

/** A company with this many accounts: `A0`, `A1` and so on. */
async function createCompany(world: World, token: string, accounts: number): Promise<string> {
  const json = { ...company, bankAccounts: times(accounts, (index) => account(`A${index}`)) };
  const { status, text, body } = await world.call("POST", "/v1/companies", { token, json });
  assert.equal(status, 201, text);
  return `/v1/companies/${body.id}`;
}

export const bankAccounts: Scenario = {
  name: "bank accounts",
  invariant:
    "a company has an account once and never more than fifty, nobody is refused while there is room, and no change undoes another",
  begin: async (world, callers) => {
    const { token } = await world.partner();
    const room = Math.ceil(callers / 6);
    const shared = await createCompany(world, token, 0);
    const crowded = await createCompany(world, token, maxAccounts - room);
    const same: Answer[] = [];
    const different: Answer[] = [];
    const add = async (path: string, json: unknown) =>
      await world.persist("POST", `${path}/bank-accounts`, { token, json, ...keyed(randomUUID()) });
    return {
      callers: times(callers, (index) => async () => {
        if (index % 3 === 0) same.push(await add(shared, account("1")));
        else if (index % 3 === 1) different.push(await add(crowded, account(`B${index}`)));
        else {
          const json = index % 2 === 0 ? { name: `name ${index}` } : { phone: `${index}` };
          const { status, text } = await world.persist("PATCH", shared, { token, json });
          assert.equal(status, 200, text);
        }
      }),
      verify: async () => {
        const idsOf = (answers: readonly Answer[]) =>
          answers.filter(({ status }) => status === 201).map(({ body }) => String(body.id));
        const verdicts = same.map(verdictOf);
        assert.equal(countOf(verdicts, "201"), 1, verdicts.join(", "));
        assert.equal(countOf(verdicts, "409 bank_account_exists"), same.length - 1, verdicts.join(", "));
        const { body: one } = await world.call("GET", shared, { token });
        assert.deepEqual(
          one.bankAccounts.map(({ id }: { readonly id: string }) => id),
          idsOf(same),
        );
        assert.match(one.name as string, /^name \d+$/);
        assert.match(one.phone as string, /^\d{1,3}$/);
        const limits = different.map(verdictOf);
        assert.equal(countOf(limits, "201"), Math.min(room, different.length), limits.join(", "));
        assert.equal(
          countOf(limits, "409 limit_reached"),
          different.length - idsOf(different).length,
          limits.join(", "),
        );
        const { body: full } = await world.call("GET", crowded, { token });
        const added = (full.bankAccounts as readonly { readonly id: string; readonly accountNumber: string }[]).filter(
          ({ accountNumber }) => accountNumber.startsWith("B"),
        );
        assert.deepEqual(added.map(({ id }) => id).sort(), idsOf(different).sort());
        assert.equal(full.bankAccounts.length, maxAccounts - room + added.length);
      },
    };
  },
};
