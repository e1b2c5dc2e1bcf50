import { openApiDocument } from "../../shared/contract/openapi.ts";
import { serveStateless } from "../../shared/http/serve-stateless.ts";
import { operations as all, webhooks } from "../../shared/operations.ts";
import { operations } from "../../shared/system/contract.ts";

export const handler = serveStateless(operations.openapi, async ({ environment, release }) => ({
  body: openApiDocument(all, { publicUrl: environment.PUBLIC_URL, version: release, webhooks }),
}));
