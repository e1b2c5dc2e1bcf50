import { serve } from "../../shared/http/serve.ts";
import { findSecondFactor } from "../../shared/identity/second-factor-store.ts";
import { operations } from "../../shared/users/contract.ts";
import { viewSelf } from "../../shared/users/view.ts";
import { readUser } from "../../shared/users/store.ts";

export const handler = serve(operations.self, async ({ principal, table }) => {
  const [user, factor] = await Promise.all([readUser(table, principal.id), findSecondFactor(table, principal.id)]);
  return { body: viewSelf(user, factor) };
});
