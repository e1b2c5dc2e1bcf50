import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/oauth/contract.ts";
import { readGrant, tokenExchangeGrant as tokenExchange } from "../../shared/identity/token-requests.ts";
import { clientCredentialsGrant } from "../../shared/partners/issue-partner-token.ts";
import { refreshGrant, tokenExchangeGrant } from "../../shared/users/exchange-token.ts";

export const handler = serve(operations.token, async (request) => {
  const { body, header, environment } = request;
  const authorization = header("authorization");
  const headers = { pragma: "no-cache" };
  switch (readGrant(body.grant_type, environment)) {
    case "client_credentials":
      return { body: await clientCredentialsGrant(body, authorization, request), headers };
    case "refresh_token":
      return { ...(await refreshGrant(body, authorization, request)), headers };
    case tokenExchange:
      return { ...(await tokenExchangeGrant(body, authorization, request)), headers };
  }
});
