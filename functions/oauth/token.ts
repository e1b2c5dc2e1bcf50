import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/oauth/contract.ts";
import { readGrant, tokenExchangeGrant } from "../../shared/identity/token-requests.ts";
import { issuePartnerToken } from "../../shared/partners/issue-partner-token.ts";
import { exchangeToken } from "../../shared/users/exchange-token.ts";
import { refreshSession } from "../../shared/users/refresh-session.ts";

export const handler = serve(operations.token, async (request) => {
  const { body, header, environment } = request;
  const authorization = header("authorization");
  const headers = { pragma: "no-cache" };
  switch (readGrant(body.grant_type, environment)) {
    case "client_credentials":
      return { body: await issuePartnerToken(body, authorization, request), headers };
    case "refresh_token":
      return { ...(await refreshSession(body, authorization, request)), headers };
    case tokenExchangeGrant:
      return { ...(await exchangeToken(body, authorization, request)), headers };
  }
});
