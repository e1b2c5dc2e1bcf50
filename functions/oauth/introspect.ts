import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/identity/contract.ts";
import { introspectPartnerToken } from "../../shared/partners/token-management.ts";

export const handler = serve(operations.introspect, async (request) => ({
  body: await introspectPartnerToken(request.body, request.header("authorization"), request),
}));
