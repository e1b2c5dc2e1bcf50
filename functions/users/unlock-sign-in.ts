import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/users/contract.ts";
import { unlockSignIn } from "../../shared/users/sign-in-user.ts";
import { readUser } from "../../shared/users/store.ts";

export const handler = serve(operations.unlockSignIn, async ({ path, table }) => {
  const user = await readUser(table, path.userId);
  return {
    change: unlockSignIn(user),
    securityEvents: [{ event: "sign_in_unlocked", principalId: user.id }],
    audit: { target: user.id, before: null, after: null },
  };
});
