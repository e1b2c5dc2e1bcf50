import { unavailable } from "../../shared/domain/problems.ts";
import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/oauth/contract.ts";
import { listPublicKeys } from "../../shared/identity/public-keys.ts";

export const handler = serve(operations.keys, async ({ table }) => {
  const keys = await listPublicKeys(table);
  // An empty set would be cached; before the first deployment has finished there is none to show.
  if (keys.length === 0) throw unavailable();
  return { body: { keys: [...keys] } };
});
