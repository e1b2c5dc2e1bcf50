import { orThrow } from "../../shared/domain/problems.ts";
import { serve } from "../../shared/http/serve.ts";
import { hashPassword } from "../../shared/identity/passwords.ts";
import { operations } from "../../shared/users/contract.ts";
import { choosePassword, chooseUsername, createUser } from "../../shared/users/rules.ts";
import { viewUser } from "../../shared/users/view.ts";
import { userCreation } from "../../shared/users/store.ts";

export const handler = serve(operations.create, async ({ body, principal, now }) => {
  const password = body.password === undefined ? undefined : orThrow(choosePassword(body.password));
  const user = createUser({ ...body, username: orThrow(chooseUsername(body.username)) }, now);
  const passwordHash = password === undefined ? undefined : await hashPassword(password);
  return {
    body: viewUser(user),
    location: `/v1/users/${user.id}`,
    change: userCreation(user, passwordHash, { passwordIsOneTime: passwordHash !== undefined, by: principal.id }),
    audit: { target: user.id, before: null, after: { role: user.role, credit: user.credit } },
  };
});
