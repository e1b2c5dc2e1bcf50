import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/users/contract.ts";
import { viewUser } from "../../shared/users/view.ts";
import { readUser } from "../../shared/users/store.ts";

export const handler = serve(operations.read, async ({ path, table }) => ({
  body: viewUser(await readUser(table, path.userId)),
}));
