import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/system/contract.ts";
import { systemKey } from "../../shared/system/keys.ts";

export const handler = serve(operations.health, async ({ table, release }) => {
  await table.get(systemKey.health());
  return { body: { status: "ok", version: release, checks: { table: "ok" } } };
});
