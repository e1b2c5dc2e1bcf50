import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/identity/contract.ts";
import { isPublicClient } from "../../shared/identity/token-requests.ts";
import { revokePartnerToken } from "../../shared/partners/token-management.ts";
import { revokeSession } from "../../shared/users/session-revocation.ts";

export const handler = serve(operations.revoke, async (request) => {
  const { body, header } = request;
  const authorization = header("authorization");
  const revoke = isPublicClient(authorization, body) ? revokeSession : revokePartnerToken;
  return { change: await revoke(body, authorization, request) };
});
