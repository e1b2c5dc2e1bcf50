import { publicClients } from "../../shared/runtime/environment.ts";
import { Problem } from "../../shared/domain/problems.ts";
import { serve } from "../../shared/http/serve.ts";
import { openSession } from "../../shared/identity/open-session.ts";
import { operations } from "../../shared/users/contract.ts";
import { signInUser } from "../../shared/users/sign-in-user.ts";
import { viewUser } from "../../shared/users/view.ts";

export const handler = serve(operations.login, async (request) => {
  const { body, table, environment } = request;
  const signedIn = await signInUser(table, body, request);
  if (signedIn === undefined) throw new Problem("credentials_invalid", "The username or the password is wrong.");
  const { user, state, rehash } = signedIn;
  const [client = ""] = publicClients(environment);
  const { tokens, creation } = await openSession(user.id, client, state, request);
  return { body: { ...tokens, tokenType: "Bearer" as const, user: viewUser(user) }, change: [creation, ...rehash] };
});
