/**
 * `npm run check:ledger`: checks that credit and coupons of the running host add up, also during calls. Fails with a line for
 * each user, redemption or coupon that does not.
 */
import { giveOrder, runOrder } from "./control.ts";
import { LocalHostError } from "../support/errors.ts";

await runOrder(async () => {
  const { users, movements, redemptions, faults } = await giveOrder("check-ledger", {});
  for (const fault of faults) console.error(fault);
  if (faults.length > 0) throw new LocalHostError(`the ledger does not add up: ${faults.length} faults`);
  console.log(`the ledger adds up: ${users} users, ${movements} movements, ${redemptions} redemptions`);
});
