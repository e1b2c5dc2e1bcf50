import { openApiDocument } from "../../shared/contract/openapi.ts";
import { serveStateless } from "../../shared/http/serve-stateless.ts";
import { operations as all, webhooks } from "../../shared/operations.ts";
import { operations } from "../../shared/system/contract.ts";

/** Stays the same while the process lives, and takes longer to make than any other answer. */
let document: ReturnType<typeof openApiDocument> | undefined;

export const handler = serveStateless(operations.openapi, async ({ environment, release }) => {
  document ??= openApiDocument(all, { publicUrl: environment.PUBLIC_URL, version: release, webhooks });
  return { body: document };
});
