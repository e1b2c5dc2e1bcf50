import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/usage/contract.ts";
import { readUsageOfAll } from "../../shared/usage/read-usage.ts";
import { viewUsageOfAll } from "../../shared/usage/view.ts";

export const handler = serve(operations.readOfAll, async (request) => ({
  body: viewUsageOfAll(await readUsageOfAll(request), request.now),
}));
