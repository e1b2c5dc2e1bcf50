import { openApiDocument } from "../../shared/api/openapi.ts";
import { serve } from "../../shared/api/serve.ts";
import { operations as all } from "../../shared/operations.ts";
import { operations } from "../../shared/system/contract.ts";

export const handler = serve(operations.openapi, async ({ environment }) => ({
  body: openApiDocument(all, { publicUrl: environment.PUBLIC_URL, version: environment.VERSION }),
}));
