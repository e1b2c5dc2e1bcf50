import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/oauth/contract.ts";
import { readTokenProof } from "../../shared/identity/token-proof.ts";
import { readGrant, tokenExchangeGrant } from "../../shared/identity/token-requests.ts";
import { issuePartnerToken } from "../../shared/partners/issue-partner-token.ts";
import { exchangeToken } from "../../shared/users/exchange-token.ts";
import { refreshSession } from "../../shared/users/refresh-session.ts";

export const handler = serve(operations.token, {
  // Once, because every attempt to decide has to name the same use of the proof.
  prepare: async (request) => await readTokenProof(request, operations.token.path),
  decide: async (request) => {
    const { body, header, environment, prepared: proof } = request;
    const authorization = header("authorization");
    const headers = { pragma: "no-cache" };
    switch (readGrant(body.grant_type, environment)) {
      case "client_credentials":
        return { body: await issuePartnerToken(body, authorization, request, proof), headers };
      case "refresh_token":
        return { ...(await refreshSession(body, authorization, request, proof)), headers };
      case tokenExchangeGrant:
        return { ...(await exchangeToken(body, authorization, request, proof)), headers };
    }
  },
});
