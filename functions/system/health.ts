import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/system/contract.ts";
import { key } from "../../shared/runtime/key.ts";

export const handler = serve(operations.health, async ({ table, environment }) => {
  await table.get(key.health());
  return { body: { status: "ok", version: environment.VERSION, checks: { table: "ok" } } };
});
