import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/users/contract.ts";
import { creditChange, readUser } from "../../shared/users/store.ts";
import { viewLedgerMovement } from "../../shared/users/view.ts";

export const handler = serve(operations.grantCredit, async ({ path, body, principal, now, table }) => {
  const user = await readUser(table, path.userId);
  const { movement, change } = creditChange(user, { ...body, by: principal.id }, now);
  return {
    body: viewLedgerMovement(movement),
    location: `/v1/users/${user.id}/credit`,
    change,
    audit: {
      target: user.id,
      before: { credit: user.credit },
      after: { credit: movement.balance, movement: movement.id },
    },
  };
});
