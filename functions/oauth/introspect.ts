import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/oauth/contract.ts";
import { introspectPartnerToken } from "../../shared/partners/introspect-partner-token.ts";

export const handler = serve(operations.introspect, async (request) => ({
  body: await introspectPartnerToken(request.body, request.header("authorization"), request),
}));
