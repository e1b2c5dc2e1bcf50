import { pageAfter } from "../../shared/http/pages.ts";
import { serve } from "../../shared/http/serve.ts";
import { banks } from "../../shared/companies/banks.ts";
import { operations } from "../../shared/companies/contract.ts";

export const handler = serve(operations.banks, async ({ query, paging }) => {
  const page = { limit: query.limit, after: await paging.after() };
  const { items, lastKey } = pageAfter(banks, ({ code }) => code, page);
  return { body: { items: [...items], nextCursor: await paging.cursor(lastKey) } };
});
