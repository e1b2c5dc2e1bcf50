import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/usage/contract.ts";
import { readSales } from "../../shared/usage/read-usage.ts";
import { viewSales } from "../../shared/usage/view.ts";

export const handler = serve(operations.readOfAll, async (request) => ({
  body: viewSales(await readSales(request), request.now),
}));
