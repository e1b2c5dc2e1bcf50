import { Problem } from "../../shared/api/problems.ts";
import { serve } from "../../shared/api/serve.ts";
import { issueAccessToken } from "../../shared/identity/access-tokens.ts";
import { currentSigningKey } from "../../shared/identity/signing-keys.ts";
import { operations } from "../../shared/users/contract.ts";
import { signIn } from "../../shared/users/sign-in.ts";
import { viewUser } from "../../shared/users/store.ts";

export const handler = serve(operations.login, async ({ body, now, requestId, table, secrets, environment }) => {
  const [key, session] = await Promise.all([currentSigningKey(secrets), signIn(table, body, { now, requestId })]);
  if (session === undefined) throw new Problem("credentials_invalid", "The username or the password is wrong.");
  const { user, version } = session;
  const { token, expiresIn } = await issueAccessToken(
    { principal: { kind: "user", id: user.id, role: user.role }, clientId: "web", version },
    key,
    { issuer: environment.PUBLIC_URL, lifetimeSeconds: environment.USER_TOKEN_SECONDS, now },
  );
  return { body: { accessToken: token, tokenType: "Bearer" as const, expiresIn, user: viewUser(user) } };
});
