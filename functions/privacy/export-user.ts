import { serve } from "../../shared/http/serve.ts";
import { operations } from "../../shared/privacy/contract.ts";
import { exportUser } from "../../shared/privacy/export-user.ts";

export const handler = serve(operations.exportUser, async ({ path, environment, now, table, paging }) => {
  const after = await paging.after();
  const { data, lastKey } = await exportUser(table, { userId: path.userId, after, environment, now });
  return {
    body: { ...data, nextCursor: await paging.cursor(lastKey) },
    securityEvents: after === undefined ? [{ event: "personal_data_exported", principalId: path.userId }] : [],
  };
});
