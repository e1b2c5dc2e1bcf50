import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/identity/contract.ts";
import { readGrant, tokenExchangeGrant as tokenExchange } from "../../shared/identity/token-requests.ts";
import { clientCredentialsGrant } from "../../shared/partners/client-credentials-grant.ts";
import { refreshGrant, tokenExchangeGrant } from "../../shared/users/session-grants.ts";

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
