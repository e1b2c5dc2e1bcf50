/** Coupons, credit and their ledger. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { checkLedger } from "../../../infra/checks/ledger.ts";
import { plantCrowd } from "../../support/people.ts";
import { contentsOf } from "../../support/table.ts";
import type { Scenario, World } from "../kit.ts";
import { countOf, keyed, leavesLeases, times, verdictOf } from "./values.ts";

/** A coupon that each user can redeem once, and its code. */
async function createCoupon(world: World, fields: { readonly quantity: number; readonly value: number }) {
  const json = { name: "Museum", code: randomUUID().slice(0, 18), expiresAt: "2099-01-01T00:00:00Z", ...fields };
  const { status, body, text } = await world.call("POST", "/v1/coupons", { token: await world.rootToken(), json });
  assert.equal(status, 201, text);
  return { id: body.id as string, code: json.code };
}

async function verifyLedger(world: World): Promise<void> {
  const items = await contentsOf(world.portico.host);
  assert.deepEqual(checkLedger(items, items).faults, []);
}

/** @param share of the callers for whom there is stock, 0 to 1 */
export const crowdFor = (share: number): Scenario => ({
  name: `a crowd with coupons for ${share === 1 ? "all" : `${share * 100} %`}`,
  invariant:
    "a coupon is redeemed exactly as often as its quantity when enough want it, nobody is refused while there is stock, and all is paid",
  unfit: leavesLeases,
  begin: async (world, callers) => {
    const quantity = Math.max(1, Math.floor(callers * share));
    const { id, code } = await createCoupon(world, { quantity, value: 7 });
    const crowd = await plantCrowd(world.portico, callers, 10);
    const verdicts: string[] = [];
    return {
      callers: crowd.map(({ token }) => async () => {
        const request = { token, json: { code }, ...keyed(randomUUID()) };
        verdicts.push(verdictOf(await world.persist("POST", "/v1/coupons/redeem", request)));
      }),
      verify: async () => {
        assert.equal(countOf(verdicts, "201"), quantity, [...new Set(verdicts)].join(", "));
        assert.equal(countOf(verdicts, "409 coupon_exhausted"), callers - quantity, [...new Set(verdicts)].join(", "));
        const { body } = await world.call("GET", `/v1/coupons/${id}`, { token: await world.rootToken() });
        assert.deepEqual([body.quantity, body.remaining], [quantity, 0]);
        await verifyLedger(world);
      },
    };
  },
});

export const spending: Scenario = {
  name: "spending",
  invariant:
    "a user's credit never falls below zero, pays for as many coupons as it can, and is the sum of its movements",
  unfit: leavesLeases,
  begin: async (world, callers) => {
    const coupons = await Promise.all(times(callers, async () => await createCoupon(world, { quantity: 1, value: 7 })));
    const affordable = Math.floor(callers / 2);
    const [spender] = await plantCrowd(world.portico, 1, affordable * 7 + 6);
    const token = spender!.token;
    const verdicts: string[] = [];
    return {
      callers: coupons.map(({ code }) => async () => {
        const request = { token, json: { code }, ...keyed(randomUUID()) };
        verdicts.push(verdictOf(await world.persist("POST", "/v1/coupons/redeem", request)));
      }),
      verify: async () => {
        assert.equal(countOf(verdicts, "201"), affordable, verdicts.join(", "));
        assert.equal(countOf(verdicts, "409 credit_insufficient"), callers - affordable, verdicts.join(", "));
        const { body } = await world.call("GET", "/v1/users/me", { token });
        assert.equal(body.credit, 6);
        await verifyLedger(world);
      },
    };
  },
};
