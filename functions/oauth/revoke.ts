import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/oauth/contract.ts";
import { isPublicClient } from "../../shared/identity/token-requests.ts";
import { revokePartnerToken } from "../../shared/partners/revoke-partner-token.ts";
import { revokeSession } from "../../shared/users/revoke-session.ts";

export const handler = serve(operations.revoke, async (request) => {
  const { body, header } = request;
  const authorization = header("authorization");
  const revoke = isPublicClient(authorization, body) ? revokeSession : revokePartnerToken;
  return { change: await revoke(body, authorization, request) };
});
