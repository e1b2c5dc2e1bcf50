import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/usage/contract.ts";
import { readUsage } from "../../shared/usage/read-usage.ts";
import { viewUsage } from "../../shared/usage/view.ts";

export const handler = serve(operations.read, async (request) => ({
  body: viewUsage(await readUsage(request.principal.id, request), request.now),
}));
